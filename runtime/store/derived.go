package store

import (
	"context"
	"encoding/hex"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/clicktally/clicktally/runtime/event"
)

// InsertDerived writes what follows from rows; a worker gathers its own in a Block.
func InsertDerived(ctx context.Context, conn driver.Conn, db string, rows []Row) error {
	return blockOf(rows).InsertDerived(ctx, conn, db)
}

func lookupColumns() []named {
	return []named{
		{"hour", seconds(func(r *Row) int64 { return r.Event.Timestamp / 3_600_000 * 3600 })},
		{"event_id", &texts{appendTo: func(b []byte, r *Row) []byte { return r.Event.AppendEventID(b) }}},
		{"src_part", uint32s(func(r *Row) uint32 { return uint32(r.SrcPart) })},
		{"src_off", uint64s(func(r *Row) uint64 { return r.Offset })},
		{"timestamp", millis(func(r *Row) int64 { return r.Event.Timestamp })},
		{"campaign_id", strs(func(r *Row) string { return r.Event.CountedCampaign() })},
		{"ad_id", strs(func(r *Row) string { return r.Event.AdId })},
		{"advertiser_id", strs(func(r *Row) string { return r.Event.AdvertiserId })},
		{"publisher_id", strs(func(r *Row) string { return r.Event.PublisherId })},
		{"ts_id", strs(func(r *Row) string { return r.Event.TsId })},
		{"country", lows(func(r *Row) string { return r.Event.Country })},
		{"region", lows(func(r *Row) string { return r.Event.Region })},
		{"device_type", lows(func(r *Row) string { return r.Event.DeviceType.Name() })},
		{"disposition", lows(func(r *Row) string { return r.Event.Disposition.Name() })},
		{"status", lows(func(r *Row) string { return r.Event.GetVerdict().GetStatus().Name() })},
		{"external_id", strs(func(r *Row) string { return r.Event.ExternalId })},
	}
}

// A conversion lives where its click does: partition and time are in the click's id, and the
// tracker produces it to that partition, so that its offset orders the statuses of one click.
func conversionColumns() []named {
	return []named{
		{"src_part", uint32s(func(r *Row) uint32 { return uint32(clickPart(r)) })},
		{"click_time", millis(func(r *Row) int64 { return clickID(r).Time() })},
		{"click_id", &texts{appendTo: func(b []byte, r *Row) []byte { return r.Event.AppendClickID(b) }}},
		{"txid", strs(func(r *Row) string { return r.Event.Txid })},
		{"campaign_id", strs(func(r *Row) string { return r.Event.CampaignId })},
		{"identity", &fixed{typ: "FixedString(16)", appendTo: func(b []byte, r *Row) []byte { id := r.Event.Identity(); return append(b, id[:]...) }}},
		{"copy", uint64s(func(r *Row) uint64 { return ^r.Offset })},
		{"ver", uint64s(conversionVer)},
		{"status", lows(func(r *Row) string { return r.Event.ConversionStatus.Name() })},
		{"kind", lows(func(r *Row) string { return r.Event.ConversionKind })},
		{"revenue_micros", int64s(func(r *Row) int64 { return r.Event.RevenueMicros })},
		{"revenue_currency", lows(func(r *Row) string { return r.Event.RevenueCurrency })},
		{"timestamp", millis(func(r *Row) int64 { return r.Event.Timestamp })},
		{"event_part", uint32s(func(r *Row) uint32 { return uint32(r.SrcPart) })},
		{"event_off", uint64s(func(r *Row) uint64 { return r.Offset })},
	}
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

func fraudColumns() []named {
	return []named{
		{"src_part", uint32s(func(r *Row) uint32 { return uint32(r.SrcPart) })},
		{"minute", seconds(func(r *Row) int64 { return r.Minute() })},
		{"src_off", uint64s(func(r *Row) uint64 { return r.Offset })},
		{"timestamp", millis(func(r *Row) int64 { return r.Event.Timestamp })},
		{"event_id", &texts{appendTo: func(b []byte, r *Row) []byte { return r.Event.AppendEventID(b) }}},
		{"campaign_id", strs(func(r *Row) string { return r.Event.CountedCampaign() })},
		{"advertiser_id", strs(func(r *Row) string { return r.Event.AdvertiserId })},
		{"publisher_id", strs(func(r *Row) string { return r.Event.PublisherId })},
		{"ts_id", strs(func(r *Row) string { return r.Event.TsId })},
		{"status", lows(func(r *Row) string { return r.Event.GetVerdict().GetStatus().Name() })},
		{"score", uint8s(func(r *Row) uint8 { return uint8(min(r.Event.GetVerdict().GetScore(), 100)) })},
		{"reasons", textList(appendReasons)},
		{"signals", &texts{appendTo: func(b []byte, r *Row) []byte { return r.Event.Signals.AppendJSON(b) }}},
		{"policy_digest", &texts{appendTo: func(b []byte, r *Row) []byte { return hex.AppendEncode(b, r.Event.GetVerdict().GetPolicyDigest()) }}},
	}
}
