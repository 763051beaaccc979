// Package simulate runs the counting protocol of design 6 in one goroutine, under a seeded scheduler: trackers
// that draw ids, journal and produce, a log of several generations, two aggregators that both own everything,
// and the tables that they write. Whoever runs next, what is lost on the way to an answer and who dies between
// two effects is drawn from the seed, so that a schedule that breaks a rule is found again by its number.
//
// It models the protocol, not the code: which effect follows which, what each one leaves behind, and what is
// known after a crash. The code's own order of effects is held to the same rules by test/oracle (in process, at
// each effect) and by test/faults (real processes and servers). What is counted comes from runtime/event, and
// what is right from test/oracle.
package simulate

import (
	"fmt"
	"math/rand/v2"

	"github.com/clicktally/clicktally/runtime/event"
)

// Rules are what the protocol rests on. The zero value is the design; each field breaks one rule, to show that
// the simulation would notice.
type Rules struct {
	AnswerBeforeSync      bool // a journaled click is answered before the fsync
	SettledBeforeDurable  bool // settled moves when a counter is drawn
	NarrowBootID          bool // 8 bits of boot id instead of 32
	PlaceByArrival        bool // an event's generation follows from when it came, not from its own time
	ForeignWithoutTime    bool // the identity of a foreign event leaves its time out
	ManifestFirst         bool // the manifest is written before the rows that it speaks of
	StartAtLogEnd         bool // a worker without manifests starts where the log ends
	WithoutCut            bool // a minute is computed over all raw rows
	MarkFirst             bool // a minute's mark is written before its rows
	DuplicatesFromRows    bool // duplicates are counted from writes instead of offsets
	VersionWithoutEpoch   bool // ver is the cut alone
	WithoutTotalsGuard    bool // a computation below the mark is taken
	RowsOfAllVersions     bool // a reader takes every row at the mark or above it, not only the newest version's
	LiveWithoutVersion    bool // the last live value wins, not the highest
	LiveFromLoadPosition  bool // a take-over reads the log from the load position on, not from the panes' first record
	ForgetUnshippedOnBoot bool // a restarted tracker starts with an empty journal
}

// Outcome is what one schedule came to.
type Outcome struct {
	Acked, Unacked int    // events answered; events that landed though nobody was told
	Crashes        int    // of trackers and workers
	Effects        int    // of workers before everything healed
	Broken         string // the first rule that did not hold; empty when all did
	Trace          []string
}

// Options of a schedule.
type Options struct {
	Steps  int  // of the scheduler before everything heals
	Damage bool // raw rows vanish: counts must then hold still, never fall
	Trace  bool // keep what happened, for a failing seed
}

// Run plays the schedule of a seed.
func Run(seed uint64, rules Rules, options Options) Outcome {
	w := newWorld(seed, rules, options)
	for range options.Steps {
		w.step()
		if w.outcome.Broken != "" {
			return w.outcome
		}
	}
	w.outcome.Effects = w.effects
	w.heal()
	w.check()
	return w.outcome
}

const (
	adsPerCampaign = 3
	countries      = 8
	switchAfter    = 90_000 // ms until the second generation begins
	began          = int64(1_800_000_000_000)
)

// generation is a set of partitions that takes the events of its time.
type generation struct {
	number, partitions uint32
	start              int64 // ms
}

// record is one record of the log.
type record struct {
	part  event.SrcPart
	event *event.Event
}

// world is everything at one moment.
type world struct {
	*rand.Rand
	rules   Rules
	options Options
	outcome Outcome

	now         int64 // ms
	generations []generation
	log         map[event.SrcPart][]*event.Event
	tables      tables
	live        map[minuteKey]liveValue
	epoch       uint16 // as the catalog says; each worker hears of it when it does
	boots       map[bootPart]beat
	answered    map[[16]byte]bool
	flights     []*flight
	trackers    []*tracker
	workers     []*worker
	foreign     []*event.Event // stated by clients, who may state them again
	effects     int
}

func newWorld(seed uint64, rules Rules, options Options) *world {
	w := &world{
		Rand: rand.New(rand.NewPCG(seed, 0)), rules: rules, options: options, now: began, epoch: 1,
		generations: []generation{{1, 1, 0}, {2, 2, began + switchAfter}},
		log:         map[event.SrcPart][]*event.Event{},
		tables:      newTables(),
		live:        map[minuteKey]liveValue{},
		boots:       map[bootPart]beat{},
		answered:    map[[16]byte]bool{},
	}
	for range 2 {
		w.trackers = append(w.trackers, newTracker(w))
		w.workers = append(w.workers, newWorker(w))
	}
	return w
}

// parts lists every src_part of every generation.
func (w *world) parts() []event.SrcPart {
	var parts []event.SrcPart
	for _, g := range w.generations {
		for p := range g.partitions {
			parts = append(parts, event.NewSrcPart(g.number, p))
		}
	}
	return parts
}

func (w *world) generationAt(ms int64) generation {
	at := w.generations[0]
	for _, g := range w.generations {
		if ms >= g.start {
			at = g
		}
	}
	return at
}

// step lets one actor do one thing.
func (w *world) step() {
	if w.IntN(3) == 0 {
		w.now += int64(w.IntN(4)) * 500 // coarse on purpose: boots and events share their ms
	}
	switch n := w.IntN(100); {
	case n < 32:
		w.trackers[w.IntN(len(w.trackers))].step()
	case n < 48:
		w.deliver()
	case n < 97:
		w.workers[w.IntN(len(w.workers))].step()
	default:
		w.strike()
	}
}

// strike does harm.
func (w *world) strike() {
	switch w.IntN(8) {
	case 0, 1:
		w.trackers[w.IntN(len(w.trackers))].crash()
	case 2, 3:
		w.workers[w.IntN(len(w.workers))].crash()
	case 4:
		w.note("live values are lost")
		clear(w.live)
		for _, worker := range w.workers {
			worker.rewriteLive() // they find the marker missing
		}
	case 5:
		if w.epoch < 3 && w.IntN(3) == 0 {
			w.epoch++
			w.note("epoch %d", w.epoch)
		}
	case 6:
		w.now += 30_000
	case 7:
		if w.options.Damage {
			w.tables.loseRows(w)
		}
	}
}

func (w *world) note(format string, args ...any) {
	if w.options.Trace {
		w.outcome.Trace = append(w.outcome.Trace, fmt.Sprintf("%7d ms  ", w.now-began)+fmt.Sprintf(format, args...))
	}
}

// broken notes the first rule that does not hold.
func (w *world) broken(format string, args ...any) {
	if w.outcome.Broken == "" {
		w.outcome.Broken = fmt.Sprintf(format, args...)
		w.note("BROKEN: %s", w.outcome.Broken)
	}
}
