package store

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/clicktally/clicktally/runtime/event"
)

// InsertDerived writes what follows from single raw rows and must stand before their manifest: own
// clicks into click_lookup, conversions, and flagged clicks into fraud_log.
func InsertDerived(ctx context.Context, conn driver.Conn, db string, rows []Row) error {
	if err := insert(ctx, conn, db, "click_lookup", lookupColumns, filter(rows, isOwnClick)); err != nil {
		return err
	}
	if err := insert(ctx, conn, db, "conversions", conversionColumns, filter(rows, isConversion)); err != nil {
		return err
	}
	return insert(ctx, conn, db, "fraud_log", fraudColumns, filter(rows, isFlagged))
}

func filter(rows []Row, keep func(*event.Event) bool) []Row {
	var kept []Row
	for _, row := range rows {
		if keep(row.Event) {
			kept = append(kept, row)
		}
	}
	return kept
}

func isOwnClick(e *event.Event) bool {
	return e.EventType == event.EventType_EVENT_TYPE_CLICK && e.Origin == event.Origin_ORIGIN_OWN
}

func isConversion(e *event.Event) bool {
	_, ok := event.IDFromBytes(e.ClickId)
	return ok && e.EventType == event.EventType_EVENT_TYPE_CONVERSION
}

func isFlagged(e *event.Event) bool {
	status := e.GetVerdict().GetStatus()
	return e.EventType == event.EventType_EVENT_TYPE_CLICK &&
		(status == event.Status_STATUS_SUSPICIOUS || status == event.Status_STATUS_FRAUDULENT)
}

var lookupColumns = []column[Row]{
	col("hour", func(r *Row) int64 { return r.Event.Timestamp / 3_600_000 * 3600 }),
	col("event_id", func(r *Row) string { return r.Event.EventIDText() }),
	col("src_part", func(r *Row) uint32 { return uint32(r.SrcPart) }),
	col("src_off", func(r *Row) uint64 { return r.Offset }),
	col("timestamp", func(r *Row) int64 { return r.Event.Timestamp }),
	col("campaign_id", func(r *Row) string { return r.Event.CountedCampaign() }),
	col("ad_id", func(r *Row) string { return r.Event.AdId }),
	col("advertiser_id", func(r *Row) string { return r.Event.AdvertiserId }),
	col("publisher_id", func(r *Row) string { return r.Event.PublisherId }),
	col("ts_id", func(r *Row) string { return r.Event.TsId }),
	col("country", func(r *Row) string { return r.Event.Country }),
	col("region", func(r *Row) string { return r.Event.Region }),
	col("device_type", func(r *Row) string { return r.Event.DeviceType.Name() }),
	col("disposition", func(r *Row) string { return r.Event.Disposition.Name() }),
	col("status", func(r *Row) string { return r.Event.GetVerdict().GetStatus().Name() }),
	col("external_id", func(r *Row) string { return r.Event.ExternalId }),
}

// A conversion lives where its click does: partition and time are in the click's id, and the
// tracker produces it to that partition, so that its offset orders the statuses of one click.
var conversionColumns = []column[Row]{
	col("src_part", func(r *Row) uint32 { return uint32(clickPart(r)) }),
	col("click_time", func(r *Row) int64 { return clickID(r).Time() }),
	col("click_id", func(r *Row) string { return clickID(r).String() }),
	col("txid", func(r *Row) string { return r.Event.Txid }),
	col("campaign_id", func(r *Row) string { return r.Event.CampaignId }),
	col("identity", identity),
	col("copy", func(r *Row) uint64 { return ^r.Offset }),
	col("ver", conversionVer),
	col("status", func(r *Row) string { return r.Event.ConversionStatus.Name() }),
	col("kind", func(r *Row) string { return r.Event.ConversionKind }),
	col("revenue_micros", func(r *Row) int64 { return r.Event.RevenueMicros }),
	col("revenue_currency", func(r *Row) string { return r.Event.RevenueCurrency }),
	col("timestamp", func(r *Row) int64 { return r.Event.Timestamp }),
	col("event_part", func(r *Row) uint32 { return uint32(r.SrcPart) }),
	col("event_off", func(r *Row) uint64 { return r.Offset }),
}

// proved ranks what a traffic source with its key says above what any visitor says: a click id is
// known to its visitor, who must not take an approved conversion back. Offsets stay far below it.
const proved = 1 << 62

// conversionVer orders what was said of one conversion: the highest counts.
func conversionVer(r *Row) uint64 {
	if r.Event.Caller != "" {
		return proved | r.Offset
	}
	return r.Offset
}

func clickID(r *Row) event.ID {
	id, _ := event.IDFromBytes(r.Event.ClickId)
	return id
}

func clickPart(r *Row) event.SrcPart {
	return event.NewSrcPart(r.SrcPart.Generation(), clickID(r).Partition())
}

var fraudColumns = []column[Row]{
	col("src_part", func(r *Row) uint32 { return uint32(r.SrcPart) }),
	col("minute", func(r *Row) int64 { return r.Minute() }),
	col("src_off", func(r *Row) uint64 { return r.Offset }),
	col("timestamp", func(r *Row) int64 { return r.Event.Timestamp }),
	col("event_id", func(r *Row) string { return r.Event.EventIDText() }),
	col("campaign_id", func(r *Row) string { return r.Event.CountedCampaign() }),
	col("advertiser_id", func(r *Row) string { return r.Event.AdvertiserId }),
	col("publisher_id", func(r *Row) string { return r.Event.PublisherId }),
	col("ts_id", func(r *Row) string { return r.Event.TsId }),
	col("status", func(r *Row) string { return r.Event.GetVerdict().GetStatus().Name() }),
	col("score", func(r *Row) uint8 { return uint8(min(r.Event.GetVerdict().GetScore(), 100)) }),
	col("reasons", reasons),
	col("signals", func(r *Row) string { return string(r.Event.Signals.AppendJSON(nil)) }),
	col("policy_digest", policyDigest),
}
