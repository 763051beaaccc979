package seal_test

import (
	"context"
	"errors"
	"math/big"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/ledger"
	"github.com/clicktally/clicktally/runtime/ledger/seal"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/test/ledgertest"
)

// rig is a pipeline whose last completed hour is to be sealed.
type rig struct {
	*ledgertest.Pipeline
	t      *testing.T
	period seal.Period
	config seal.Config
}

func newRig(t *testing.T) *rig {
	t.Helper()
	from := time.Now().UTC().Truncate(time.Hour).Add(-3 * time.Hour)
	period, err := seal.NewPeriod(from, from.Add(time.Hour), time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Pipeline: ledgertest.NewWithKafka(t), t: t, period: period}
	r.config = seal.Config{ClickHouse: r.Conn, Database: r.Database, Catalog: r.Catalog, Checker: r.Ledger()}
	return r
}

// write logs random events of the period and its neighbours, a fifth of them copies, and nothing more.
func (r *rig) write(seed uint64, n int) {
	random := rand.New(rand.NewPCG(seed, 65))
	for range n {
		part := ledgertest.Part(random.Uint32N(ledgertest.Partitions))
		if log := r.Log[part]; len(log) > 0 && random.IntN(5) == 0 {
			r.Append(log[random.IntN(len(log))])
			continue
		}
		r.Append(r.Random(random, part, r.period.From.Add(time.Duration(random.IntN(70)-5)*time.Minute)))
	}
	r.Beat(ledgertest.Boot, nil)
}

func (r *rig) count() {
	r.Load(time.Now())
	r.Compute(time.Now())
}

func (r *rig) try(change func(*seal.Config, *seal.Request)) (*seal.Result, error) {
	r.t.Helper()
	config, request := r.config, seal.Request{Period: r.period, Who: "finance"}
	if change != nil {
		change(&config, &request)
	}
	s, err := seal.New(config)
	if err != nil {
		r.t.Fatal(err)
	}
	return s.Seal(r.t.Context(), request)
}

func (r *rig) seal() *seal.Result {
	r.t.Helper()
	result, err := r.try(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return result
}

// refused expects that the period cannot be sealed, for the reason.
func (r *rig) refused(reason string, change func(*seal.Config, *seal.Request)) {
	r.t.Helper()
	result, err := r.try(change)
	if !errors.Is(err, seal.ErrNotReady) || !strings.Contains(err.Error(), reason) {
		r.t.Errorf("got %+v, %v; want it refused for %s", result, err, reason)
	}
	if sealed, err := store.ReadAllSealed(r.t.Context(), r.Conn, r.Database); err != nil || len(sealed) != 0 {
		r.t.Errorf("%d revisions were sealed, %v", len(sealed), err)
	}
}

var amounts = cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })

// wanted counts the log naively: each identity once, at its first place, what the campaign names by its name.
func (r *rig) wanted() []store.BillLine {
	type identity struct {
		part event.SrcPart
		id   string
	}
	seen, lines := map[identity]bool{}, map[store.BillKey]*store.BillLine{}
	for part, log := range r.Log {
		for _, e := range log {
			at := time.UnixMilli(e.Timestamp)
			key := identity{part, string(e.EventId)}
			if e.EventType.Name() != "click" || seen[key] || at.Before(r.period.From) || !at.Before(r.period.To) {
				continue
			}
			seen[key] = true
			k := store.BillKey{Advertiser: e.AdvertiserId, Campaign: e.CampaignId, Ad: e.AdId, Publisher: e.PublisherId}
			if e.Named&event.NamedAd == 0 && k.Ad != "" {
				k.Ad = "~other"
			}
			if e.Named&event.NamedPublisher == 0 && k.Publisher != "" {
				k.Publisher = "~other"
			}
			price := int64(0)
			switch e.Disposition.Name() {
			case "Routed":
				k.Currency, price = e.PriceCurrency, e.PriceMicros
			case "Orphan":
				k.Campaign = ""
			}
			l := lines[k]
			if l == nil {
				l = &store.BillLine{BillKey: k}
				for i := range l.Micros {
					l.Micros[i] = new(big.Int)
				}
				lines[k] = l
			}
			bucket := store.Valid
			sophisticated := e.Verdict.Status.Name() != "Valid" && e.Verdict.Reasons[1].Reason.Name() == "ModelHigh"
			switch e.Verdict.Status.Name() + map[bool]string{true: "+"}[sophisticated] {
			case "Suspicious":
				bucket = store.SuspiciousGeneral
			case "Suspicious+":
				bucket = store.SuspiciousSophisticated
			case "Fraudulent":
				bucket = store.FraudulentGeneral
			case "Fraudulent+":
				bucket = store.FraudulentSophisticated
			}
			switch e.Disposition.Name() {
			case "Test":
				l.Test++
			case "Closed":
				l.Closed++
			default:
				l.Clicks[bucket]++
				l.Micros[bucket].Add(l.Micros[bucket], big.NewInt(price))
			}
		}
	}
	var list []store.BillLine
	for _, l := range lines {
		list = append(list, *l)
	}
	return list
}

func sameLines(t *testing.T, what string, want, got []store.BillLine) {
	t.Helper()
	less := func(a, b store.BillLine) bool {
		return strings.Join([]string{a.Advertiser, a.Campaign, a.Ad, a.Publisher, a.Currency}, "|") <
			strings.Join([]string{b.Advertiser, b.Campaign, b.Ad, b.Publisher, b.Currency}, "|")
	}
	if diff := cmp.Diff(want, got, amounts, cmpopts.SortSlices(less), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestASealedRevisionStatesWhatTheLogHolds(t *testing.T) {
	r := newRig(t)
	r.write(1, 400)
	r.count()
	first := r.seal()
	if !first.Created || first.Revision.Number != 1 {
		t.Fatalf("created %t, revision %d", first.Created, first.Revision.Number)
	}
	sameLines(t, "lines", r.wanted(), first.Revision.Lines)
	sameLines(t, "adjustments of a first revision", first.Revision.Lines, first.Adjustments)
	if want := []string{"01", "02"}; !cmp.Equal(first.Revision.Policies, want) {
		t.Errorf("policies %v, want %v", first.Revision.Policies, want)
	}
	if err := seal.Rederive(t.Context(), r.raw(), first.Revision); err != nil {
		t.Error(err)
	}
	if again := r.seal(); again.Created || again.Revision.Hash != first.Revision.Hash {
		t.Errorf("sealed twice: created %t", again.Created)
	}

	// Nothing of the period comes, and the log goes on: still the same bill.
	r.Append(r.Click(ledgertest.Part(0), r.period.To.Add(30*time.Minute)))
	r.Beat(ledgertest.Boot, nil)
	r.count()
	if again := r.seal(); again.Created {
		t.Error("a click of the next hour made a revision of this one")
	}

	// A late event makes the next revision, and the first stays what it was.
	late := r.Click(ledgertest.Part(1), r.period.From.Add(7*time.Minute))
	r.Append(late)
	r.Beat(ledgertest.Boot, nil)
	r.Load(time.Now()) // nobody computes the minute: a seal forces it
	second := r.seal()
	if !second.Created || second.Revision.Number != 2 {
		t.Fatalf("created %t, revision %d", second.Created, second.Revision.Number)
	}
	sameLines(t, "lines of the second revision", r.wanted(), second.Revision.Lines)
	one := []store.BillLine{{
		BillKey: store.BillKey{Advertiser: "adv", Campaign: "c", Ad: "a", Publisher: "p", Currency: "USD"},
		Clicks:  [store.Buckets]int64{1},
		Micros:  [store.Buckets]*big.Int{big.NewInt(500_000), new(big.Int), new(big.Int), new(big.Int), new(big.Int)},
	}}
	sameLines(t, "adjustments", one, second.Adjustments)

	// A changed verdict, too: here the row is written again by a newer loader.
	r.Exec("INSERT INTO " + r.Database + ".events SELECT * REPLACE('Fraudulent' AS status, loader + 1 AS loader) FROM " + r.Database +
		".events FINAL WHERE event_id = '" + late.EventIDText() + "'")
	late.Verdict = &event.Verdict{Status: event.Status_STATUS_FRAUDULENT}
	moved := one[0]
	moved.Clicks, moved.Micros = [store.Buckets]int64{-1, 0, 0, 0, 1}, [store.Buckets]*big.Int{big.NewInt(-500_000), new(big.Int), new(big.Int), new(big.Int), big.NewInt(500_000)}
	r.restate(late)
	third := r.seal()
	sameLines(t, "adjustments of a verdict", []store.BillLine{moved}, third.Adjustments)

	for number, want := range map[uint32]*seal.Revision{1: first.Revision, 2: second.Revision, 0: third.Revision} {
		got, err := seal.Read(t.Context(), r.raw(), r.period, number)
		if err != nil {
			t.Fatal(err)
		}
		sameLines(t, "as it was sealed", want.Lines, got.Lines)
		if got.Hash != want.Hash {
			t.Errorf("revision %d has another hash", number)
		}
	}
	if err := seal.Rederive(t.Context(), r.raw(), first.Revision); err != nil {
		t.Errorf("the first revision at its cuts: %v", err)
	}
	if err := seal.Rederive(t.Context(), r.raw(), second.Revision); err == nil {
		t.Error("raw says another verdict than the second revision, and nobody saw it")
	}
}

func (r *rig) raw() seal.Raw {
	return seal.Raw{ClickHouse: r.Conn, Database: r.Database, RowsAtOnce: 100}
}

// journal reports a boot that has events in its journal since the period.
func (r *rig) journal(boot uint64) {
	for _, at := range []time.Time{r.period.From, time.Now()} {
		r.Beat(boot, func(h *event.Heartbeat) { h.At, h.JournalBytes, h.JournalCapacity = at.UnixMilli(), 100, 1000 })
	}
}

// restate computes the minute of an event again without the guard.
func (r *rig) restate(e *event.Event) {
	part := event.SrcPart(e.SrcPart)
	cut := []store.Cut{{SrcPart: part, Minute: store.MinuteOf(e.Timestamp), Offset: uint64(len(r.Log[part]))}}
	r.Exec(store.RestateMinutes(r.Database, r.Epoch+1, store.MaxStated, cut))
	r.Exec(store.InsertMarks(r.Database, time.Now(), cut))
}

func TestAPeriodIsNotSealed(t *testing.T) {
	tests := map[string]struct {
		spoil  func(*rig)
		reason string
		change func(*seal.Config, *seal.Request)
	}{
		"before its grace is over": {reason: "grace", change: func(_ *seal.Config, r *seal.Request) { r.Grace = 100 * time.Hour }},
		"while the log goes further than the load": {reason: string(ledger.NotLoaded), spoil: func(r *rig) {
			r.Append(r.Click(ledgertest.Part(0), r.period.From))
			r.Beat(ledgertest.Boot, nil)
		}},
		"while a partition without any row has an unread log": {reason: string(ledger.NotLoaded), spoil: func(r *rig) {
			r.Exec("TRUNCATE TABLE " + r.Database + ".events")
			r.Exec("TRUNCATE TABLE " + r.Database + ".manifests")
			r.Exec("TRUNCATE TABLE " + r.Database + ".minutes")
			r.Exec("TRUNCATE TABLE " + r.Database + ".marks")
			r.Insert(ledgertest.Part(0), 0, len(r.Log[ledgertest.Part(0)]))
			r.Manifest(ledgertest.Part(0), 0, len(r.Log[ledgertest.Part(0)]), time.Now())
		}},
		"while a manifest has a hole": {reason: string(ledger.ManifestMissing), spoil: func(r *rig) {
			part := ledgertest.Part(0)
			n := len(r.Log[part])
			r.Append(r.Click(part, r.period.From), r.Click(part, r.period.From), r.Click(part, r.period.From))
			r.Beat(ledgertest.Boot, nil)
			r.Insert(part, n, n+3)
			r.Manifest(part, n+1, n+3, time.Now())
		}},
		"while a manifest says more than raw holds": {reason: string(ledger.RawMissing), spoil: func(r *rig) {
			r.Exec("ALTER TABLE " + r.Database + ".events DELETE WHERE src_off = 3 SETTINGS mutations_sync = 2")
		}},
		"while a minute is dirty and may not be computed": {reason: string(ledger.MinutesDirty), change: func(_ *seal.Config, r *seal.Request) { r.DryRun = true }, spoil: func(r *rig) {
			r.Append(r.Click(ledgertest.Part(0), r.period.From))
			r.Beat(ledgertest.Boot, nil)
			r.Load(time.Now())
		}},
		"while a boot has events in its journal": {reason: string(ledger.JournalOpen), spoil: func(r *rig) {
			r.journal(77)
		}},
		"after the heartbeats of a boot expired": {reason: string(ledger.BootUnheard), spoil: func(r *rig) {
			e := r.Click(ledgertest.Part(0), r.period.From)
			id := event.NewID(e.Timestamp, 0, 78, 0)
			e.BootId, e.EventId, e.Counter = 78, id[:], 0
			r.Append(e)
			r.count()
		}},
		"after a boot went silent with a journal": {reason: string(ledger.JournalOpen), spoil: func(r *rig) {
			r.Beat(79, func(h *event.Heartbeat) { h.JournalCapacity, h.At = 1000, r.period.From.UnixMilli() })
		}},
		"when the check says nothing about a partition of the catalog": {reason: "nothing was said", change: func(c *seal.Config, _ *seal.Request) {
			c.Checker = fromRows{c.Checker}
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.write(2, 60)
			r.count()
			if test.spoil != nil {
				test.spoil(r)
			}
			r.refused(test.reason, test.change)
		})
	}
}

// fromRows is a checker that lists partitions from rows instead of the catalog: it misses those that have none.
type fromRows struct{ seal.Checker }

func (c fromRows) Check(ctx context.Context, p ledger.Period, say func(string)) (*ledger.Report, error) {
	report, err := c.Checker.Check(ctx, p, say)
	if report != nil {
		report.Parts, report.Findings = report.Parts[:1], nil
	}
	return report, err
}

func TestFinanceOverridesABootByName(t *testing.T) {
	r := newRig(t)
	r.write(3, 40)
	r.count()
	r.journal(77)
	r.refused(string(ledger.JournalOpen), func(_ *seal.Config, request *seal.Request) { request.Override = []string{"tracker-4e"} })
	result, err := r.try(func(_ *seal.Config, request *seal.Request) { request.Override = []string{"tracker-4d"} })
	if err != nil {
		t.Fatal(err)
	}
	if o := result.Revision.Overridden; len(o) != 1 || !strings.Contains(o[0], "tracker-4d") {
		t.Errorf("the revision says it was overridden for %q", o)
	}
}

func TestASealThatDiesAtAnyStepIsRepeated(t *testing.T) {
	died := errors.New("died")
	for n := range 4 {
		r, steps := newRig(t), 0
		r.write(uint64(4+n), 40)
		r.Load(time.Now()) // the minutes wait for the seal
		_, err := r.try(func(c *seal.Config, _ *seal.Request) {
			c.Fault = func(string) error {
				if steps++; steps > n {
					return died
				}
				return nil
			}
		})
		if !errors.Is(err, died) {
			t.Fatalf("step %d: %v", n, err)
		}
		result := r.seal()
		sameLines(t, "lines", r.wanted(), result.Revision.Lines)
		if sealed, err := store.ReadAllSealed(t.Context(), r.Conn, r.Database); err != nil || len(sealed) != 1 || sealed[0].Revision != 1 {
			t.Errorf("after a death at step %d there are %d revisions, %v", n, len(sealed), err)
		}
	}
}

func TestOfTwoWritersOfOneNameTheFirstWins(t *testing.T) {
	r := newRig(t)
	r.write(9, 60)
	r.count()
	same := make([]*seal.Result, 3)
	var group sync.WaitGroup
	for i := range same {
		group.Go(func() {
			var err error
			if same[i], err = r.try(nil); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, one := range same {
		if one != nil && one.Revision.Hash != same[0].Revision.Hash {
			t.Error("sealers of one log came to different contents")
		}
	}
	// A sealer that counted earlier, and was paused before it wrote, meets the revision of another.
	paused, resume, failed := make(chan struct{}), make(chan struct{}), make(chan error)
	r.Append(r.Click(ledgertest.Part(0), r.period.From))
	r.Beat(ledgertest.Boot, nil)
	r.count()
	go func() {
		_, err := r.try(func(c *seal.Config, _ *seal.Request) {
			c.Fault = func(effect string) error {
				if effect == "revision" {
					close(paused)
					<-resume
				}
				return nil
			}
		})
		failed <- err
	}()
	<-paused
	r.Append(r.Click(ledgertest.Part(0), r.period.From))
	r.Beat(ledgertest.Boot, nil)
	r.count()
	winner := r.seal()
	close(resume)
	if err := <-failed; !errors.Is(err, seal.ErrTaken) {
		t.Errorf("the second writer got %v, want %v", err, seal.ErrTaken)
	}
	if now, err := seal.Read(t.Context(), r.raw(), r.period, 2); err != nil || now.Hash != winner.Revision.Hash {
		t.Errorf("revision 2 is not the first writer's any more: %v", err)
	}
}

func TestAChangedBillIsNoticed(t *testing.T) {
	r := newRig(t)
	r.write(10, 60)
	r.count()
	r.seal()
	r.Exec("ALTER TABLE " + r.Database + ".sealed_lines UPDATE micros = arrayMap(m -> m + 1, micros) WHERE 1 SETTINGS mutations_sync = 2")
	if _, err := seal.Read(t.Context(), r.raw(), r.period, 0); err == nil || !strings.Contains(err.Error(), "not what was sealed") {
		t.Errorf("got %v", err)
	}
}
