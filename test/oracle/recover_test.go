package oracle

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/clicktally/clicktally/runtime/aggregate"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/repair"
	"github.com/clicktally/clicktally/runtime/store/topics"
	"github.com/clicktally/clicktally/test/servers"
)

// onKafka runs a test on kfake and on Apache Kafka, which differ in how they tell of ids and bounds.
func onKafka(t *testing.T, test func(*testing.T, stores)) {
	t.Run("kfake", func(t *testing.T) { test(t, startStores(t)) })
	t.Run("broker", func(t *testing.T) {
		s := startStores(t)
		s.kafka = servers.Broker(t)
		test(t, s)
	})
}

// stops collects the conditions that workers tell of.
func stops(into chan aggregate.Condition) func(*aggregate.Config) {
	return func(c *aggregate.Config) {
		c.OnCondition = func(_ event.SrcPart, condition aggregate.Condition) {
			select {
			case into <- condition:
			default:
			}
		}
	}
}

func (r *rig) awaitStop(told chan aggregate.Condition, want aggregate.Condition) {
	r.t.Helper()
	select {
	case got := <-told:
		if got != want {
			r.t.Fatalf("a partition stopped for %s, want %s", got, want)
		}
	case <-time.After(patience):
		r.t.Fatalf("no partition stopped for %s", want)
	}
}

// recover gives up all that stands in the way, as an operator does.
func (r *rig) recover(want aggregate.Condition, partitions int) []repair.Finding {
	r.t.Helper()
	findings, err := r.repairs().Examine(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	if len(findings) != partitions {
		r.t.Fatalf("%d partitions are to be recovered, want %d: %+v", len(findings), partitions, findings)
	}
	for _, f := range findings {
		if f.Condition != want {
			r.t.Fatalf("%s is %s, want %s", f.Source(), f.Condition, want)
		}
		if err := r.repairs().Recover(r.t.Context(), f, "a test"); err != nil {
			r.t.Fatal(err)
		}
	}
	if again, err := r.repairs().Examine(r.t.Context()); err != nil || len(again) > 0 {
		r.t.Fatalf("after the recovery: %+v, %v", again, err)
	}
	return findings
}

func TestRecoverGoesOnBehindWhatTheLogLost(t *testing.T) {
	onKafka(t, func(t *testing.T, s stores) {
		rig := newRig(t, s, "cut")
		rig.publishPipeline()
		scribe := newScribe(rand.New(rand.NewPCG(*seed, 1000)), time.Now())
		_, stop := rig.start("workers", nil)
		rig.write(settled(scribe, 40))
		rig.agree(patience)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		kept := len(rig.records)
		rig.write(settled(scribe, 40)) // nobody loads these before they are gone
		part := rig.records[kept].SrcPart
		last := uint64(0)
		for _, r := range rig.records[kept:] {
			if r.SrcPart == part {
				last = r.Offset
			}
		}
		cut := kadm.Offsets{}
		cut.AddOffset(rig.topics.Events(generation), int32(part.Partition()), int64(last), -1) // the last one stays
		if _, err := kadm.NewClient(rig.kafka).DeleteRecords(t.Context(), cut); err != nil {
			t.Fatal(err)
		}
		gone := func(r Record) bool { return r.SrcPart == part && r.Offset < last }
		lost := 0
		for _, r := range rig.records[kept:] {
			if gone(r) {
				lost++
			}
		}
		rig.records = append(rig.records[:kept:kept], slices.DeleteFunc(rig.records[kept:], gone)...)
		told := make(chan aggregate.Condition, 10)
		rig.start("workers", stops(told))
		rig.awaitStop(told, aggregate.ConditionLogTruncated)
		findings := rig.recover(aggregate.ConditionLogTruncated, 1)
		if f := findings[0]; f.Part != part || f.To != last || f.Records < int64(lost) || f.After.IsZero() {
			t.Errorf("it gives up %d records of %s up to %d, want at least %d of %d up to %d", f.Records, f.Source(), f.To, lost, part, last)
		}
		rig.agree(patience) // without a restart
		rig.write(settled(scribe, 20))
		rig.agree(patience)
	})
}

func TestRecoverCountsATopicThatWasMadeAgain(t *testing.T) {
	onKafka(t, func(t *testing.T, s stores) {
		rig := newRig(t, s, "again")
		rig.publishPipeline()
		scribe := newScribe(rand.New(rand.NewPCG(*seed, 1100)), time.Now())
		told := make(chan aggregate.Condition, 10)
		_, stop := rig.start("workers", stops(told))
		first := settled(scribe, 60)
		rig.write(first)
		rig.agree(patience)
		admin := kadm.NewClient(rig.kafka)
		if _, err := admin.DeleteTopic(t.Context(), rig.topics.Events(generation)); err != nil {
			t.Fatal(err)
		}
		until(t, "the topic's end", func() bool {
			there, err := admin.ListTopics(kadm.WithAuthorizedOps(t.Context()), rig.topics.Events(generation))
			return err == nil && there[rig.topics.Events(generation)].Err != nil
		})
		_, err := topics.Ensure(t.Context(), admin, rig.topics, topics.Config{Generation: generation, Partitions: partitions, Replication: 1})
		if err != nil {
			t.Fatal(err)
		}
		rig.awaitStop(told, aggregate.ConditionTopicReplaced)
		rig.kafka.PurgeTopicsFromClient(rig.topics.Events(generation))
		rig.writeAgain(append(settled(scribe, 30), first[:20]...)) // journals ship copies of what was counted in the old topic
		rig.recover(aggregate.ConditionTopicReplaced, partitions)
		rig.agree(patience)
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		rig.start("workers", nil) // a take-over knows it, too
		rig.writeAgain(append(settled(scribe, 30), first[20:30]...))
		rig.agree(patience)
	})
}

// writeAgain writes to a log that begins anew: in the order of all records these come later.
func (r *rig) writeAgain(entries []entry) {
	r.t.Helper()
	before := len(r.records)
	r.write(entries)
	for i := range r.records[before:] {
		r.records[before+i].Offset += 1 << 40
	}
}

// TestReplayedLettersCountOnce replays dead letters twice, as two people would who know nothing of each
// other, beside copies that came another way.
func TestReplayedLettersCountOnce(t *testing.T) {
	rig := newRig(t, startStores(t), "letters")
	rig.publishPipeline()
	scribe := newScribe(rand.New(rand.NewPCG(*seed, 1200)), time.Now())
	rig.start("workers", nil)
	rig.write(settled(scribe, 20))
	var lost []Record
	// Nothing in them is a visitor's word: what folds depends on the order in the log, which is the replay's.
	const named = event.NamedAd | event.NamedPublisher | event.NamedSource
	for range 6 { // right records in the wrong partition
		e := scribe.event(scribe.now.Add(-26 * time.Minute))
		e.Named = named
		wrong := encoded(e, "WrongPartition")
		wrong.at = event.NewSrcPart(generation, (wrong.at.Partition()+1)%partitions)
		rig.write([]entry{wrong})
		lost = append(lost, Record{SrcPart: event.SrcPart(e.SrcPart), Offset: 1 << 40, Event: e})
	}
	nobodys := scribe.event(scribe.now.Add(-26 * time.Minute)) // sound but for its id, which is none
	nobodys.Origin, nobodys.EventId = event.Origin_ORIGIN_OWN, []byte("x")
	nobodys.Format, nobodys.Named = event.Format, named
	value, err := nobodys.MarshalVT()
	if err != nil {
		t.Fatal(err)
	}
	rig.write([]entry{{value: value, at: event.NewSrcPart(generation, event.SrcPart(nobodys.SrcPart).Partition()), reason: "Poison"}})
	rig.write([]entry{{at: event.NewSrcPart(generation, 0), value: []byte("\xff never a record"), reason: "Poison"}})
	rig.agree(patience)
	rig.deadLettersAreNamed()
	letters, err := rig.repairs().Letters(t.Context(), repair.Wanted{})
	if err != nil || len(letters) != 8 {
		t.Fatalf("%d letters, want 8: %v", len(letters), err)
	}
	for range 2 {
		replayed, refused := 0, 0
		err := rig.repairs().Replay(t.Context(), letters, "a test", func(o repair.Outcome) {
			if o.To != "" {
				replayed++
			} else {
				refused++
			}
		})
		if err != nil || replayed != 7 || refused != 1 {
			t.Fatalf("%d replayed and %d refused, want 7 and 1: %v", replayed, refused, err)
		}
	}
	adopted := nobodys.CloneVT()
	adopted.Origin, adopted.Caller, adopted.EventId = event.Origin_ORIGIN_FOREIGN, "dead-letter", []byte("any one id")
	rig.records = append(rig.records, append(lost, Record{SrcPart: event.SrcPart(nobodys.SrcPart), Offset: 1 << 40, Event: adopted})...)
	again := slices.Clone(rig.records[len(rig.records)-7:]) // the second replay is a duplicate of the first
	for i := range again {
		again[i].Offset++
	}
	rig.records = append(rig.records, again...)
	rig.agree(patience)
	letters, err = rig.repairs().Letters(t.Context(), repair.Wanted{Reason: "WrongPartition", Limit: 3})
	if err != nil || len(letters) != 3 || letters[0].Replays.IsZero() {
		t.Errorf("%d letters, the first replayed %v: %v", len(letters), letters, err)
	}
}
