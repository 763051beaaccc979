package oracle

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store/topics"
	"github.com/clicktally/clicktally/test/servers"
)

// TestCountsEqualTheOracleAcrossASwitch counts random logs of a pipeline that grows: records near the
// switch lie in the wrong generation, retries and journal copies of one event in either, conversions
// long after their clicks, and the workers that move them are killed between any two effects.
func TestCountsEqualTheOracleAcrossASwitch(t *testing.T) {
	countAcross(t, startStores(t), *cases)
}

// TestCountsEqualTheOracleAcrossASwitchOnARealBroker is the same on Apache Kafka.
func TestCountsEqualTheOracleAcrossASwitchOnARealBroker(t *testing.T) {
	s := startStores(t)
	s.kafka = servers.Broker(t)
	countAcross(t, s, *brokerCases)
}

func countAcross(t *testing.T, s stores, cases int) {
	for n := range cases {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Logf("run again with -seed %d -run %s", *seed, t.Name())
			r := rand.New(rand.NewPCG(*seed, uint64(2000+n)))
			across := &across{rig: newRig(t, s, fmt.Sprintf("switch%d-%d", n, *seed))}
			scribe := newScribe(r, time.Now())
			across.at = scribe.now.Add(-time.Duration(r.IntN(100)) * time.Second)
			if r.IntN(2) == 0 { // counted for some time before anybody speaks of another generation
				scribe.latest = across.at.Add(-time.Millisecond)
				across.write(scribe.entries(1 + r.IntN(80)))
				across.interrupted(r)
				scribe.latest = time.Time{}
			}
			across.announceNext()
			if r.IntN(2) == 0 {
				across.interrupted(r) // workers that wait for its topic
			}
			across.makeNext()
			scribe.switched = across.at
			for range 1 + r.IntN(3) {
				across.write(scribe.entries(1 + r.IntN(120)))
				across.interrupted(r)
			}
			if r.IntN(2) == 0 {
				across.start("zombie", nil)
			}
			across.start("workers", nil)
			across.write(scribe.entries(1 + r.IntN(120)))
			across.agree(time.Minute)
			across.deadLettersAreNamed()
		})
	}
}

// across is a rig whose log goes on in another generation.
type across struct {
	*rig
	at      time.Time // of the switch
	written []entry
}

func (a *across) announceNext() {
	a.announce(
		&catalogpb.Generation{Number: generation, Topic: a.topics.Events(generation), Partitions: partitions},
		&catalogpb.Generation{Number: nextGeneration, Topic: a.topics.Events(nextGeneration), Partitions: nextPartitions, StartMs: a.at.UnixMilli()},
	)
}

func (a *across) makeNext() {
	a.t.Helper()
	_, err := topics.Ensure(a.t.Context(), kadm.NewClient(a.kafka), a.topics, topics.Config{Generation: nextGeneration, Partitions: nextPartitions, Replication: 1})
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *across) write(entries []entry) {
	a.t.Helper()
	a.rig.write(entries)
	for _, e := range entries {
		if e.reason == "" {
			a.written = append(a.written, e)
		}
	}
}

// home is the generation of an event: that of its time, or of its click's.
func (a *across) home(e *event.Event) uint32 {
	ms := e.Timestamp
	if e.EventType == event.EventType_EVENT_TYPE_CONVERSION && len(e.ClickId) == 16 {
		ms = 0
		for _, b := range e.ClickId[:6] {
			ms = ms<<8 | int64(b)
		}
	}
	if ms >= a.at.UnixMilli() {
		return nextGeneration
	}
	return generation
}

// identityOf is what is counted once within a generation.
func identityOf(e *event.Event) [8]any {
	if e.Origin == event.Origin_ORIGIN_OWN {
		return [8]any{e.SrcPart, string(e.EventId)}
	}
	return [8]any{e.Caller, e.CampaignId, e.AdId, e.EventType, string(e.EventId), e.Timestamp}
}

// readBack is what the log of both generations holds of countable records in the generation of their
// time. Whatever was written must be there, all copies of one event in one partition.
func (a *across) readBack() error {
	var found []Record
	places := map[[8]any]event.SrcPart{}
	for record, e := range a.everything() {
		at := event.NewSrcPart(generation, uint32(record.Partition))
		if record.Topic == a.topics.Events(nextGeneration) {
			at = event.NewSrcPart(nextGeneration, uint32(record.Partition))
		}
		if a.home(e) != at.Generation() {
			continue // it counts where it was moved to
		}
		found = append(found, Record{SrcPart: at, Offset: uint64(record.Offset), Event: e})
		if before, known := places[identityOf(e)]; known && before != at {
			return fmt.Errorf("copies of event %s lie in %x and %x", e.EventIDText(), before, at)
		}
		places[identityOf(e)] = at
	}
	a.records = found
	for _, written := range a.written {
		e := new(event.Event)
		if err := event.Decode(written.value, e); err != nil {
			return err
		}
		if _, there := places[identityOf(e)]; !there {
			return fmt.Errorf("event %s, written to %x, is not in generation %d yet", e.EventIDText(), written.at, a.home(e))
		}
	}
	return nil
}

// everything yields the countable records of both topics: those that are no dead letters.
func (a *across) everything() map[*kgo.Record]*event.Event {
	a.t.Helper()
	all := []string{a.topics.Events(generation), a.topics.Events(nextGeneration)}
	ends, err := kadm.NewClient(a.kafka).ListCommittedOffsets(a.t.Context(), all...)
	if err != nil {
		a.t.Fatal(err)
	}
	client, err := kgo.NewClient(append(a.seeds, kgo.ConsumeTopics(all...), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))...)
	if err != nil {
		a.t.Fatal(err)
	}
	defer client.Close()
	left := 0
	ends.Each(func(o kadm.ListedOffset) { left += int(o.Offset) })
	ctx, cancel := context.WithTimeout(a.t.Context(), patience)
	defer cancel()
	found := map[*kgo.Record]*event.Event{}
	for left > 0 {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			a.t.Fatalf("%d records of the log could not be read", left)
		}
		for record := range fetches.RecordsAll() {
			if end, _ := ends.Lookup(record.Topic, record.Partition); record.Offset >= end.Offset {
				continue
			}
			left--
			e := new(event.Event)
			if event.Decode(record.Value, e) == nil && countable(record, e) {
				found[record] = e
			}
		}
	}
	return found
}

// countable leaves out what the scribe made to be a dead letter.
func countable(record *kgo.Record, e *event.Event) bool {
	return e.Timestamp >= record.Timestamp.AddDate(0, 0, -90).UnixMilli() && event.SrcPart(e.SrcPart).Generation() <= nextGeneration
}

// agree waits until every event is in the generation of its time and the stores agree with the oracle.
// Meanwhile records move, so that what a reader sees is compared with the log that is read after it.
func (a *across) agree(within time.Duration) {
	a.t.Helper()
	deadline := time.Now().Add(within)
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for ; ; <-again.C {
		diff := ""
		err := a.readBack()
		if err == nil {
			diff, err = a.compare()
		}
		if err == nil && diff == "" {
			return
		}
		if time.Now().After(deadline) {
			a.t.Fatalf("after %v %v %s", within, err, diff)
		}
	}
}
