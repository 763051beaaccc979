package aggregate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/event"
)

// topicPartition names a partition as Kafka does.
type topicPartition struct {
	topic  string
	number int32
}

// home is where an event counts: in the generation of its time, where it was sent when that is the one
// it was made for, else where it would have been sent. It depends on the event and the announced
// generations alone, so that all copies meet there, and who finds it there leaves it there. known is
// false for an event that was made for a place that is not announced.
func home(e *event.Event, generations catalog.Generations) (at topicPartition, known bool) {
	made, g := event.SrcPart(e.SrcPart), generations.At(e.PlaceTime())
	if g == nil || made.Generation() > generations[len(generations)-1].GetNumber() {
		return at, false
	}
	at.topic = g.GetTopic()
	if made.Generation() == g.GetNumber() {
		at.number = int32(made.Partition())
		return at, made.Partition() < g.GetPartitions()
	}
	partition, _ := e.PartitionIn(g.GetPartitions())
	at.number = int32(partition)
	return at, true
}

// followGenerations takes up what the catalog announces. Of two generations in one topic, which was
// given a new number after a loss, the later one is read.
func (w *worker) followGenerations() {
	list, age := w.cfg.Generations()
	w.setStale(age > w.cfg.CatalogAge)
	if slices.Equal(list, w.rules.generations) {
		return
	}
	w.rules.generations, w.topics = list, make(map[string]uint32, len(list))
	for _, g := range list {
		w.topics[g.GetTopic()] = g.GetNumber()
	}
	for topic := range w.read {
		if _, still := w.topics[topic]; !still {
			w.group.leave(topic)
			delete(w.read, topic)
		}
	}
}

func (w *worker) setStale(stale bool) {
	switch {
	case stale && !w.stale:
		w.cfg.Log.Error("counting waits: the catalog is too old to judge the log by it", "limit", w.cfg.CatalogAge)
	case !stale && w.stale:
		w.cfg.Log.Info("counting goes on: the catalog is current")
	}
	w.stale = stale
}

// awaitCatalog returns once what was read of the log may be judged. It waits only in a process that
// was itself stopped since it last looked.
func (w *worker) awaitCatalog(ctx context.Context) {
	for w.followGenerations(); w.stale && ctx.Err() == nil; w.followGenerations() {
		w.drain()
		rest(ctx)
	}
}

func rest(ctx context.Context) {
	timer := time.NewTimer(pollWait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// startTopics looks for announced topics that are not read yet. One that does not exist yet waits.
func (w *worker) startTopics(ctx context.Context, now time.Time) {
	l := &w.lanes.topics
	if !l.free(now) || now.Sub(w.lastTopics) < w.cfg.ProbeEvery {
		return
	}
	wanted := map[string]uint32{} // partitions by topic
	for _, g := range w.rules.generations {
		if !w.read[g.GetTopic()] {
			wanted[g.GetTopic()] = g.GetPartitions()
		}
	}
	if len(wanted) == 0 {
		return
	}
	w.lastTopics = now
	w.run(ctx, l, func(ctx context.Context) (func(), error) {
		there, err := w.lookForTopics(ctx, wanted)
		return func() { w.found(there) }, err
	})
}

func (w *worker) lookForTopics(ctx context.Context, wanted map[string]uint32) (there []string, err error) {
	for topic, partitions := range wanted {
		detail, err2 := w.describe(ctx, topic)
		if n := len(detail.Partitions); err2 == nil && n < int(partitions) {
			err2 = fmt.Errorf("topic %s has %d partitions, the catalog announces %d", topic, n, partitions)
		}
		if err2 != nil {
			err = errors.Join(err, err2)
			continue
		}
		there = append(there, topic)
	}
	return there, err
}

// found begins to read topics, unless they were withdrawn meanwhile.
func (w *worker) found(there []string) {
	for _, topic := range there {
		if _, announced := w.topics[topic]; announced && !w.read[topic] {
			w.read[topic] = true
			w.group.join(topic)
			w.cfg.Log.Info("reading the topic of a generation", "topic", topic, "generation", w.topics[topic])
		}
	}
}
