package seal

import (
	"math/big"
	"testing"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

func TestPeriodsHaveNames(t *testing.T) {
	tests := map[string]struct {
		name, from, to string // RFC 3339
	}{
		"a month with the end of summer time":      {"2026-10@Europe/Berlin", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"},
		"a day of 25 hours":                        {"2026-11-01@America/St_Johns", "2026-11-01T02:30:00Z", "2026-11-02T03:30:00Z"},
		"a day of a zone with half an hour":        {"2026-11-22@Asia/Kolkata", "2026-11-21T18:30:00Z", "2026-11-22T18:30:00Z"},
		"a week over the end of a year":            {"2026-W53@UTC", "2026-12-28T00:00:00Z", "2027-01-04T00:00:00Z"},
		"an hour of a zone with three quarters":    {"2026-11-22T09+0545@Asia/Kathmandu", "2026-11-22T03:15:00Z", "2026-11-22T04:15:00Z"},
		"the hour that comes twice, the first one": {"2026-10-25T02+0200@Europe/Berlin", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"},
		"the hour that comes twice, the second":    {"2026-10-25T02+0100@Europe/Berlin", "2026-10-25T01:00:00Z", "2026-10-25T02:00:00Z"},
		"a day that begins at 01:00":               {"2026-04-24@Africa/Cairo", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"},
		"the day after it":                         {"2026-04-25@Africa/Cairo", "2026-04-24T21:00:00Z", "2026-04-25T21:00:00Z"},
		"a day of Chile that begins at 01:00":      {"2026-09-06@America/Santiago", "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"},
		"the day before it":                        {"2026-09-05@America/Santiago", "2026-09-05T04:00:00Z", "2026-09-06T04:00:00Z"},
		"a leap day":                               {"2028-02-29@UTC", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"},
	}
	for what, test := range tests {
		t.Run(what, func(t *testing.T) {
			p, err := ParsePeriod(test.name)
			if err != nil {
				t.Fatal(err)
			}
			if from, to := p.From.UTC().Format(time.RFC3339), p.To.UTC().Format(time.RFC3339); from != test.from || to != test.to {
				t.Errorf("%s to %s, want %s to %s", from, to, test.from, test.to)
			}
			if again, err := NewPeriod(p.From.UTC(), p.To.UTC(), p.Zone); err != nil || again.String() != test.name {
				t.Errorf("the bounds make %s, %v", again, err)
			}
		})
	}
	for _, name := range []string{"", "2026", "2026-13", "2026-11-31", "2026-W54", "2026-11@Nowhere/City", "2026-11@Local", "2026-11-22T09"} {
		if p, err := ParsePeriod(name); err == nil {
			t.Errorf("%q was taken for %s", name, p)
		}
	}
	berlin, err := LoadZone("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	if p, err := NewPeriod(day, day.AddDate(0, 1, 0), berlin); err == nil {
		t.Errorf("a month of UTC is none of Berlin, and was taken for %s", p)
	}
}

// TestTheHashIsStable pins the encoding: bills that were sealed must be found equal by every later version.
func TestTheHashIsStable(t *testing.T) {
	p, err := ParsePeriod("2026-11@Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	c := Content{Period: p, Billable: []string{"Suspicious", "Valid"}, Cuts: map[event.SrcPart]uint64{65537: 9, 65536: 12}, Policies: []string{"0102"}}
	huge, _ := new(big.Int).SetString("170141183460469231731687303715884105727", 10)
	c.Lines = []store.BillLine{{
		BillKey: store.BillKey{Advertiser: "adv", Campaign: "a\"b\nc", Currency: "USD"}, Clicks: [store.Buckets]int64{1, 2, 3, 4, 5},
		Micros: [store.Buckets]*big.Int{huge, big.NewInt(-1), new(big.Int), new(big.Int), new(big.Int)}, Test: 6, Closed: 7,
	}}
	// printf of the lines of encode, given to sha256sum.
	if got, want := c.Hash(), "efbc5c5fe3c32894dd9e5fa6c784826f83fe5a3ccdd2f9ba44de38c459315954"; got != want {
		t.Errorf("hash %s, want %s", got, want)
	}
	if got, want := c.Totals(), "1f25d6520a5f556f57d5064dbea5e0bacde3ab494a79d9727ab87c338034c345"; got != want {
		t.Errorf("totals %s, want %s", got, want)
	}
}
