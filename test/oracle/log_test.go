package oracle

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
)

const (
	partitions = 2
	generation = 3
	boots      = 3
	// The generation after a switch.
	nextPartitions = 5
	nextGeneration = generation + 1
)

// entry is one record as it goes into the log: countable, or a dead letter with its reason.
type entry struct {
	at     event.SrcPart
	value  []byte
	reason string
}

// scribe writes random logs: own and foreign ids, duplicates of both, lateness, every disposition and
// status, several currencies, more stated values than the bound, and records that cannot be counted.
type scribe struct {
	r        *rand.Rand
	now      time.Time
	latest   time.Time // of events, when set
	switched time.Time // when the next generation begins; zero without one
	counters map[place]uint32
	written  []*event.Event
}

type place struct {
	at   event.SrcPart
	boot uint32
}

func newScribe(r *rand.Rand, now time.Time) *scribe {
	return &scribe{r: r, now: now, counters: map[place]uint32{}}
}

func (s *scribe) entries(n int) []entry {
	list := make([]entry, n)
	for i := range list {
		list[i] = s.entry()
	}
	return list
}

func (s *scribe) entry() entry {
	switch n := s.r.IntN(100); {
	case n < 2:
		return entry{at: event.NewSrcPart(generation, s.r.Uint32N(partitions)), value: []byte("\xff not protobuf"), reason: "Poison"}
	case n < 3:
		e := s.event(s.now.AddDate(0, 0, -91))
		return encoded(e, "TooLate")
	case n < 4:
		e := s.event(s.time())
		at := event.SrcPart(e.SrcPart)
		e.SrcPart = uint32(event.NewSrcPart(nextGeneration+1, at.Partition())) // nobody has announced that
		wrong := encoded(e, "WrongPartition")
		wrong.at = at
		return wrong
	case n < 24 && len(s.written) > 0:
		return s.copyOf(s.written[s.r.IntN(len(s.written))])
	case n < 32 && len(s.written) > 0:
		if e := s.written[s.r.IntN(len(s.written))]; e.Origin == event.Origin_ORIGIN_FOREIGN {
			return s.namesake(e)
		}
	}
	e := s.event(s.time())
	s.written = append(s.written, e)
	return encoded(e, "")
}

func encoded(e *event.Event, reason string) entry {
	value, err := event.Append(nil, e)
	if err != nil {
		panic(fmt.Sprintf("the scribe made a record that cannot be encoded: %v", err))
	}
	return entry{at: event.SrcPart(e.SrcPart), value: value, reason: reason}
}

// copyOf is a duplicate: the same bytes of an own event; of a foreign one a retry that may state
// other values beside its identity.
func (s *scribe) copyOf(e *event.Event) entry {
	if e.Origin == event.Origin_ORIGIN_OWN {
		return encoded(e, "")
	}
	again := e.CloneVT()
	again.Counter++
	again.PublisherId, again.PriceMicros = s.id("pub", 9), s.r.Int64N(5)*100_000
	again.SrcPart = uint32(s.place(again)) // by a process that may know more or less than the first
	return encoded(again, "")
}

// namesake is another event under the same foreign id: one part of its identity differs.
func (s *scribe) namesake(e *event.Event) entry {
	other := e.CloneVT()
	switch s.r.IntN(4) {
	case 0: // another time, within the minute or beside it
		other.Timestamp += pick(s.r, int64(-1), 1, 60_000)
		if !s.latest.IsZero() && other.Timestamp > s.latest.UnixMilli() {
			other.Timestamp = e.Timestamp - 1
		}
	case 1:
		other.Caller += "-b"
	case 2:
		other.CampaignId += "-b"
	case 3:
		other.EventType = event.EventType(1 + int(e.EventType)%6)
	}
	s.written = append(s.written, other)
	return encoded(other, "")
}

// time is mostly within the panes, sometimes at their edge or in minutes that Redis still keeps,
// rarely days or weeks ago.
func (s *scribe) time() time.Time {
	if !s.switched.IsZero() && s.r.IntN(4) == 0 {
		return s.switched.Add(time.Duration(s.r.IntN(4000)-2000) * time.Millisecond)
	}
	switch n := s.r.IntN(20); {
	case n < 12:
		return s.now.Add(-time.Duration(s.r.Int64N(int64(150 * time.Second))))
	case n < 14:
		return s.now.Add(time.Duration(s.r.Int64N(int64(2 * time.Minute))))
	case n < 16:
		return s.now.Add(-time.Duration(13+s.r.IntN(4)) * time.Minute)
	case n < 19:
		return s.now.Add(-20*time.Minute - time.Duration(s.r.IntN(3))*17*time.Minute)
	}
	return s.now.Add(-time.Duration(1+s.r.IntN(60)) * 24 * time.Hour)
}

func (s *scribe) id(kind string, n int) string {
	if i := s.r.IntN(n + 1); i > 0 {
		return fmt.Sprintf("%s-%d", kind, i)
	}
	return ""
}

func pick[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

func (s *scribe) event(at time.Time) *event.Event {
	if !s.latest.IsZero() && at.After(s.latest) {
		at = s.latest
	}
	e := &event.Event{
		EventType: event.EventType(1 + s.r.IntN(6)), Timestamp: at.UnixMilli(), Accepted: s.now.UnixMilli(),
		CampaignId: s.id("camp", 3), AdvertiserId: s.id("adv", 2), AdId: s.id("ad", 5), PublisherId: s.id("pub", 3), TsId: s.id("ts", 2),
		Named: s.r.Uint32N(8), Country: pick(s.r, "", "DE", "AT"), Region: pick(s.r, "", "BY"),
		DeviceType:  event.DeviceType(s.r.IntN(4)),
		Disposition: event.Disposition(pick(s.r, 1, 1, 1, 1, 2, 3, 4)),
	}
	if s.r.IntN(2) == 0 {
		e.EventType = event.EventType_EVENT_TYPE_CLICK
	}
	e.UserId = []byte(fmt.Sprintf("visitor-%08d", s.r.IntN(20)))
	e.PriceMicros, e.PriceCurrency = s.r.Int64N(9)*50_000, pick(s.r, "USD", "EUR")
	e.CostMicros, e.CostCurrency = s.r.Int64N(4)*10_000, pick(s.r, "", "USD", "GBP")
	if e.CostCurrency == "" {
		e.CostMicros = 0
	}
	e.Verdict = &event.Verdict{Status: event.Status(1 + s.r.IntN(3)), Score: s.r.Uint32N(101)}
	if clicked := s.clicked(); clicked != nil && e.EventType == event.EventType_EVENT_TYPE_CONVERSION {
		e.ClickId, e.AdId, e.UserId = clicked.EventId, clicked.AdId, clicked.UserId
	}
	s.identify(e)
	return e
}

// clicked is an own event that a conversion may follow, nil when the one that was looked at is none.
func (s *scribe) clicked() *event.Event {
	if len(s.written) == 0 {
		return nil
	}
	e := s.written[s.r.IntN(len(s.written))]
	if e.Origin != event.Origin_ORIGIN_OWN || e.EventType != event.EventType_EVENT_TYPE_CLICK {
		return nil
	}
	return e
}

// place is where a process sends e: to the generation of its time, or, when it does not know better,
// to the other.
func (s *scribe) place(e *event.Event) event.SrcPart {
	g, n := uint32(generation), uint32(partitions)
	if !s.switched.IsZero() && (e.PlaceTime() >= s.switched.UnixMilli()) != (s.r.IntN(5) == 0) {
		g, n = nextGeneration, nextPartitions
	}
	partition, _ := e.PartitionIn(n)
	return event.NewSrcPart(g, partition)
}

// identify gives the event its place and id: own ids with counters without gaps, or a foreign id.
func (s *scribe) identify(e *event.Event) {
	own := s.r.IntN(3) > 0
	e.Origin = event.Origin_ORIGIN_OWN
	if !own {
		e.Origin, e.Caller = event.Origin_ORIGIN_FOREIGN, s.id("partner", 2)
		e.EventId = fmt.Appendf(nil, "order-%d", s.r.IntN(1000))
	}
	at := place{s.place(e), s.r.Uint32N(boots)}
	counter := s.counters[at]
	s.counters[at]++
	e.SrcPart, e.BootId, e.Counter = uint32(at.at), uint64(at.boot)<<32|uint64(at.boot+7), uint64(counter)
	if own {
		id := event.NewID(e.Timestamp, at.at.Partition(), e.BootId, counter)
		e.EventId = id[:]
	}
}
