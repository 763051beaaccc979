package oracle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/clicktally/clicktally/runtime/aggregate"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/follow"
	"github.com/clicktally/clicktally/runtime/catalog/publish"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/repair"
	"github.com/clicktally/clicktally/runtime/store"
)

// publishPipeline gives the rig a catalog under epoch 1, as an operator would.
func (r *rig) publishPipeline() {
	r.t.Helper()
	operator, err := publish.Open(r.t.Context(), publish.Config{
		Options: r.seeds, Topic: r.topics.Catalog(), TransactionalID: r.topics.Publisher(), Cluster: "c", Object: "o",
	})
	if err != nil {
		r.t.Fatal(err)
	}
	defer operator.Close()
	g := &catalogpb.Generation{Number: generation, Topic: r.topics.Events(generation), Partitions: partitions}
	records := []*catalogpb.Record{
		{Body: &catalogpb.Record_Pipeline{Pipeline: &catalogpb.Pipeline{Name: "p", OwnerCluster: "c", OwnerObject: "o", Epoch: 1, RawDays: 90}}},
		{Body: &catalogpb.Record_GenerationRecord{GenerationRecord: g}},
	}
	for _, record := range records {
		catalog.SetDigest(record)
	}
	if _, err := operator.Publish(r.t.Context(), publish.Batch{Records: records}); err != nil {
		r.t.Fatal(err)
	}
}

// follows makes workers follow the epoch of the catalog.
func (r *rig) follows() func(*aggregate.Config) {
	follower := follow.New(follow.Config{Options: r.seeds, Topic: r.topics.Catalog(), Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(r.t.Context())
	var following sync.WaitGroup
	following.Go(func() { _ = follower.Run(ctx) }) // it never fails
	r.t.Cleanup(func() { cancel(); following.Wait() })
	until(r.t, "the catalog", func() bool { return follower.Current() != nil && follower.Current().Pipeline() != nil })
	return func(c *aggregate.Config) {
		c.FollowEpoch = func() uint16 { return uint16(follower.Current().Pipeline().GetEpoch()) }
	}
}

func (r *rig) repairs() *repair.Pipeline {
	return &repair.Pipeline{Kafka: r.seeds, Topics: r.topics, ClickHouse: r.ch, Database: r.database, Redis: r.redis}
}

// settled are events of minutes that no pane holds, and Redis still does: rows alone speak of them.
func settled(s *scribe, n int) []entry {
	list := make([]entry, n)
	for i := range list {
		list[i] = encoded(s.event(s.now.Add(-25*time.Minute-time.Duration(s.r.Int64N(int64(4*time.Minute))))), "")
	}
	return list
}

// loses deletes every raw row of the places for which lost says so, behind everyone's back.
func (r *rig) loses(lost func(Record) bool) {
	r.t.Helper()
	for _, record := range r.records {
		if !lost(record) {
			continue
		}
		err := r.ch.Exec(r.t.Context(), fmt.Sprintf("ALTER TABLE %s.events DELETE WHERE src_part = %d AND src_off = %d SETTINGS mutations_sync = 2",
			store.Quote(r.database), record.SrcPart, record.Offset))
		if err != nil {
			r.t.Fatal(err)
		}
	}
	r.records = slices.DeleteFunc(r.records, lost)
}

// judgesAnew lets raw say of some records that they are another campaign's tests, as a loader of a higher
// version would: loading them again does not bring back what was.
func (r *rig) judgesAnew(wanted func(Record) bool) {
	r.t.Helper()
	for i, record := range r.records {
		if !wanted(record) {
			continue
		}
		err := r.ch.Exec(r.t.Context(), fmt.Sprintf("INSERT INTO %[1]s.events SELECT * REPLACE (toUInt16(2) AS loader, 'Test' AS disposition, 'moved' AS campaign_id)"+
			" FROM %[1]s.events FINAL WHERE src_part = %[2]d AND src_off = %[3]d", store.Quote(r.database), record.SrcPart, record.Offset))
		if err != nil {
			r.t.Fatal(err)
		}
		e := record.Event.CloneVT()
		e.Disposition, e.CampaignId = event.Disposition_DISPOSITION_TEST, "moved"
		r.records[i].Event = e
	}
}

// hours is a range around everything that settled writes.
func hours(s *scribe) repair.Range {
	return repair.Range{
		From: s.now.Add(-time.Hour).Truncate(time.Minute), To: s.now.Truncate(time.Minute).Add(-15 * time.Minute),
		Reason: "raw was lost", By: "a test", Stated: statedBound,
	}
}

func TestOnlyARestateLowersTotals(t *testing.T) {
	rig := newRig(t, startStores(t), "restate")
	rig.publishPipeline()
	follow := rig.follows()
	scribe := newScribe(rand.New(rand.NewPCG(*seed, 800)), time.Now())
	refused := make(chan struct{}, 100)
	rig.start("workers", func(c *aggregate.Config) {
		follow(c)
		c.OnCondition = func(_ event.SrcPart, condition aggregate.Condition) {
			if condition == aggregate.ConditionTotalsFell {
				select {
				case refused <- struct{}{}:
				default:
				}
			}
		}
	})
	rig.write(settled(scribe, 80))
	rig.agree(patience)
	before, err := rig.minuteRows()
	if err != nil {
		t.Fatal(err)
	}
	first := rig.records[0]
	minute := first.Event.Timestamp / 60_000
	rig.loses(func(r Record) bool { return r.SrcPart == first.SrcPart && r.Event.Timestamp/60_000 == minute })
	again := encoded(first.Event, "")
	rig.write([]entry{again}) // a late copy makes the minute dirty, and its only event
	select {
	case <-refused:
	case <-time.After(patience):
		t.Fatal("no worker told that totals would fall")
	}
	held, err := rig.minuteRows()
	if err != nil {
		t.Fatal(err)
	}
	if totals(held)["clicks_valid"] < totals(before)["clicks_valid"] || len(held) < len(before) {
		t.Fatalf("a worker let totals fall: %v, before %v", totals(held), totals(before))
	}
	would, err := rig.repairs().Compare(t.Context(), hours(scribe))
	if err != nil {
		t.Fatal(err)
	}
	if unchanged, err := rig.minuteRows(); err != nil || !sameTotals(unchanged, held) {
		t.Fatalf("a dry run changed something: %v", err)
	}
	did, err := rig.repairs().Restate(t.Context(), hours(scribe))
	if err != nil {
		t.Fatal(err)
	}
	if did.Epoch != 2 || gross(did.After) >= gross(did.Before) || gross(would.After) != gross(did.After) || gross(would.Before) != gross(did.Before) {
		t.Errorf("under epoch %d clicks went from %d to %d; the dry run said from %d to %d",
			did.Epoch, gross(did.Before), gross(did.After), gross(would.Before), gross(would.After))
	}
	rig.agree(patience)
	rig.write(settled(scribe, 40)) // and workers go on from there
	rig.agree(patience)
	rig.noteOfRestatement(did, 2)
}

func sameTotals(a, b map[Key]map[string]int64) bool {
	return fmt.Sprint(totals(a)) == fmt.Sprint(totals(b))
}

func gross(counts map[string]*store.Counts) (n uint64) {
	for _, c := range counts {
		n += c.Gross() + c.ClicksTest + c.ClicksClosed + c.Impressions + c.PageViews + c.ClickThroughs + c.Bounces + c.Conversions
	}
	return n
}

// noteOfRestatement expects the audit row.
func (r *rig) noteOfRestatement(did repair.Restated, epoch uint16) {
	r.t.Helper()
	var got uint16
	var who, reason string
	var before, after map[string]int64
	var finished time.Time
	err := r.ch.QueryRow(r.t.Context(), fmt.Sprintf("SELECT epoch, who, reason, before, after, finished FROM %s.restatements FINAL WHERE id = '%s'",
		store.Quote(r.database), did.ID)).Scan(&got, &who, &reason, &before, &after, &finished)
	if err != nil {
		r.t.Fatal(err)
	}
	if got != epoch || who != "a test" || reason != "raw was lost" || finished.Year() < 2000 {
		r.t.Errorf("the note says epoch %d, by %q, because %q, finished %v", got, who, reason, finished)
	}
	sum := store.Counts{}
	for _, c := range did.After {
		sum.Add(c)
	}
	if fmt.Sprint(after) != fmt.Sprint(sum.Figures()) || fmt.Sprint(before) == fmt.Sprint(after) {
		r.t.Errorf("the note says %v before and %v after, want %v after", before, after, sum.Figures())
	}
}

// TestARestateIsRepeatedAfterADeathAtAnyStep kills a restate before each of its steps in turn, while a
// worker follows late or never, and repeats it.
func TestARestateIsRepeatedAfterADeathAtAnyStep(t *testing.T) {
	rig := newRig(t, startStores(t), "dies")
	rig.publishPipeline()
	follow := rig.follows()
	scribe := newScribe(rand.New(rand.NewPCG(*seed, 900)), time.Now())
	rig.start("workers", follow)
	rig.start("zombie", nil) // it never hears of another epoch
	rig.write(settled(scribe, 60))
	rig.agree(patience)
	for last := 0; ; last++ {
		rig.judgesAnew(func(Record) bool { return scribe.r.IntN(8) == 0 })
		rig.write(settled(scribe, 3))
		dying := rig.repairs()
		dying.Fault = deadly(last)
		_, err := dying.Restate(t.Context(), hours(scribe))
		if err == nil {
			if last < 6 {
				t.Fatalf("a restate has %d steps", last)
			}
			break
		}
		if !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
		rig.write(settled(scribe, 3))
		if _, err := rig.repairs().Restate(t.Context(), hours(scribe)); err != nil {
			t.Fatal(err)
		}
		rig.agree(patience)
	}
	rig.agree(patience)
}

// TestARestateKeepsToItsRange leaves what lies outside as it is counted, and refuses what raw is gone of.
func TestARestateKeepsToItsRange(t *testing.T) {
	rig := newRig(t, startStores(t), "range")
	rig.publishPipeline()
	scribe := newScribe(rand.New(rand.NewPCG(*seed, 950)), time.Now())
	rig.start("workers", rig.follows())
	rig.write(settled(scribe, 60))
	rig.agree(patience)
	rows, err := rig.minuteRows()
	if err != nil {
		t.Fatal(err)
	}
	rig.loses(func(Record) bool { return true })
	r := hours(scribe)
	r.From = scribe.now.Add(-27 * time.Minute).Truncate(time.Minute)
	if _, err := rig.repairs().Restate(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	after, err := rig.minuteRows()
	if err != nil {
		t.Fatal(err)
	}
	for key, figures := range rows {
		want := fmt.Sprint(figures)
		if key.Minute >= r.From.Unix() {
			want = fmt.Sprint(map[string]int64{})
		}
		if got := fmt.Sprint(after[key]); got != want {
			t.Errorf("%v counts %s, want %s", key, got, want)
		}
	}
	r.From = scribe.now.AddDate(0, 0, -91).Truncate(time.Minute)
	if _, err := rig.repairs().Restate(t.Context(), r); !errors.Is(err, repair.ErrRange) {
		t.Errorf("a range without raw was restated: %v", err)
	}
}
