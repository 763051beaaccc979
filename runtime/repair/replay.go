package repair

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/aggregate"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// Outcome is what became of one letter.
type Outcome struct {
	Letter Letter
	To     string // topic/partition that it was produced to; empty when it was not
	Why    string // why it still cannot be counted
}

// caller marks events that were given an identity made of where their letter stood.
const caller = "dead-letter"

// Replay produces letters to the log again, to the place where they count. A sound event goes as it is,
// under its own identity: it counts once with every other copy of it, also one that came another way,
// and however often it is replayed. One without a sound identity gets one made of the place where the
// letter stood, which is as good against a second replay. A letter that still cannot be counted stays.
func (p *Pipeline) Replay(ctx context.Context, letters []Letter, by string, report func(Outcome)) error {
	if by == "" {
		return errors.New("state who replays")
	}
	records, err := p.Records(ctx)
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(append(slices.Clip(p.Kafka), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		return fmt.Errorf("connect to Kafka: %w", err)
	}
	defer client.Close()
	generations, rawDays := catalog.Generations(generationsOf(records)), rawDaysOf(records)
	for i := range letters {
		l := &letters[i]
		e, value, why := l.event()
		if why != "" {
			report(Outcome{Letter: *l, Why: why})
			continue
		}
		topic, partition, why := aggregate.Fate(e, generations, rawDays, p.now())
		if why != "" {
			report(Outcome{Letter: *l, Why: why})
			continue
		}
		record := &kgo.Record{Topic: topic, Partition: partition, Value: value}
		if err := p.step("produce", func() error { return client.ProduceSync(ctx, record).FirstErr() }); err != nil {
			return fmt.Errorf("replay letter %s: %w", l.Source(), err)
		}
		note := store.Replay{
			Place: store.Place{SrcPart: l.Part, Offset: l.Offset}, Reason: l.Reason,
			To: event.NewSrcPart(generations.At(e.PlaceTime()).GetNumber(), uint32(partition)), Identity: e.Identity(), By: by, Replayed: p.now(),
		}
		if err := p.step("replayed", func() error { return store.InsertReplay(ctx, p.ClickHouse, p.Database, note) }); err != nil {
			return fmt.Errorf("note the replay of letter %s: %w", l.Source(), err)
		}
		report(Outcome{Letter: *l, To: fmt.Sprintf("%s/%d", topic, partition)})
	}
	return nil
}

// event is what the letter holds, with the bytes to produce; why is a reason to leave it.
func (l *Letter) event() (e *event.Event, value []byte, why string) {
	if l.Cut {
		return nil, nil, "larger than any event may be: only its beginning was kept"
	}
	e = new(event.Event)
	err := event.Decode(l.Value, e)
	switch {
	case err == nil:
		return e, l.Value, ""
	case errors.Is(err, event.ErrNewerFormat):
		return nil, nil, err.Error()
	}
	if e.Reset(); e.UnmarshalVT(l.Value) != nil || e.Format == 0 {
		return nil, nil, err.Error()
	}
	e.Origin, e.Caller = event.Origin_ORIGIN_FOREIGN, caller
	e.EventId = fmt.Appendf(nil, "%d.%d", uint32(l.Part), l.Offset)
	if event.SrcPart(e.SrcPart) == 0 {
		e.SrcPart = uint32(l.Part)
	}
	value, sound := event.Append(nil, e)
	if sound != nil {
		return nil, nil, err.Error() // it was more than its identity
	}
	return e, value, ""
}
