package rollup_test

import (
	"errors"
	"maps"
	"math/big"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/ledger/rollup"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/test/ledgertest"
	"github.com/clicktally/clicktally/test/oracle"
)

// Newfoundland leaves summer time on 2026-11-01 at 04:31 UTC, the United States' rule: that day has 25 hours.
var (
	begin = time.Date(2026, 10, 31, 20, 0, 0, 0, time.UTC)
	end   = time.Date(2026, 11, 2, 6, 0, 0, 0, time.UTC)
	now   = end.Add(24 * time.Hour)
	parts = []event.SrcPart{event.NewSrcPart(3, 0), event.NewSrcPart(3, 1), event.NewSrcPart(4, 0)}
	zones = []string{"UTC", "Asia/Kolkata", "America/St_Johns"}
)

var figures = []string{
	"impressions", "page_views", "click_throughs", "bounces", "conversions", "clicks_valid", "clicks_suspicious",
	"clicks_fraudulent", "clicks_test", "clicks_closed", "clicks_duplicate", "duplicates",
	"spend_valid", "spend_suspicious", "spend_fraudulent", "cost",
}

func locations(t *testing.T) []*time.Location {
	t.Helper()
	list := make([]*time.Location, len(zones))
	for i, name := range zones {
		var err error
		if list[i], err = time.LoadLocation(name); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func newRoller(t *testing.T, p *ledgertest.Pipeline, fault func(string) error) *rollup.Roller {
	t.Helper()
	r, err := rollup.New(rollup.Config{
		ClickHouse: p.Conn, Database: p.Database, Zones: locations(t), Now: func() time.Time { return now }, Fault: fault,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// write fills the log with random events, a fifth of them copies, and loads and computes it.
func write(p *ledgertest.Pipeline, r *rand.Rand, n int) {
	for range n {
		part := parts[r.IntN(len(parts))]
		if log := p.Log[part]; len(log) > 0 && r.IntN(5) == 0 {
			p.Append(log[r.IntN(len(log))])
			continue
		}
		p.Append(p.Random(r, part, begin.Add(time.Duration(r.IntN(int(end.Sub(begin)/(7*time.Minute))))*7*time.Minute+time.Duration(r.IntN(60))*time.Second)))
	}
	p.Load(now)
	p.Compute(now)
}

type totals map[string]map[string]int64

func (t totals) add(key, name string, value int64) {
	if value == 0 {
		return
	}
	if t[key] == nil {
		t[key] = map[string]int64{}
	}
	t[key][name] += value
}

// wanted sums the oracle's minutes by a key of them; without a key they count for nothing.
func wanted(p *ledgertest.Pipeline, key func(oracle.Key) string) totals {
	sums := totals{}
	for at, row := range oracle.Recount(p.Records(), store.MaxStated) {
		for name, value := range row {
			sums.add(key(at), name, value)
		}
	}
	return sums
}

// read sums the figures of a table by an expression.
func read(t *testing.T, p *ledgertest.Pipeline, key, from string) totals {
	t.Helper()
	columns := make([]string, len(figures))
	for i, name := range figures {
		columns[i] = "toInt64(sum(" + name + "))"
	}
	rows, err := p.Conn.Query(t.Context(), "SELECT "+key+" AS k, "+strings.Join(columns, ", ")+" FROM "+from+" GROUP BY k")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	sums := totals{}
	for rows.Next() {
		var k string
		values := make([]int64, len(figures))
		to := []any{&k}
		for i := range values {
			to = append(to, &values[i])
		}
		if err := rows.Scan(to...); err != nil {
			t.Fatal(err)
		}
		for i, name := range figures {
			sums.add(k, name, values[i])
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return sums
}

func agree(t *testing.T, p *ledgertest.Pipeline) {
	t.Helper()
	want := wanted(p, func(k oracle.Key) string {
		return strings.Join(append([]string{time.Unix(k.Minute, 0).UTC().Truncate(store.QuarterLength).Format(time.DateTime)}, k.Dims[:]...), "|")
	})
	const quarterKey = `concatWithSeparator('|', toString(quarter), campaign_id, ad_id, publisher_id, ts_id, advertiser_id, country, region, device_type, price_currency, cost_currency)`
	if diff := cmp.Diff(want, read(t, p, quarterKey, store.QuartersAtLatest(p.Database, begin, end))); diff != "" {
		t.Errorf("quarter-hours (-oracle +ClickHouse):\n%s", diff)
	}
	for _, zone := range locations(t) {
		want := wanted(p, func(k oracle.Key) string {
			return strings.Join([]string{time.Unix(k.Minute, 0).In(zone).Format(time.DateOnly), k.Dims[4], k.Dims[0], k.Dims[8], k.Dims[9]}, "|")
		})
		const dayKey = `concatWithSeparator('|', toString(day), advertiser_id, campaign_id, price_currency, cost_currency)`
		if diff := cmp.Diff(want, read(t, p, dayKey, store.DaysAtLatest(p.Database, zone, begin.AddDate(0, 0, -1), end.AddDate(0, 0, 1)))); diff != "" {
			t.Errorf("days in %s (-oracle +ClickHouse):\n%s", zone, diff)
		}
	}
}

func pass(t *testing.T, r *rollup.Roller) rollup.Done {
	t.Helper()
	done, err := r.Pass(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func TestRollUpsEqualTheOracleByQuarterAndByDay(t *testing.T) {
	p, random := ledgertest.New(t), rand.New(rand.NewPCG(1, 6))
	roller := newRoller(t, p, nil)
	write(p, random, 1200)
	if done := pass(t, roller); done.Quarters == 0 || done.Days == 0 {
		t.Fatalf("nothing was written: %+v", done)
	}
	agree(t, p)
	if done := pass(t, roller); done != (rollup.Done{}) {
		t.Errorf("nothing changed, and yet a pass wrote %+v", done)
	}
	// Late events change minutes that were rolled up before.
	write(p, random, 60)
	if done := pass(t, roller); done.Quarters == 0 || done.Quarters > 60 {
		t.Errorf("60 late events made a pass write %d quarter-hours", done.Quarters)
	}
	agree(t, p)
}

func TestAKeyThatVanishesWithAnEpochCountsNoMore(t *testing.T) {
	p := ledgertest.New(t)
	roller := newRoller(t, p, nil)
	one, two := p.Click(parts[0], begin), p.Click(parts[0], begin.Add(time.Minute))
	p.Append(one, two)
	p.Load(now)
	p.Compute(now)
	pass(t, roller)
	// A restate of one minute only: another campaign has its click now, at the same cut, under a higher epoch.
	one.CampaignId = "other"
	p.Exec("ALTER TABLE " + p.Database + ".events UPDATE campaign_id = 'other' WHERE src_off = 0 SETTINGS mutations_sync = 2")
	p.Epoch = 2
	cut := []store.Cut{{SrcPart: parts[0], Minute: begin.Unix(), Offset: 2}}
	p.Exec(store.InsertMinutes(p.Database, p.Epoch, store.MaxStated, cut))
	p.Exec(store.InsertMarks(p.Database, now, cut))
	if done := pass(t, roller); done.Quarters != 1 {
		t.Fatalf("a raised epoch made a pass write %d quarter-hours, want 1", done.Quarters)
	}
	agree(t, p)
	// A zombie of the first epoch wakes and adds the key again, and the sums stay.
	p.Exec("INSERT INTO " + p.Database + ".quarters (src_part, quarter, campaign_id, ver, clicks_valid) VALUES (" +
		"196608, toDateTime('2026-10-31 20:00:00', 'UTC'), 'zombie', 2, 100)")
	agree(t, p)
}

func TestAPassThatDiesAtAnyStepIsRepeatedByTheNext(t *testing.T) {
	died := errors.New("died")
	for n := range 4 {
		p, random, steps := ledgertest.New(t), rand.New(rand.NewPCG(uint64(n), 7)), 0
		dying := newRoller(t, p, func(string) error {
			if steps++; steps > n {
				return died
			}
			return nil
		})
		write(p, random, 150)
		if _, err := dying.Pass(t.Context()); !errors.Is(err, died) {
			t.Fatalf("step %d: %v", n, err)
		}
		pass(t, newRoller(t, p, nil))
		agree(t, p)
		if got, want := visitors(t, p), wantedVisitors(p); !maps.Equal(got, want) {
			t.Errorf("after a death at step %d visitors are %v, want %v", n, got, want)
		}
	}
}

func TestSeveralRollersAtOnceAreOne(t *testing.T) {
	p := ledgertest.New(t)
	write(p, rand.New(rand.NewPCG(3, 8)), 400)
	var group sync.WaitGroup
	for range 3 {
		roller := newRoller(t, p, nil)
		group.Go(func() {
			if _, err := roller.Pass(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	agree(t, p)
}

func TestAQuarterThatIsNotOverIsLeftAlone(t *testing.T) {
	p := ledgertest.New(t)
	p.Append(p.Click(parts[0], now.Add(-time.Minute)))
	p.Load(now)
	p.Compute(now)
	if done := pass(t, newRoller(t, p, nil)); done.Quarters != 0 {
		t.Errorf("a quarter-hour that ends later was written")
	}
}

func visitors(t *testing.T, p *ledgertest.Pipeline) map[string]uint64 {
	t.Helper()
	rows, err := p.Conn.Query(t.Context(), "SELECT campaign_id, uniqCombined64Merge(14)(visitors) AS n FROM "+
		store.VisitorsAtLatest(p.Database, begin, end)+" GROUP BY campaign_id HAVING n > 0")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := map[string]uint64{}
	for rows.Next() {
		var campaign string
		var n uint64
		if err := rows.Scan(&campaign, &n); err != nil {
			t.Fatal(err)
		}
		found[campaign] = n
	}
	return found
}

// wantedVisitors counts exactly, which a state of few visitors does as well.
func wantedVisitors(p *ledgertest.Pipeline) map[string]uint64 {
	seen, counts := map[[2]string]bool{}, map[string]uint64{}
	for _, r := range p.Records() {
		campaign := r.Event.CampaignId
		switch r.Event.Disposition.Name() {
		case "Orphan":
			campaign = ""
		case "Routed":
		default:
			continue
		}
		if key := [2]string{campaign, string(r.Event.UserId)}; r.Event.EventType.Name() == "click" && !seen[key] {
			seen[key] = true
			counts[campaign]++
		}
	}
	return counts
}

func TestVisitorsMerge(t *testing.T) {
	p := ledgertest.New(t)
	write(p, rand.New(rand.NewPCG(5, 5)), 600)
	pass(t, newRoller(t, p, nil))
	if got, want := visitors(t, p), wantedVisitors(p); !maps.Equal(got, want) {
		t.Errorf("visitors by campaign are %v, want %v", got, want)
	}
}

// TestTheVersionOfAQuarterHoldsTheHighestEpochs pins the width: 15 minutes of the last epoch at the last offset.
func TestTheVersionOfAQuarterHoldsTheHighestEpochs(t *testing.T) {
	p := ledgertest.New(t)
	const highest = ^uint64(0)
	batch, err := p.Conn.PrepareBatch(t.Context(), "INSERT INTO "+p.Database+".minutes (src_part, minute, ver, clicks_valid)")
	if err != nil {
		t.Fatal(err)
	}
	for n := range 15 {
		if err := batch.Append(uint32(parts[0]), begin.Add(time.Duration(n)*time.Minute), highest, uint64(1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := batch.Send(); err != nil {
		t.Fatal(err)
	}
	p.Exec("INSERT INTO " + p.Database + ".marks (src_part, minute, ver) SELECT src_part, minute, ver FROM " + p.Database + ".minutes")
	pass(t, newRoller(t, p, nil))
	var ver *big.Int
	if err := p.Conn.QueryRow(t.Context(), "SELECT max(ver) FROM "+p.Database+".quarters").Scan(&ver); err != nil {
		t.Fatal(err)
	}
	if want := new(big.Int).Mul(big.NewInt(15), new(big.Int).SetUint64(highest)); ver.Cmp(want) != 0 {
		t.Errorf("ver is %s, want %s", ver, want)
	}
}
