package repair

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// errSuperseded says that another restate raised the epoch meanwhile.
var errSuperseded = errors.New("another restate of the same minutes began later and wins: look at what it did, then repeat")

// write computes minutes at their cuts, rows first and then marks. What is marked at the cut or above
// under this epoch is right: a worker that follows the epoch came first, with a longer prefix.
func (p *Pipeline) write(ctx context.Context, epoch uint16, stated int, cuts []store.Cut) error {
	err := p.step("minutes", func() error {
		return p.ClickHouse.Exec(ctx, store.RestateMinutes(p.Database, epoch, stated, cuts))
	})
	if err != nil {
		return fmt.Errorf("compute %d minutes: %w", len(cuts), err)
	}
	err = p.step("marks", func() error { return p.ClickHouse.Exec(ctx, store.InsertMarks(p.Database, p.now(), cuts)) })
	if err != nil {
		return fmt.Errorf("mark %d minutes: %w", len(cuts), err)
	}
	marks, err := store.ReadMarks(ctx, p.ClickHouse, p.Database, cuts)
	if err != nil {
		return err
	}
	var empty []store.Cut
	for _, c := range cuts {
		switch ver := marks[store.Cut{SrcPart: c.SrcPart, Minute: c.Minute}]; {
		case store.VerEpoch(ver) > epoch:
			return errSuperseded
		case ver < store.Ver(epoch, c.Offset):
			empty = append(empty, c)
		}
	}
	return p.step("empty", func() error {
		return store.InsertEmptyMarks(ctx, p.ClickHouse, p.Database, epoch, p.now(), empty)
	})
}

// settle computes those minutes of the range again that were loaded further while the restate ran: a
// worker that had not yet followed the epoch may have marked a longer prefix under the old one, and
// believes to be done.
func (p *Pipeline) settle(ctx context.Context, r Range, epoch uint16) error {
	for range maxRounds {
		minutes, err := store.MinutesWithin(ctx, p.ClickHouse, p.Database, r.From, r.To, r.Campaign)
		if err != nil || len(minutes) == 0 {
			return err
		}
		behind, err := p.behind(ctx, minutes)
		if err != nil || len(behind) == 0 {
			return err
		}
		for len(behind) > 0 {
			cuts := behind[:min(minutesPerStatement, len(behind))]
			behind = behind[len(cuts):]
			if err := p.cut(ctx, cuts); err != nil {
				return err
			}
			if err := p.write(ctx, epoch, stated(r), cuts); err != nil {
				return err
			}
		}
	}
	return nil // still being loaded: whoever loads it has followed the epoch by now, and computes it
}

// behind are those of the minutes that a manifest touched above their mark's cut.
func (p *Pipeline) behind(ctx context.Context, minutes []store.Cut) ([]store.Cut, error) {
	// The list is sorted by minute.
	loaded, err := store.ReadLoaded(ctx, p.ClickHouse, p.Database, partsOf(minutes), p.now().Unix(), minutes[0].Minute)
	if err != nil {
		return nil, err
	}
	var behind []store.Cut
	for _, m := range minutes {
		if _, dirty := loaded[m.SrcPart].Dirty[m.Minute]; dirty {
			behind = append(behind, m)
		}
	}
	return behind, nil
}

// publishLive brings what was restated to Redis, where its minutes are still kept. Minutes that a
// worker has a pane of are the log's, not raw's: its next value wins.
func (p *Pipeline) publishLive(ctx context.Context, r Range, epoch uint16) error {
	oldest := p.now().Add(-store.LiveKept)
	if p.Redis == nil || r.To.Before(oldest) {
		return nil
	}
	from := r.From
	if from.Before(oldest) {
		from = oldest
	}
	minutes, err := store.MinutesWithin(ctx, p.ClickHouse, p.Database, from, r.To, r.Campaign)
	if err != nil || len(minutes) == 0 {
		return err
	}
	wanted := map[store.Cut]bool{}
	for _, m := range minutes {
		wanted[m] = true
	}
	rows, err := store.ReadRestatedRows(ctx, p.ClickHouse, p.Database, epoch, partsOf(minutes), from, r.To)
	if err != nil {
		return err
	}
	writer := store.LiveWriter{Client: p.Redis, Keys: store.LiveKeys{Prefix: p.Topics.Prefix}}
	return writer.Write(ctx, store.LiveWritesOf(rows, func(part event.SrcPart, minute int64) bool {
		return wanted[store.Cut{SrcPart: part, Minute: minute}]
	}))
}

// partsOf are the partitions of cuts, sorted.
func partsOf(cuts []store.Cut) []event.SrcPart {
	parts := make([]event.SrcPart, len(cuts))
	for i, c := range cuts {
		parts[i] = c.SrcPart
	}
	slices.Sort(parts)
	return slices.Compact(parts)
}
