// Package oracle recounts the log naively: what design 6.4 says, in one loop over sorted records.
package oracle

import (
	"cmp"
	"slices"
	"strings"

	"github.com/clicktally/clicktally/runtime/event"
)

// Record is one countable record where it stands in the log.
type Record struct {
	SrcPart event.SrcPart
	Offset  uint64
	Event   *event.Event
}

// Key is a minute row: Dims are campaign, ad, publisher, source, advertiser, country, region, device, price and cost currency.
type Key struct {
	Minute  int64 // unix seconds
	SrcPart event.SrcPart
	Dims    [10]string
}

// Recount returns the figures of every minute row by column name; stated bounds visitor-stated combinations.
func Recount(records []Record, stated int) map[Key]map[string]int64 {
	records = slices.Clone(records)
	slices.SortFunc(records, func(a, b Record) int {
		return cmp.Or(cmp.Compare(a.SrcPart, b.SrcPart), cmp.Compare(a.Offset, b.Offset))
	})
	rows, first, said := map[Key]map[string]int64{}, map[any]Key{}, map[any]map[[3]string]bool{}
	for _, r := range records {
		e := r.Event
		click, disposition, status := e.EventType.Name() == "click", e.Disposition.Name(), strings.ToLower(e.Verdict.GetStatus().Name())
		identity := [8]any{r.SrcPart, string(e.EventId)}
		if e.Origin.Name() == "Foreign" {
			identity = [8]any{r.SrcPart, e.Caller, e.CampaignId, e.AdId, e.EventType, string(e.EventId), e.Timestamp}
		}
		if key, copied := first[identity]; copied {
			rows[key]["duplicates"]++
			if click {
				rows[key]["clicks_duplicate"]++
			}
			continue
		}
		key := Key{e.Timestamp / 60000 * 60, r.SrcPart, [10]string{e.CampaignId, e.AdId, e.PublisherId, e.TsId, e.AdvertiserId, e.Country, e.Region, e.DeviceType.Name()}}
		if disposition == "Orphan" {
			key.Dims[0] = ""
		}
		if click && disposition == "Routed" {
			key.Dims[8], key.Dims[9] = e.PriceCurrency, e.CostCurrency
		}
		group, combination := [3]any{key.Minute, key.SrcPart, key.Dims[0]}, [3]string(key.Dims[1:4])
		for i := range 3 {
			if e.Named>>i&1 == 1 { // the campaign's own value is not the visitor's word
				combination[i] = ""
			}
		}
		if said[group] == nil {
			said[group] = map[[3]string]bool{{}: true} // a visitor who says nothing takes no place
		}
		if len(said[group]) <= stated {
			said[group][combination] = true
		}
		for i := range 3 {
			if combination[i] != "" && !said[group][combination] {
				key.Dims[1+i] = "~other"
			}
		}
		if first[identity] = key; rows[key] == nil {
			rows[key] = map[string]int64{}
		}
		switch row := rows[key]; {
		case !click:
			row[e.EventType.Name()+"s"]++
		case disposition == "Test" || disposition == "Closed":
			row["clicks_"+strings.ToLower(disposition)]++
		default:
			row["clicks_"+status]++
			if disposition == "Routed" {
				row["spend_"+status], row["cost"] = row["spend_"+status]+e.PriceMicros, row["cost"]+e.CostMicros
			}
		}
	}
	return rows
}
