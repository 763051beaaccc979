package aggregate

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store/topics"
)

// grown is a pipeline that went from 4 partitions to 12 at noon.
var grown = rules{rawDays: 90, generations: catalog.Generations{
	{Number: 1, Topic: "ct.events.1", Partitions: 4},
	{Number: 2, Topic: "ct.events.2", Partitions: 12, StartMs: noon.UnixMilli()},
}}

func TestARecordCountsInTheGenerationOfItsTime(t *testing.T) {
	before, after := noon.Add(-time.Millisecond), noon
	ad := func(partitions uint32) int32 { return int32(event.PartitionOf("ad-123", nil, nil, partitions)) }
	made := func(generation, partition uint32, at time.Time, change func(*event.Event)) *event.Event {
		e := click(at, 1)
		e.SrcPart = uint32(event.NewSrcPart(generation, partition))
		if change != nil {
			change(e)
		}
		return e
	}
	follows := func(at time.Time, partition uint32) func(*event.Event) {
		return func(e *event.Event) {
			id := event.NewID(at.UnixMilli(), partition, 7, 1)
			e.EventType, e.ClickId = event.EventType_EVENT_TYPE_CONVERSION, id[:]
		}
	}
	tests := map[string]struct {
		event  *event.Event
		found  event.SrcPart
		move   topicPartition
		reason string
	}{
		"where it was made for, before the switch":       {event: made(1, 3, before, nil), found: event.NewSrcPart(1, 3)},
		"where it was made for, from the switch on":      {event: made(2, 9, after, nil), found: event.NewSrcPart(2, 9)},
		"made by one who knew of no switch: it moves":    {event: made(1, 3, after, nil), found: event.NewSrcPart(1, 3), move: topicPartition{"ct.events.2", ad(12)}},
		"and where it was moved to it stays":             {event: made(1, 3, after, nil), found: event.NewSrcPart(2, uint32(ad(12)))},
		"in another partition of its generation":         {event: made(2, 9, after, nil), found: event.NewSrcPart(2, 8), reason: reasonWrongPartition},
		"moved to a partition that is not its own":       {event: made(1, 3, after, nil), found: event.NewSrcPart(2, uint32(ad(12)+1)%12), reason: reasonWrongPartition},
		"made for the switch and sent before it":         {event: made(2, 9, before, nil), found: event.NewSrcPart(2, 9), move: topicPartition{"ct.events.1", ad(4)}},
		"made for the other, where it belongs":           {event: made(2, 9, after, nil), found: event.NewSrcPart(1, 2), move: topicPartition{"ct.events.2", 9}},
		"made for a generation that nobody announced":    {event: made(3, 0, after, nil), found: event.NewSrcPart(2, 0), reason: reasonWrongPartition},
		"made for a partition that there is not":         {event: made(2, 12, after, nil), found: event.NewSrcPart(1, 0), reason: reasonWrongPartition},
		"a conversion of an old click stays with it":     {event: made(1, 3, after, follows(before, 3)), found: event.NewSrcPart(1, 3)},
		"a conversion goes where its click's id says":    {event: made(1, 3, after, follows(after, 11)), found: event.NewSrcPart(1, 3), move: topicPartition{"ct.events.2", 11}},
		"also when the click itself was moved elsewhere": {event: made(1, 3, after, follows(after, 3)), found: event.NewSrcPart(1, 3), move: topicPartition{"ct.events.2", 3}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			value, err := event.Append(nil, test.event)
			if err != nil {
				t.Fatal(err)
			}
			topic := grown.generations[test.found.Generation()-1].GetTopic()
			record := &kgo.Record{Topic: topic, Partition: int32(test.found.Partition()), Value: value, Timestamp: noon}
			j, err := judge(record, test.found, grown, new(event.Decoder))
			if err != nil || j.reason != test.reason || j.move != test.move {
				t.Fatalf("moves to %v, dead for %q, %v; want %v, %q", j.move, j.reason, err, test.move, test.reason)
			}
			if j.counts() != (test.reason == "" && test.move.topic == "") {
				t.Errorf("counts here: %v", j.counts())
			}
		})
	}
}

// TestACounterIsOneOfItsPartition meets the same counter of one boot twice in a pane: of an event that
// was made there, and of one that was moved there.
func TestACounterIsOneOfItsPartition(t *testing.T) {
	p := newPanes(event.NewSrcPart(2, 1), 0, 10, paneFloor(noon))
	here, moved := click(noon, 5), click(noon.Add(time.Second), 5)
	here.SrcPart, moved.SrcPart = uint32(event.NewSrcPart(2, 1)), uint32(event.NewSrcPart(1, 1))
	for _, e := range []*event.Event{here, moved, here, moved} {
		p.add(e, noon)
	}
	if got := all(p.changed(4, true))[noon.Unix()]; got.ClicksValid != 2 || got.ClicksDuplicate != 2 {
		t.Errorf("two events and a copy of each count as %+v", got)
	}
}

// TestNothingIsReadUnderAnOldCatalog polls while the catalog is too old: the client must not be asked.
func TestNothingIsReadUnderAnOldCatalog(t *testing.T) {
	age := 31 * time.Second
	cfg, err := Config{
		Kafka: []kgo.Opt{kgo.SeedBrokers("127.0.0.1:1")}, Topics: topics.Names{Prefix: "ct"}, Redis: redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"}),
		Generations: func() (catalog.Generations, time.Duration) { return grown.generations, age },
	}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	w := &worker{cfg: cfg}
	w.followGenerations()
	if err := w.poll(t.Context(), nil, 0, nil); err != nil || !w.stale {
		t.Errorf("stale: %v, %v", w.stale, err)
	}
	age = 29 * time.Second
	if w.followGenerations(); w.stale || w.topics["ct.events.2"] != 2 {
		t.Errorf("stale: %v, topics %v", w.stale, w.topics)
	}
}
