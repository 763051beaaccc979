package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/clicktally/clicktally/runtime/event"
)

// Loaded is what ClickHouse knows about one src_part: all that a worker needs to take it over.
type Loaded struct {
	Position      uint64           // end of the contiguous run of manifests from offset 0
	TopicID       [16]byte         // of the last manifest; zero when there is none
	LiveFrom      uint64           // no record below it falls into a minute from the asked one on
	Dirty         map[int64]uint64 // minute (unix seconds) -> end of the last manifest that touches it above its mark
	CompleteUntil time.Time
	// Shift is what makes a src_off out of an offset of the log (table recoveries): 0 until a log was set
	// back or made again.
	Shift int64
	// Lost is the end of the last manifest of that kind: it tells a worker that it may go on.
	Lost uint64
}

// ReadLoaded reads the state of parts. Panes begin at paneFloor (unix seconds); dirty minutes below
// rawFloor are past retention and left out.
func ReadLoaded(ctx context.Context, conn driver.Conn, db string, parts []event.SrcPart, paneFloor, rawFloor int64) (map[event.SrcPart]*Loaded, error) {
	state := make(map[event.SrcPart]*Loaded, len(parts))
	for _, part := range parts {
		state[part] = &Loaded{Dirty: map[int64]uint64{}, CompleteUntil: time.Unix(0, 0).UTC()}
	}
	for _, read := range []func(context.Context, driver.Conn, string, string, map[event.SrcPart]*Loaded) error{
		readPositions,
		readTopicIDs,
		readShifts,
		readLost,
		func(ctx context.Context, conn driver.Conn, db, list string, state map[event.SrcPart]*Loaded) error {
			return readLiveFrom(ctx, conn, db, list, paneFloor, state)
		},
		func(ctx context.Context, conn driver.Conn, db, list string, state map[event.SrcPart]*Loaded) error {
			return readDirty(ctx, conn, db, list, rawFloor, state)
		},
		readProgress,
	} {
		if err := read(ctx, conn, db, partList(parts), state); err != nil {
			return nil, fmt.Errorf("read what is loaded: %w", err)
		}
	}
	return state, nil
}

// ReadPositions reads only the positions of parts: how far each is loaded without a hole.
func ReadPositions(ctx context.Context, conn driver.Conn, db string, parts []event.SrcPart) (map[event.SrcPart]uint64, error) {
	state := make(map[event.SrcPart]*Loaded, len(parts))
	for _, part := range parts {
		state[part] = &Loaded{}
	}
	if err := readPositions(ctx, conn, db, partList(parts), state); err != nil {
		return nil, fmt.Errorf("read how far the load is: %w", err)
	}
	positions := make(map[event.SrcPart]uint64, len(parts))
	for part, s := range state {
		positions[part] = s.Position
	}
	return positions, nil
}

// ReadShifts reads what makes src_offs out of offsets of the log, by src_part; parts without a recovery
// have none.
func ReadShifts(ctx context.Context, conn driver.Conn, db string, parts []event.SrcPart) (map[event.SrcPart]uint64, error) {
	state := make(map[event.SrcPart]*Loaded, len(parts))
	for _, part := range parts {
		state[part] = &Loaded{}
	}
	err := readPositions(ctx, conn, db, partList(parts), state)
	if err == nil {
		err = readShifts(ctx, conn, db, partList(parts), state)
	}
	if err != nil {
		return nil, fmt.Errorf("read where partitions were recovered: %w", err)
	}
	shifts := make(map[event.SrcPart]uint64, len(parts))
	for part, s := range state {
		shifts[part] = uint64(s.Shift)
	}
	return shifts, nil
}

// readPositions finds the first gap: manifests of different writers overlap, so a manifest continues
// the run when it begins at or below the highest end before it.
func readPositions(ctx context.Context, conn driver.Conn, db, list string, state map[event.SrcPart]*Loaded) error {
	const query = `SELECT src_part, toUInt64(maxIf(to_off, gaps = 0)) FROM (
		SELECT src_part, to_off, sum(from_off > reached) OVER (PARTITION BY src_part ORDER BY from_off, to_off ROWS UNBOUNDED PRECEDING) AS gaps
		FROM (SELECT src_part, from_off, to_off, max(to_off) OVER (
			PARTITION BY src_part ORDER BY from_off, to_off ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
			FROM {db}.manifests WHERE src_part IN ({list}))) GROUP BY src_part`
	return each(ctx, conn, query, db, list, func(scan func(...any) error) error {
		var part uint32
		var to uint64
		if err := scan(&part, &to); err != nil {
			return err
		}
		state[event.SrcPart(part)].Position = to
		return nil
	})
}

func readTopicIDs(ctx context.Context, conn driver.Conn, db, list string, state map[event.SrcPart]*Loaded) error {
	const query = `SELECT src_part, argMax(topic_id, (to_off, written)) FROM {db}.manifests WHERE src_part IN ({list}) GROUP BY src_part`
	return each(ctx, conn, query, db, list, func(scan func(...any) error) error {
		var part uint32
		var id uuid.UUID
		if err := scan(&part, &id); err != nil {
			return err
		}
		state[event.SrcPart(part)].TopicID = id
		return nil
	})
}

// readShifts takes the last recovery that a manifest confirms.
func readShifts(ctx context.Context, conn driver.Conn, db, list string, state map[event.SrcPart]*Loaded) error {
	query := `SELECT src_part, argMax(toInt64(to_off) - toInt64(log_off), to_off) FROM {db}.recoveries FINAL
		WHERE ` + loadedRanges(state) + ` GROUP BY src_part`
	return each(ctx, conn, query, db, list, func(scan func(...any) error) error {
		var part uint32
		var shift int64
		if err := scan(&part, &shift); err != nil {
			return err
		}
		state[event.SrcPart(part)].Shift = shift
		return nil
	})
}

func readLost(ctx context.Context, conn driver.Conn, db, list string, state map[event.SrcPart]*Loaded) error {
	const query = `SELECT src_part, max(to_off) FROM {db}.manifests WHERE src_part IN ({list}) AND kind = 'Lost' GROUP BY src_part`
	return each(ctx, conn, query, db, list, func(scan func(...any) error) error {
		var part uint32
		var end uint64
		if err := scan(&part, &end); err != nil {
			return err
		}
		state[event.SrcPart(part)].Lost = end
		return nil
	})
}

func readLiveFrom(ctx context.Context, conn driver.Conn, db, list string, paneFloor int64, state map[event.SrcPart]*Loaded) error {
	for _, s := range state {
		s.LiveFrom = s.Position
	}
	query := `SELECT src_part, min(from_off) FROM {db}.manifests WHERE src_part IN ({list}) AND arrayExists(m -> m >= toDateTime(` +
		strconv.FormatInt(paneFloor, 10) + `, 'UTC'), minutes) GROUP BY src_part`
	return each(ctx, conn, query, db, list, func(scan func(...any) error) error {
		var part uint32
		var from uint64
		if err := scan(&part, &from); err != nil {
			return err
		}
		s := state[event.SrcPart(part)]
		s.LiveFrom = min(s.LiveFrom, from)
		return nil
	})
}

// readDirty compares cuts alone: a raised epoch makes no minute dirty, because only a restate, which
// computes its minutes itself, may let totals fall.
func readDirty(ctx context.Context, conn driver.Conn, db, list string, rawFloor int64, state map[event.SrcPart]*Loaded) error {
	query := `SELECT t.src_part, toInt64(toUnixTimestamp(t.m)), t.touched FROM (
		SELECT src_part, m, max(to_off) AS touched FROM {db}.manifests ARRAY JOIN minutes AS m
		WHERE (` + loadedRanges(state) + `) AND m >= toDateTime(` + strconv.FormatInt(rawFloor, 10) + `, 'UTC') GROUP BY src_part, m) AS t
		LEFT JOIN (SELECT src_part, minute, max(ver) AS marked FROM {db}.marks WHERE src_part IN ({list}) GROUP BY src_part, minute) AS k
		ON t.src_part = k.src_part AND t.m = k.minute
		WHERE t.touched > bitAnd(k.marked, 0xFFFFFFFFFFFF)` + zeroesInJoins
	return each(ctx, conn, query, db, list, func(scan func(...any) error) error {
		var part uint32
		var minute int64
		var touched uint64
		if err := scan(&part, &minute, &touched); err != nil {
			return err
		}
		state[event.SrcPart(part)].Dirty[minute] = touched
		return nil
	})
}

// loadedRanges leaves out manifests beyond a gap: they are not in the loaded prefix yet, and what
// they touch is touched again when the gap is closed.
func loadedRanges(state map[event.SrcPart]*Loaded) string {
	var terms []string
	for part, s := range state {
		terms = append(terms, "src_part = "+strconv.FormatUint(uint64(part), 10)+" AND to_off <= "+strconv.FormatUint(s.Position, 10))
	}
	return strings.Join(terms, " OR ")
}

func readProgress(ctx context.Context, conn driver.Conn, db, list string, state map[event.SrcPart]*Loaded) error {
	const query = `SELECT src_part, complete_until FROM {db}.progress FINAL WHERE src_part IN ({list})`
	return each(ctx, conn, query, db, list, func(scan func(...any) error) error {
		var part uint32
		var until time.Time
		if err := scan(&part, &until); err != nil {
			return err
		}
		state[event.SrcPart(part)].CompleteUntil = until
		return nil
	})
}

func each(ctx context.Context, conn driver.Conn, query, db, list string, row func(scan func(...any) error) error) error {
	return Each(ctx, conn, strings.NewReplacer("{db}", Quote(db), "{list}", list).Replace(query), row)
}

// Each runs a query and hands its rows over one by one.
func Each(ctx context.Context, conn driver.Conn, query string, row func(scan func(...any) error) error) error {
	rows, err := conn.Query(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

func partList(parts []event.SrcPart) string {
	var b []byte
	for i, part := range parts {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendUint(b, uint64(part), 10)
	}
	return string(b)
}
