package aggregate

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
)

// Status is what the readiness report says.
type Status struct {
	Joined     bool // the consumer group
	Partitions int  // assigned
	Loading    int  // assigned, and where ClickHouse stands is known
	Stopped    map[event.SrcPart]Condition
	Stale      bool // the catalog is too old: nothing is read
	// Refused minutes stay at their marks because raw says less; the oldest of them begins at
	// RefusedSince. Any makes the pipeline's Balanced False, reason TotalsFell.
	Refused      int
	RefusedSince time.Time
}

// Ready says whether the aggregator is part of its group. Stopped partitions and a missing store are
// told in the report and in the metrics: restarting would not help.
func (s Status) Ready() bool { return s.Joined }

// Lines are the report, one statement a line, stable in order.
func (s Status) Lines() []string {
	lines := []string{"partitions assigned: " + strconv.Itoa(s.Partitions) + ", loading: " + strconv.Itoa(s.Loading)}
	if s.Stale {
		lines = append(lines, "waiting for a current catalog")
	}
	for _, part := range slices.Sorted(maps.Keys(s.Stopped)) {
		lines = append(lines, fmt.Sprintf("partition %d of generation %d stopped: %s", part.Partition(), part.Generation(), s.Stopped[part]))
	}
	if s.Refused > 0 {
		lines = append(lines, "balanced: False ("+string(ConditionTotalsFell)+") "+strconv.Itoa(s.Refused)+
			" minutes stay at their marks because raw says less, the oldest "+s.RefusedSince.UTC().Format(time.RFC3339)+
			"; look with `clicktally restate --dry-run`")
	}
	return lines
}

type statusBoard struct {
	mu     sync.Mutex
	status Status
}

func (b *statusBoard) set(s Status) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status = s
}

func (b *statusBoard) get() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status
}

func (w *worker) report() Status {
	_, joined := w.group.current()
	s := Status{Joined: joined, Partitions: len(w.partitions), Stopped: map[event.SrcPart]Condition{}, Stale: w.stale}
	for part, p := range w.partitions {
		if p.known {
			s.Loading++
			if n, oldest := p.minutes.refusedMinutes(); n > 0 {
				if at := time.Unix(oldest, 0); s.Refused == 0 || at.Before(s.RefusedSince) {
					s.RefusedSince = at
				}
				s.Refused += n
			}
		}
		if p.stopped != ConditionNone {
			s.Stopped[part] = p.stopped
		}
	}
	return s
}
