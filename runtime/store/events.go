package store

import (
	"context"
	"encoding/hex"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/clicktally/clicktally/runtime/event"
)

// loaderVersion is the version of the mapping below: of two rows for one offset the higher wins.
const loaderVersion = 1

// Row is one record of the log with where it stands there.
type Row struct {
	SrcPart event.SrcPart
	Offset  uint64
	Logged  int64 // ms; timestamp of the Kafka record
	Event   *event.Event
}

// Minute is the minute of event time, unix seconds.
func (r *Row) Minute() int64 { return MinuteOf(r.Event.Timestamp) }

// MinuteOf is the minute of a time in ms, unix seconds.
func MinuteOf(ms int64) int64 { return ms / 60_000 * 60 }

// InsertEvents writes raw events. A row is a function of its record alone: loading again writes the same.
func InsertEvents(ctx context.Context, conn driver.Conn, db string, rows []Row) error {
	return insert(ctx, conn, db, "events", eventColumns, rows)
}

var eventColumns = []column[Row]{
	col("src_part", func(r *Row) uint32 { return uint32(r.SrcPart) }),
	col("minute", func(r *Row) int64 { return r.Minute() }),
	col("src_off", func(r *Row) uint64 { return r.Offset }),
	col("loader", func(*Row) uint16 { return loaderVersion }),
	col("identity", identity),
	col("event_type", func(r *Row) string { return r.Event.EventType.Name() }),
	col("origin", func(r *Row) string { return r.Event.Origin.Name() }),
	col("event_id", func(r *Row) string { return r.Event.EventIDText() }),
	col("boot_id", func(r *Row) uint64 { return r.Event.BootId }),
	col("counter", func(r *Row) uint64 { return r.Event.Counter }),
	col("made_part", func(r *Row) uint32 { return r.Event.SrcPart }),
	col("settled", func(r *Row) uint64 { return r.Event.Settled }),
	col("format", func(r *Row) uint16 { return uint16(r.Event.Format) }),
	col("timestamp", func(r *Row) int64 { return r.Event.Timestamp }),
	col("accepted", func(r *Row) int64 { return r.Event.Accepted }),
	col("logged", func(r *Row) int64 { return r.Logged }),
	col("caller", func(r *Row) string { return r.Event.Caller }),
	col("tracker", func(r *Row) string { return r.Event.Tracker }),
	col("campaign_id", func(r *Row) string { return r.Event.CampaignId }),
	col("advertiser_id", func(r *Row) string { return r.Event.AdvertiserId }),
	col("ad_id", func(r *Row) string { return r.Event.AdId }),
	col("publisher_id", func(r *Row) string { return r.Event.PublisherId }),
	col("ts_id", func(r *Row) string { return r.Event.TsId }),
	col("named", func(r *Row) uint8 { return uint8(r.Event.Named) }),
	col("user_id", func(r *Row) string { return hex.EncodeToString(r.Event.UserId) }),
	col("device_id", func(r *Row) string { return hex.EncodeToString(r.Event.DeviceId) }),
	col("ip_address", func(r *Row) string { return r.Event.AddressText() }),
	col("user_agent", func(r *Row) string { return r.Event.UserAgent }),
	col("device_type", func(r *Row) string { return r.Event.DeviceType.Name() }),
	col("os", func(r *Row) string { return r.Event.Os }),
	col("browser", func(r *Row) string { return r.Event.Browser }),
	col("language", func(r *Row) string { return r.Event.Language }),
	col("country", func(r *Row) string { return r.Event.Country }),
	col("region", func(r *Row) string { return r.Event.Region }),
	col("city", func(r *Row) string { return r.Event.City }),
	col("referer", func(r *Row) string { return r.Event.Referer }),
	col("source", func(r *Row) string { return r.Event.Source }),
	col("metadata", func(r *Row) string { return r.Event.Metadata }),
	col("click_position", func(r *Row) uint32 { return r.Event.ClickPosition }),
	col("lp_id", func(r *Row) string { return r.Event.LpId }),
	col("offer_id", func(r *Row) string { return r.Event.OfferId }),
	col("rule", func(r *Row) string { return r.Event.Rule }),
	col("external_id", func(r *Row) string { return r.Event.ExternalId }),
	col("subs", func(r *Row) []string { return r.Event.Subs }),
	col("destination", func(r *Row) string { return r.Event.Destination }),
	col("disposition", func(r *Row) string { return r.Event.Disposition.Name() }),
	col("closed_reason", func(r *Row) string { return r.Event.ClosedReason }),
	col("price_micros", func(r *Row) int64 { return r.Event.PriceMicros }),
	col("price_currency", func(r *Row) string { return r.Event.PriceCurrency }),
	col("cost_micros", func(r *Row) int64 { return r.Event.CostMicros }),
	col("cost_currency", func(r *Row) string { return r.Event.CostCurrency }),
	col("revenue_micros", func(r *Row) int64 { return r.Event.RevenueMicros }),
	col("revenue_currency", func(r *Row) string { return r.Event.RevenueCurrency }),
	col("click_id", func(r *Row) string { return r.Event.ClickIDText() }),
	col("txid", func(r *Row) string { return r.Event.Txid }),
	col("conversion_kind", func(r *Row) string { return r.Event.ConversionKind }),
	col("conversion_status", func(r *Row) string { return r.Event.ConversionStatus.Name() }),
	col("status", func(r *Row) string { return r.Event.GetVerdict().GetStatus().Name() }),
	col("score", func(r *Row) uint8 { return uint8(min(r.Event.GetVerdict().GetScore(), 100)) }),
	col("reasons", reasons),
	col("reason_points", reasonPoints),
	col("verdict", func(r *Row) string { return string(r.Event.Verdict.AppendJSON(nil)) }),
	col("signals", func(r *Row) string { return string(r.Event.Signals.AppendJSON(nil)) }),
	col("policy_digest", policyDigest),
	col("campaign_generation", func(r *Row) int64 { return r.Event.GetVerdict().GetCampaignGeneration() }),
	col("catalog_offset", func(r *Row) int64 { return r.Event.GetVerdict().GetCatalogOffset() }),
}

func identity(r *Row) []byte { id := r.Event.Identity(); return id[:] }

func reasons(r *Row) []string {
	list := r.Event.GetVerdict().GetReasons()
	names := make([]string, len(list))
	for i, reason := range list {
		names[i] = reason.Reason.Name()
	}
	return names
}

func reasonPoints(r *Row) []uint8 {
	list := r.Event.GetVerdict().GetReasons()
	points := make([]uint8, len(list))
	for i, reason := range list {
		points[i] = uint8(min(reason.Points, 100))
	}
	return points
}

func policyDigest(r *Row) string { return hex.EncodeToString(r.Event.GetVerdict().GetPolicyDigest()) }
