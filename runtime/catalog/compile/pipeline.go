package compile

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// checkPipeline compiles the pipeline and what the caller knows about its topics.
func checkPipeline(object *v1alpha1.AggregationPipeline, o *Objects) checked {
	r := report{ref: refOf(KindPipeline, object)}
	spec := &object.Spec
	p := &catalogpb.Pipeline{
		Namespace: object.GetNamespace(), Name: object.GetName(),
		OwnerCluster: o.OwnerCluster, OwnerObject: o.OwnerObject,
		Epoch:        cmp.Or(o.Epoch, o.Previous[catalog.PipelineKey].GetPipeline().GetEpoch(), firstEpoch),
		RawDays:      defaultRawDays,
		SessionGapMs: defaultSessionGap.Milliseconds(),
		Topics:       slices.Clone(o.Topics),
	}
	slices.SortFunc(p.Topics, func(a, b *catalogpb.TopicID) int { return strings.Compare(a.GetTopic(), b.GetTopic()) })
	for _, d := range dimensions(&r, spec.Dimensions) {
		p.Dimensions = append(p.Dimensions, string(d))
	}
	accept := cmp.Or(spec.Accept, &v1alpha1.AcceptTimes{})
	p.VisitorMaxAgeMs = atMost(&r, "spec.accept.visitorMaxAge", accept.VisitorMaxAge, defaultVisitorMaxAge, 24*time.Hour)
	p.MaxAheadMs = atMost(&r, "spec.accept.maxAhead", accept.MaxAhead, defaultMaxAhead, time.Hour)
	if w := spec.Windows; w != nil {
		p.SessionGapMs = atMost(&r, "spec.windows.sessionGap", w.SessionGap, defaultSessionGap, 24*time.Hour)
	}
	retention := cmp.Or(spec.Retention, &v1alpha1.Retention{})
	p.RawDays = uint32(cmp.Or(retention.RawDays, defaultRawDays))
	// What is older than raw when it is logged is never counted, so it must not be acknowledged.
	raw := time.Duration(p.GetRawDays()) * 24 * time.Hour
	p.MaxAgeMs = atMost(&r, "spec.accept.maxAge", accept.MaxAge, min(defaultMaxAge, raw), min(720*time.Hour, raw))
	p.AggregateDays = uint32(cmp.Or(retention.AggregateDays, defaultAggregateDays))
	p.FraudLogDays = uint32(cmp.Or(retention.FraudLogDays, defaultFraudLogDays))
	if p.GetAggregateDays() < p.GetRawDays() {
		r.invalid("spec.retention", "aggregateDays (%d) must be at least rawDays (%d): totals outlive what they are made from",
			p.GetAggregateDays(), p.GetRawDays())
	}
	p.Archive = archiveOf(&r, spec.Archive, raw+rawReserve-time.Duration(p.GetMaxAgeMs())*time.Millisecond)
	p.TimeZones = zonesOf(object, o.Schedules)
	checkPartitions(&r, spec.Kafka.Partitions, o.Previous)
	pipelineNotices(&r, spec, o.Standalone)
	return r.finish(object, &catalogpb.Record{Body: &catalogpb.Record_Pipeline{Pipeline: p}})
}

// rawReserve is how much longer than rawDays raw is kept (design 6.4).
const rawReserve = 7 * 24 * time.Hour

// archiveOf compiles where raw is copied to. kept is how long raw of the oldest event that is taken stays after it was
// loaded: an archive that follows later would find nothing.
func archiveOf(r *report, a *v1alpha1.Archive, kept time.Duration) *catalogpb.Archive {
	if a == nil {
		return nil
	}
	const field = "spec.archive.after"
	compiled := &catalogpb.Archive{Endpoint: string(a.S3.Endpoint), Bucket: a.S3.Bucket}
	compiled.AfterMs = atMost(r, field, a.After, defaultArchiveAfter, maxArchiveAfter)
	if after := time.Duration(compiled.GetAfterMs()) * time.Millisecond; after > kept {
		r.invalid(field, "must be at most %s: after that raw of events that were dated back by spec.accept.maxAge is gone", kept)
	}
	return compiled
}

// zonesOf are the time zones of the pipeline's billing schedules, sorted.
func zonesOf(pipeline *v1alpha1.AggregationPipeline, schedules []*v1alpha1.BillingSchedule) []string {
	var zones []string
	for _, s := range schedules {
		if s.GetNamespace() != pipeline.GetNamespace() || string(s.Spec.PipelineRef.Name) != pipeline.GetName() {
			continue
		}
		if zone := cmp.Or(string(s.Spec.TimeZone), "UTC"); !slices.Contains(zones, zone) {
			zones = append(zones, zone)
		}
	}
	slices.Sort(zones)
	return zones
}

func pipelineNotices(r *report, spec *v1alpha1.AggregationPipelineSpec, standalone bool) {
	r.noEffectIf(len(spec.Dimensions) > 0 && len(spec.Dimensions) < len(defaultDimensions), "spec.dimensions",
		"numbers can be grouped by every dimension")
	r.noEffectIf(len(spec.Inputs) > 0, "spec.inputs", "events are taken over HTTP only")
	if standalone {
		storeNotices(r, spec)
		r.noEffectIf(spec.Aggregator != nil, "spec.aggregator", "standalone is one process")
		r.noEffectIf(spec.Query != nil, "spec.query", "standalone is one process")
		r.noEffectIf(spec.Version != "", "spec.version", "standalone is one process")
		r.noEffectIf(spec.Suspend != "", "spec.suspend", "standalone is one process")
	}
}

// storeNotices names what standalone does not take of the stores. Addresses are required and say nothing.
func storeNotices(r *report, spec *v1alpha1.AggregationPipelineSpec) {
	const own = "standalone brings its own servers"
	kafka, redis, clickHouse := &spec.Kafka, &spec.Redis, &spec.ClickHouse
	r.noEffectIf(kafka.ReplicationFactor != 0, "spec.kafka.replicationFactor", own)
	r.noEffectIf(kafka.Auth != nil, "spec.kafka.auth", own)
	r.noEffectIf(kafka.TrackerAuth != nil, "spec.kafka.trackerAuth", own)
	r.noEffectIf(kafka.TLS != nil, "spec.kafka.tls", own)
	r.noEffectIf(redis.Mode != "" || redis.MasterName != "", "spec.redis.mode", own)
	r.noEffectIf(redis.Auth != nil, "spec.redis.auth", own)
	r.noEffectIf(redis.TLS != nil, "spec.redis.tls", own)
	r.noEffectIf(clickHouse.Protocol != "", "spec.clickHouse.protocol", own)
	r.noEffectIf(clickHouse.Cluster != "", "spec.clickHouse.cluster", own)
	r.noEffectIf(clickHouse.Auth != nil, "spec.clickHouse.auth", own)
	r.noEffectIf(clickHouse.TLS != nil, "spec.clickHouse.tls", own)
	r.noEffectIf(spec.Archive != nil && spec.Archive.S3.SecretRef != nil, "spec.archive.s3.secretRef",
		"standalone takes S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY from its environment")
}

func dimensions(r *report, list []v1alpha1.Dimension) []v1alpha1.Dimension {
	if len(list) == 0 {
		return defaultDimensions
	}
	for _, needed := range []v1alpha1.Dimension{v1alpha1.DimensionCampaign, v1alpha1.DimensionAdvertiser} {
		if !slices.Contains(list, needed) {
			r.invalid("spec.dimensions", "must contain Campaign and Advertiser: bills are made from them")
			break
		}
	}
	return list
}

// atMost parses a duration with a default and an upper bound, in ms.
func atMost(r *report, path string, text v1alpha1.Duration, otherwise, most time.Duration) int64 {
	d := duration(r, path, text, otherwise)
	if d > most {
		r.invalid(path, "must be at most %s, not %s", most, text)
	}
	return d.Milliseconds()
}

// checkSchedule accepts a schedule, whose zone days are kept in. What seals its periods is not the catalog's.
func checkSchedule(object *v1alpha1.BillingSchedule, standalone bool) checked {
	r := report{ref: refOf(KindSchedule, object)}
	r.noEffectIf(standalone, "spec.period", "standalone seals nothing by itself: run `clicktally seal`")
	return checked{generation: object.GetGeneration(), problems: r.problems}
}
