package ledger_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/ledger"
	"github.com/clicktally/clicktally/runtime/store"
)

// damage is one thing that goes wrong with honest data, and what the report must say.
type damage struct {
	do     func(r *rig)
	status string
	// says lists, per kind that must be found, words of its message. Values come from rig.honest.
	says map[ledger.Kind][]string
}

// On partition 0 honest writes the clicks of minutes 0, 2, 4, ... under counters 0, 1, 2, ..., the even
// ones priced in USD and for campaign spring, at offsets equal to the counters.
var damages = map[string]damage{
	"a raw row is gone": {
		do: func(r *rig) {
			r.exec(fmt.Sprintf("ALTER TABLE {db}.events DELETE WHERE src_part = %d AND src_off = 6", part(0)))
		},
		status: ledger.False,
		says: map[ledger.Kind][]string{
			ledger.RawMissing:   {"partition 1/0", "raw holds", "not there: 6"},
			ledger.ClicksLost:   {"boot 000000000000b001", "1 lost", "counters 6 accepted between {minute 10} and {minute 14}"},
			ledger.CountsDiffer: {"partition 1/0, {minute 12} to {minute 13}", `campaign "spring"`, "is 0 in raw and 1 in the minute rows"},
		},
	},
	"a minute row was changed": {
		do: func(r *rig) {
			r.exec("ALTER TABLE {db}.minutes UPDATE spend_valid = spend_valid + 1 WHERE campaign_id = 'spring' AND minute = " + r.at(12))
		},
		status: ledger.False,
		says: map[ledger.Kind][]string{ledger.CountsDiffer: {
			"partition 1/0, {minute 12} to {minute 13}", `advertiser "adv-spring", campaign "spring": spend_valid USD is 400000 in raw and 400001 in the minute rows`,
		}},
	},
	"two changes of minute rows cancel out within the hour": {
		do: func(r *rig) {
			r.exec("ALTER TABLE {db}.minutes UPDATE clicks_valid = clicks_valid + 1 WHERE campaign_id = 'spring' AND minute = " + r.at(0))
			r.exec("ALTER TABLE {db}.minutes UPDATE clicks_valid = clicks_valid - 1 WHERE campaign_id = 'spring' AND minute = " + r.at(12))
		},
		status: ledger.False,
		says: map[ledger.Kind][]string{
			ledger.CountsDiffer:    {"partition 1/0, {minute 0} to {minute 13}", "clicks_valid", "(2 minutes differ)"},
			ledger.MarkWithoutRows: {"minute {minute 0}: the mark says 1 rows with 1 events, 1 rows with 2 events are there"},
		},
	},
	"duplicates were taken for clicks": {
		do: func(r *rig) {
			r.exec("ALTER TABLE {db}.minutes UPDATE duplicates = duplicates + 1 WHERE campaign_id = 'spring' AND minute = " + r.at(12))
		},
		status: ledger.False,
		says:   map[ledger.Kind][]string{ledger.CountsDiffer: {"duplicates is 0 in raw and 1 in the minute rows"}},
	},
	"a mark has no rows": {
		do: func(r *rig) {
			r.exec(fmt.Sprintf("ALTER TABLE {db}.minutes DELETE WHERE src_part = %d AND minute = %s", part(0), r.at(12)))
		},
		status: ledger.False,
		says: map[ledger.Kind][]string{
			ledger.MarkWithoutRows: {"partition 1/0, minute {minute 12}: the mark says 1 rows with 1 events, 0 rows with 0 events are there"},
			ledger.CountsDiffer:    {"is 1 in raw and 0 in the minute rows"},
		},
	},
	"a minute was never marked": {
		do: func(r *rig) {
			r.exec(fmt.Sprintf("ALTER TABLE {db}.marks DELETE WHERE src_part = %d AND minute = %s", part(0), r.at(12)))
		},
		status: ledger.Unknown,
		says:   map[ledger.Kind][]string{ledger.MinutesDirty: {"partition 1/0: 1 minutes from {minute 12} to {minute 13} wait to be computed"}},
	},
	"a manifest is missing": {
		do: func(r *rig) {
			r.write(r.click(liveBoot, 0, 50*time.Minute, "spring", "USD"))
			r.beat(liveBoot, nil)
			r.load()
			r.exec(fmt.Sprintf("ALTER TABLE {db}.manifests DELETE WHERE src_part = %d AND from_off = 0", part(0)))
		},
		status: ledger.False,
		says:   map[ledger.Kind][]string{ledger.ManifestMissing: {"partition 1/0: no manifest covers offsets 0 to "}},
	},
	"a manifest was written before its rows": {
		do: func(r *rig) {
			end := r.end(0)
			r.write(r.click(liveBoot, 0, 50*time.Minute, "spring", "USD"), r.click(liveBoot, 0, 51*time.Minute, "spring", "USD"))
			r.beat(liveBoot, nil)
			r.manifest(store.Manifest{From: end, To: end + 2, Rows: 2, Offsets: 2, Minutes: []int64{r.hour.Unix() + 50*60, r.hour.Unix() + 51*60}})
		},
		status: ledger.False,
		says: map[ledger.Kind][]string{
			ledger.RawMissing: {"partition 1/0", "says 2 distinct offsets, raw holds 0"},
			ledger.ClicksLost: {"2 lost"},
		},
	},
	"a manifest covers more than it explains": {
		do: func(r *rig) {
			end := r.end(0)
			r.write(r.click(liveBoot, 0, 50*time.Minute, "spring", "USD"))
			r.beat(liveBoot, nil)
			r.manifest(store.Manifest{From: end, To: end + 1})
		},
		status: ledger.False,
		says: map[ledger.Kind][]string{
			ledger.OffsetsUnexplained: {"says 0 rows, 0 dead letters and 0 moved records: 1 offsets are none of these"},
			ledger.ClicksLost:         {"1 lost"},
		},
	},
	"a settled click never reached the log": {
		do: func(r *rig) {
			r.click(liveBoot, 1, 50*time.Minute, "spring", "USD")
			r.write(r.click(liveBoot, 1, 51*time.Minute, "spring", "USD"))
			r.beat(liveBoot, nil)
			r.load()
		},
		status: ledger.False,
		says: map[ledger.Kind][]string{ledger.ClicksLost: {
			"boot 000000000000b001 of tracker-b001, partition 1/1: 1 lost below settled 24", "counters 22 accepted between {minute 2} and {minute 51}",
		}},
	},
	"the tail of a boot that drained never reached the log": {
		do: func(r *rig) {
			r.click(deadBoot, 0, 5*time.Minute, "spring", "USD")
			r.beat(deadBoot, func(h *event.Heartbeat) { h.Drained = true })
		},
		status: ledger.False,
		says:   map[ledger.Kind][]string{ledger.ClicksLost: {"boot 000000000000dead", "1 lost below settled 3", "counters 2 accepted after {minute 2}"}},
	},
	"a whole partition of a boot never reached the log": {
		do: func(r *rig) {
			r.click(deadBoot, 1, 5*time.Minute, "spring", "USD")
			r.click(deadBoot, 1, 5*time.Minute, "spring", "USD")
			r.beat(deadBoot, func(h *event.Heartbeat) { h.Drained = true })
		},
		status: ledger.False,
		says:   map[ledger.Kind][]string{ledger.ClicksLost: {"partition 1/1: 2 lost below settled 2", "counters 0 to 1 accepted at an unknown time"}},
	},
	"a journal holds events": {
		do: func(r *rig) {
			r.click(liveBoot, 0, 50*time.Minute, "spring", "USD")
			r.beat(liveBoot, func(h *event.Heartbeat) {
				h.Partitions[0].Journaled, h.JournalBytes, h.JournalCapacity = 1, 700, 1<<20
			})
		},
		status: ledger.Unknown,
		says:   map[ledger.Kind][]string{ledger.JournalOpen: {"boot 000000000000b001 of tracker-b001 has 1 events (700 bytes) in its journal"}},
	},
	"a boot went silent with a journal": {
		do: func(r *rig) {
			r.beat(0xcafe, func(h *event.Heartbeat) { h.At, h.JournalCapacity = r.hour.Add(time.Minute).UnixMilli(), 1<<20 })
		},
		status: ledger.Unknown,
		says:   map[ledger.Kind][]string{ledger.JournalOpen: {"boot 000000000000cafe", "went silent with a journal"}},
	},
	"a boot never reported": {
		do: func(r *rig) {
			r.write(r.click(0xbad, 0, 5*time.Minute, "spring", "USD"))
			r.load()
		},
		status: ledger.Unknown,
		says:   map[ledger.Kind][]string{ledger.BootUnheard: {"boot 0000000000000bad wrote 1 records from {minute 5} to {minute 5} and never reported"}},
	},
	"the log goes further than the load": {
		do: func(r *rig) {
			r.write(r.click(liveBoot, 1, 50*time.Minute, "spring", "USD"))
			r.beat(liveBoot, nil)
		},
		status: ledger.Unknown,
		says:   map[ledger.Kind][]string{ledger.NotLoaded: {"partition 1/1: offset 25 is not loaded yet"}},
	},
	"the topic was made again": {
		do:     (*rig).replaceTopic,
		status: ledger.False,
		says:   map[ledger.Kind][]string{ledger.LogLost: {"topic ct.events.1 is another one than generation 1 was announced with"}},
	},
}

func TestEachDamageIsFoundAndNamed(t *testing.T) {
	for name, d := range damages {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.honest()
			r.load()
			d.do(r)
			report := r.check(nil)
			if report.Verdict.Status != d.status {
				t.Errorf("%s, want %s", report.Verdict, d.status)
			}
			for kind, words := range d.says {
				message := r.finding(report, kind).Message
				for _, word := range words {
					if word = r.minutes(word); !strings.Contains(message, word) {
						t.Errorf("%s says %q, want %q in it", kind, message, word)
					}
				}
			}
			for _, f := range report.Findings {
				if d.says[f.Kind] == nil {
					t.Errorf("also found %s: %s", f.Kind, f.Message)
				}
			}
		})
	}
}

// minutes puts times into a text: {minute 12} is the twelfth of the rig's hour.
func (r *rig) minutes(text string) string {
	for n := range 61 {
		text = strings.ReplaceAll(text, fmt.Sprintf("{minute %d}", n), r.hour.Add(time.Duration(n)*time.Minute).Format(time.RFC3339))
	}
	return text
}

// at is a minute of the rig's hour in SQL.
func (r *rig) at(minute int) string {
	return fmt.Sprintf("toDateTime(%d, 'UTC')", r.hour.Add(time.Duration(minute)*time.Minute).Unix())
}
