package loadgen

import (
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

func TestTheSameSeedPlansTheSameVisits(t *testing.T) {
	s, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	a, b := newPlanner(s, 1), newPlanner(s, 1)
	for range 1000 {
		va, vb := a.visit(), b.visit()
		va.expect, vb.expect = nil, nil
		if !reflect.DeepEqual(va, vb) {
			t.Fatalf("visit %d differs:\n%+v\n%+v", va.number, va, vb)
		}
	}
}

func TestVisitorsOfARunShareNoAddress(t *testing.T) {
	p := newPlanner(&Scenario{}, 0xdeadbeef)
	seen := map[string]int{}
	for n := range 100_000 {
		v := p.visitor(n)
		if other, ok := seen[v.address]; ok {
			t.Fatalf("visitors %d and %d share %s", other, n, v.address)
		}
		seen[v.address] = n
	}
}

func TestAVisitIsCutToTheEventsThatAreLeft(t *testing.T) {
	for want := range 6 {
		v := &visit{steps: []step{{kind: impression}, {kind: batch, batch: make([]reported, 3)}, {kind: click}}}
		v.cut(want)
		if got := v.events(); got != min(want, 5) {
			t.Errorf("cut to %d leaves %d events", want, got)
		}
	}
}

func TestTheVerdictOnAHastyClick(t *testing.T) {
	for name, c := range map[string]struct {
		low, high time.Duration
		want      string
	}{
		"surely too fast":       {0, 499 * time.Millisecond, "Suspicious"},
		"surely not too fast":   {500 * time.Millisecond, time.Second, "Valid"},
		"the wire left it open": {400 * time.Millisecond, 600 * time.Millisecond, ""},
	} {
		if got := hasty(c.low, c.high); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestABalanceNamesWhatIsWrong(t *testing.T) {
	acked := func(id, typ string) Entry {
		return Entry{EventID: id, EventType: typ, Campaign: "c", Outcome: Routed, Acked: true}
	}
	entries := []Entry{acked("1", "click"), acked("2", "click"), acked("3", "impression"), {EventType: "click", Campaign: "c"}}
	raw := []listed{{EventID: "1", EventType: "click", Campaign: "c", Disposition: "Routed"}, {EventID: "2", EventType: "click", Campaign: "c", Disposition: "Routed"}, {EventID: "3", EventType: "impression", Campaign: "c", Disposition: "Routed"}}
	for name, c := range map[string]struct {
		raw     []listed
		counted map[string]*counts
		want    Balance
	}{
		"all is there": {
			raw,
			map[string]*counts{"c": {valid: 1, fraudulent: 1, impressions: 1}},
			Balance{Sent: 4, Acked: 3, Counted: 3},
		},
		"an acknowledged event is not in raw": {
			raw[1:],
			map[string]*counts{"c": {valid: 1, impressions: 1}},
			Balance{Sent: 4, Acked: 3, Counted: 2, Lost: 1},
		},
		"a raw event is not counted": {
			raw,
			map[string]*counts{"c": {valid: 1, impressions: 1}},
			Balance{Sent: 4, Acked: 3, Counted: 2, Lost: 1},
		},
		"a click counted twice": {
			raw,
			map[string]*counts{"c": {valid: 3, impressions: 1}},
			Balance{Sent: 4, Acked: 3, Counted: 4, Double: 1},
		},
		"one lost and one double do not cancel out": {
			raw,
			map[string]*counts{"c": {valid: 3}},
			Balance{Sent: 4, Acked: 3, Counted: 3, Lost: 1, Double: 1},
		},
		"an event that nobody was told about": {
			append([]listed{{EventID: "9", EventType: "click", Campaign: "nobody", Disposition: "Orphan"}}, raw...),
			map[string]*counts{"c": {valid: 2, impressions: 1}, "": {valid: 1}},
			Balance{Sent: 4, Acked: 3, Counted: 3, Unacknowledged: 1},
		},
		"a conversion of others that was reported twice, one of a test click, and a step onwards": {
			append([]listed{
				{EventID: "5", EventType: "conversion", Campaign: "c", Disposition: "Routed", ClickID: "1", TxID: "t", ConversionKind: "lead"},
				{EventID: "6", EventType: "conversion", Campaign: "c", Disposition: "Routed", ClickID: "1", TxID: "t", ConversionKind: "purchase"},
				{EventID: "7", EventType: "conversion", Campaign: "c", Disposition: "Test", ClickID: "8"},
				{EventID: "9", EventType: "click_through", Campaign: "c", Disposition: "Routed", ClickID: "1"},
			}, raw...),
			map[string]*counts{"c": {valid: 2, impressions: 1, conversions: 1, throughs: 1}},
			Balance{Sent: 4, Acked: 3, Counted: 3, Unacknowledged: 4},
		},
		"two conversions of a click, by kind": {
			append([]listed{
				{EventID: "5", EventType: "conversion", Campaign: "c", Disposition: "Routed", ClickID: "1", ConversionKind: "lead"},
				{EventID: "6", EventType: "conversion", Campaign: "c", Disposition: "Routed", ClickID: "1", ConversionKind: "purchase"},
			}, raw...),
			map[string]*counts{"c": {valid: 2, impressions: 1, conversions: 1}},
			Balance{Sent: 4, Acked: 3, Counted: 2, Lost: 1, Unacknowledged: 2},
		},
	} {
		got := balance(entries, c.raw, c.counted)
		if named := len(got.Differences) > 0; named == got.Balanced() {
			t.Errorf("%s: differences %q", name, got.Differences)
		}
		got.Differences = nil
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

func TestALedgerGoesOnWhereItEnded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "truth.jsonl")
	for run := 1; run <= 2; run++ {
		l, err := OpenLedger(path)
		if err != nil {
			t.Fatal(err)
		}
		l.Add(Entry{EventID: "a", EventType: "click", Acked: true})
		if got := len(l.Entries()); got != run {
			t.Errorf("run %d holds %d entries", run, got)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestExpectedFiguresOfARun(t *testing.T) {
	click := Entry{EventType: "click", Campaign: "c", Outcome: Routed, Acked: true, PriceMicros: 500_000, Currency: "USD"}
	with := func(status string) Entry { e := click; e.Status = status; return e }
	entries := []Entry{
		with("Valid"), with("Suspicious"), with("Fraudulent"),
		{EventType: "impression", Campaign: "c", Outcome: Routed, Acked: true},
		{EventType: "impression", Campaign: "c", Outcome: Routed},
	}
	measured := map[string]*counts{"c": {
		impressions: 11, valid: 1, suspicious: 1, fraudulent: 1, spend: map[string]int64{"USD": 1_000_000},
	}}
	before := map[string]*counts{"c": {impressions: 10}}
	list := compare(entries, before, measured)
	if len(list) != 1 || !list[0].Same() {
		t.Errorf("got %+v: expected %+v, measured %+v", list, list[0].expected, list[0].measured)
	}
	measured["c"].spend["USD"]++
	if list := compare(entries, before, measured); list[0].Same() {
		t.Error("a micro too much went unseen")
	}
}

func TestScenariosThatMakeNoSense(t *testing.T) {
	for name, s := range map[string]Scenario{
		"no rate":      {Events: 1, Campaigns: []Campaign{{ID: "c", Share: 1}}, Visits: Visits{Person: 1}},
		"no visits":    {Rate: 1, Events: 1, Campaigns: []Campaign{{ID: "c", Share: 1}}},
		"no campaigns": {Rate: 1, Events: 1, Visits: Visits{Person: 1}},
	} {
		if err := s.check(); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
