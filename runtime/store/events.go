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

// InsertEvents writes the raw events of rows; a worker gathers its own in a Block.
func InsertEvents(ctx context.Context, conn driver.Conn, db string, rows []Row) error {
	return blockOf(rows).InsertEvents(ctx, conn, db)
}

func eventColumns() []named {
	return []named{
		{"src_part", uint32s(func(r *Row) uint32 { return uint32(r.SrcPart) })},
		{"minute", seconds(func(r *Row) int64 { return r.Minute() })},
		{"src_off", uint64s(func(r *Row) uint64 { return r.Offset })},
		{"loader", uint16s(func(*Row) uint16 { return loaderVersion })},
		{"identity", &fixed{typ: "FixedString(16)", appendTo: func(b []byte, r *Row) []byte { id := r.Event.Identity(); return append(b, id[:]...) }}},
		{"event_type", lows(func(r *Row) string { return r.Event.EventType.Name() })},
		{"origin", lows(func(r *Row) string { return r.Event.Origin.Name() })},
		{"event_id", &texts{appendTo: func(b []byte, r *Row) []byte { return r.Event.AppendEventID(b) }}},
		{"boot_id", uint64s(func(r *Row) uint64 { return r.Event.BootId })},
		{"counter", uint64s(func(r *Row) uint64 { return r.Event.Counter })},
		{"made_part", uint32s(func(r *Row) uint32 { return r.Event.SrcPart })},
		{"settled", uint64s(func(r *Row) uint64 { return r.Event.Settled })},
		{"format", uint16s(func(r *Row) uint16 { return uint16(r.Event.Format) })},
		{"timestamp", millis(func(r *Row) int64 { return r.Event.Timestamp })},
		{"accepted", millis(func(r *Row) int64 { return r.Event.Accepted })},
		{"logged", millis(func(r *Row) int64 { return r.Logged })},
		{"caller", lows(func(r *Row) string { return r.Event.Caller })},
		{"tracker", lows(func(r *Row) string { return r.Event.Tracker })},
		{"campaign_id", lows(func(r *Row) string { return r.Event.CampaignId })},
		{"advertiser_id", lows(func(r *Row) string { return r.Event.AdvertiserId })},
		{"ad_id", strs(func(r *Row) string { return r.Event.AdId })},
		{"publisher_id", lows(func(r *Row) string { return r.Event.PublisherId })},
		{"ts_id", lows(func(r *Row) string { return r.Event.TsId })},
		{"named", uint8s(func(r *Row) uint8 { return uint8(r.Event.Named) })},
		{"user_id", &texts{appendTo: func(b []byte, r *Row) []byte { return hex.AppendEncode(b, r.Event.UserId) }}},
		{"device_id", &texts{appendTo: func(b []byte, r *Row) []byte { return hex.AppendEncode(b, r.Event.DeviceId) }}},
		{"ip_address", &texts{appendTo: func(b []byte, r *Row) []byte { return r.Event.AppendAddress(b) }}},
		{"user_agent", lows(func(r *Row) string { return r.Event.UserAgent })},
		{"device_type", lows(func(r *Row) string { return r.Event.DeviceType.Name() })},
		{"os", lows(func(r *Row) string { return r.Event.Os })},
		{"browser", lows(func(r *Row) string { return r.Event.Browser })},
		{"language", lows(func(r *Row) string { return r.Event.Language })},
		{"country", lows(func(r *Row) string { return r.Event.Country })},
		{"region", lows(func(r *Row) string { return r.Event.Region })},
		{"city", lows(func(r *Row) string { return r.Event.City })},
		{"referer", strs(func(r *Row) string { return r.Event.Referer })},
		{"source", lows(func(r *Row) string { return r.Event.Source })},
		{"metadata", strs(func(r *Row) string { return r.Event.Metadata })},
		{"click_position", uint32s(func(r *Row) uint32 { return r.Event.ClickPosition })},
		{"lp_id", lows(func(r *Row) string { return r.Event.LpId })},
		{"offer_id", lows(func(r *Row) string { return r.Event.OfferId })},
		{"rule", lows(func(r *Row) string { return r.Event.Rule })},
		{"external_id", strs(func(r *Row) string { return r.Event.ExternalId })},
		{"subs", textList(appendSubs)},
		{"destination", strs(func(r *Row) string { return r.Event.Destination })},
		{"disposition", lows(func(r *Row) string { return r.Event.Disposition.Name() })},
		{"closed_reason", lows(func(r *Row) string { return r.Event.ClosedReason })},
		{"price_micros", int64s(func(r *Row) int64 { return r.Event.PriceMicros })},
		{"price_currency", lows(func(r *Row) string { return r.Event.PriceCurrency })},
		{"cost_micros", int64s(func(r *Row) int64 { return r.Event.CostMicros })},
		{"cost_currency", lows(func(r *Row) string { return r.Event.CostCurrency })},
		{"revenue_micros", int64s(func(r *Row) int64 { return r.Event.RevenueMicros })},
		{"revenue_currency", lows(func(r *Row) string { return r.Event.RevenueCurrency })},
		{"click_id", &texts{appendTo: func(b []byte, r *Row) []byte { return r.Event.AppendClickID(b) }}},
		{"txid", strs(func(r *Row) string { return r.Event.Txid })},
		{"conversion_kind", lows(func(r *Row) string { return r.Event.ConversionKind })},
		{"conversion_status", lows(func(r *Row) string { return r.Event.ConversionStatus.Name() })},
		{"status", lows(func(r *Row) string { return r.Event.GetVerdict().GetStatus().Name() })},
		{"score", uint8s(func(r *Row) uint8 { return uint8(min(r.Event.GetVerdict().GetScore(), 100)) })},
		{"reasons", textList(appendReasons)},
		{"reason_points", &lists{typ: "Array(UInt8)", appendTo: appendReasonPoints}},
		{"verdict", &texts{appendTo: func(b []byte, r *Row) []byte { return r.Event.Verdict.AppendJSON(b) }}},
		{"signals", &texts{appendTo: func(b []byte, r *Row) []byte { return r.Event.Signals.AppendJSON(b) }}},
		{"policy_digest", &texts{appendTo: func(b []byte, r *Row) []byte { return hex.AppendEncode(b, r.Event.GetVerdict().GetPolicyDigest()) }}},
		{"campaign_generation", int64s(func(r *Row) int64 { return r.Event.GetVerdict().GetCampaignGeneration() })},
		{"catalog_offset", int64s(func(r *Row) int64 { return r.Event.GetVerdict().GetCatalogOffset() })},
	}
}

func appendSubs(b []byte, r *Row) (wire []byte, values int) {
	for _, sub := range r.Event.Subs {
		b = appendText(b, sub)
	}
	return b, len(r.Event.Subs)
}

func appendReasons(b []byte, r *Row) (wire []byte, values int) {
	list := r.Event.GetVerdict().GetReasons()
	for _, reason := range list {
		b = appendText(b, reason.Reason.Name())
	}
	return b, len(list)
}

func appendReasonPoints(b []byte, r *Row) (wire []byte, values int) {
	list := r.Event.GetVerdict().GetReasons()
	for _, reason := range list {
		b = append(b, uint8(min(reason.Points, 100)))
	}
	return b, len(list)
}
