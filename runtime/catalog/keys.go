package catalog

import (
	"crypto/sha256"
	"strconv"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// PipelineKey is the key of the one pipeline record.
const PipelineKey = "pipeline"

// TrackerPrefix begins the key of a tracker; the rest is namespace/name.
const TrackerPrefix = "tracker/"

// CampaignKey returns the key of a campaign or, after its deletion, of its released id.
func CampaignKey(id string) string { return "campaign/" + id }

// PolicyKey returns the key of a fraud policy.
func PolicyKey(namespace, name string) string { return "policy/" + namespace + "/" + name }

// SourceKey returns the key of a traffic source; id is its ts_id.
func SourceKey(namespace, id string) string { return "source/" + namespace + "/" + id }

// TrackerKey returns the key of a tracker.
func TrackerKey(namespace, name string) string { return TrackerPrefix + namespace + "/" + name }

// GenerationKey returns the key of a set of event partitions.
func GenerationKey(number uint32) string {
	return "generation/" + strconv.FormatUint(uint64(number), 10)
}

// KeyOf returns the key under which rec belongs, empty when rec has no body.
func KeyOf(rec *catalogpb.Record) string {
	switch body := rec.GetBody().(type) {
	case *catalogpb.Record_Campaign:
		return CampaignKey(body.Campaign.GetId())
	case *catalogpb.Record_Released:
		return CampaignKey(body.Released.GetId())
	case *catalogpb.Record_Policy:
		return PolicyKey(body.Policy.GetNamespace(), body.Policy.GetName())
	case *catalogpb.Record_Source:
		return SourceKey(body.Source.GetNamespace(), body.Source.GetId())
	case *catalogpb.Record_Tracker:
		return TrackerKey(body.Tracker.GetNamespace(), body.Tracker.GetName())
	case *catalogpb.Record_GenerationRecord:
		return GenerationKey(body.GenerationRecord.GetNumber())
	case *catalogpb.Record_Pipeline:
		return PipelineKey
	}
	return ""
}

// SetDigest sets rec.Digest to the SHA-256 of the encoded body alone, so that two records with one
// digest serve alike whatever their generation, uid and reader level are. The encoding has no maps
// and writes fields in order, which makes it deterministic.
func SetDigest(rec *catalogpb.Record) {
	encoded, err := (&catalogpb.Record{Body: rec.GetBody()}).MarshalVT()
	if err != nil {
		panic("catalog: encode a record's body: " + err.Error()) // sizes only; no input can cause it
	}
	sum := sha256.Sum256(encoded)
	rec.Digest = sum[:]
}
