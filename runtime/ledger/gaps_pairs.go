package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/clicktally/clicktally/runtime/store"
)

type pairKey struct {
	boot uint64
	part uint32
}

// pair is what is known of the counters of one (boot, src_part).
type pair struct {
	key  pairKey
	boot *Boot
	// heard: a heartbeat spoke of it. dead: the boot went silent and this is its end.
	heard, dead bool
	base        uint64
	settled     uint64
	next        uint64 // counters from settled up to it are unacknowledged when the boot is dead
	voided      uint64
	journaled   uint64
	at          time.Time
	since       time.Time // no counter from base on was accepted before it, as far as heartbeats tell
	present     uint64    // distinct counters in [base, settled), as far as the cheap look saw
	letters     uint64
	// By the precise look:
	missing, missingAbove uint64
	ranges                []MissingRange
	rangesLeft            uint64
}

// even says whether every counter was seen and nothing is open, so that no closer look is needed.
func (p *pair) even() bool {
	return p.present == p.settled-p.base && p.letters == 0 && p.voided == 0 && p.journaled == 0 && (!p.dead || p.next <= p.settled)
}

// gap balances the pair after the precise look.
func (p *pair) gap() Gap {
	g := Gap{
		Boot: p.boot.Name, Pod: p.boot.Pod, Part: partName(p.key.part), Base: p.base, Settled: p.settled, At: p.at,
		Voided: p.voided, Journaled: p.journaled, DeadLetters: p.letters, Unacknowledged: p.missingAbove,
		Raw:     p.settled - p.base - p.missing - p.letters,
		Missing: p.ranges, MissingLeft: p.rangesLeft,
	}
	if explained := p.voided + p.journaled; explained > p.missing {
		g.Surplus = explained - p.missing
	} else {
		g.Lost = p.missing - explained
	}
	return g
}

// pairsSQL reads what heartbeats say: the last one before the period, and the first one after it, or
// the last of all. A day's last heartbeat is kept, so both are at most a day away.
const pairsSQL = `SELECT boot_id, src_part,
	argMaxIf((settled, voided), ver, ver < {begin}) AS base, maxIf(ver, ver < {begin}) AS base_at,
	if(countIf(ver >= {end}) > 0, argMinIf((next, settled, voided, ver), ver, ver >= {end}), argMax((next, settled, voided, ver), ver)) AS top,
	argMax(journaled, ver) AS waiting, max(ver) AS last
	FROM {db}.boots FINAL WHERE src_part IN ({list}) AND boot_id IN (
		SELECT boot_id FROM {db}.boots GROUP BY boot_id HAVING toDateTime(min(day), 'UTC') < {end} AND max(ver) >= {begin})
	GROUP BY boot_id, src_part`

func (c *Config) readPairs(ctx context.Context, p Period, parts []*Part, boots map[uint64]*Boot) (map[pairKey]*pair, error) {
	pairs := map[pairKey]*pair{}
	query := c.sql("SELECT boot_id, src_part, base.1, base.2, base_at, top.1, top.2, top.3, top.4, waiting, last FROM ("+pairsSQL+")", p,
		"{list}", listOf(parts), "{begin}", moment(p.From), "{end}", moment(p.To))
	err := c.each(ctx, query, func(scan func(...any) error) error {
		one := &pair{heard: true}
		var baseVoided, topVoided, journaled uint64
		var last time.Time
		if err := scan(&one.key.boot, &one.key.part, &one.base, &baseVoided, &one.since, &one.next, &one.settled, &topVoided, &one.at, &journaled, &last); err != nil {
			return err
		}
		if one.boot = boots[one.key.boot]; one.boot == nil {
			return nil // lived at the edge of the period; reported there
		}
		one.at = one.at.UTC()
		if one.base == 0 {
			one.since = one.boot.First
		}
		one.base = min(one.base, one.settled)
		one.voided = topVoided - min(baseVoided, topVoided)
		if one.boot.State != Drained {
			one.journaled = journaled
		}
		one.dead = one.boot.State == Silent && one.at.Equal(last.UTC())
		if !one.dead {
			one.next = one.settled
		}
		pairs[one.key] = one
		return nil
	})
	return pairs, err
}

// presentSQL counts the distinct counters of boots in one pass over what was accepted since: cheap,
// and enough where nothing is missing.
const presentSQL = `SELECT c.boot_id, c.part, uniqExactIf(c.counter, c.counter >= b.base AND c.counter < b.settled) AS present,
	uniqExactIf(c.counter, c.letter = 1) AS letters, max(c.counter), max(c.settled)
	FROM (
		SELECT boot_id, made_part AS part, counter, settled, 0 AS letter FROM {db}.events
		WHERE {mine} AND accepted >= {since} AND accepted < {until} AND minute >= {oldest} AND boot_id IN ({boots})
		UNION ALL
		SELECT boot_id, said_part, counter, 0, 1 FROM {db}.dead_letters FINAL
		WHERE readable = 1 AND said_part IN ({list}) AND boot_id IN ({boots})) AS c
	LEFT JOIN (SELECT * FROM values('boot_id UInt64, part UInt32, base UInt64, settled UInt64', {pairs})) AS b
	ON c.boot_id = b.boot_id AND c.part = b.part
	GROUP BY c.boot_id, c.part SETTINGS join_use_nulls = 0`

// madeFor selects raw rows whose counters are those of parts. With several generations a row may have
// been moved from the one it was made for, which the order of the table does not help to find.
func (c *Config) madeFor(parts []*Part) string {
	column := "src_part"
	if len(c.Catalog().Generations()) > 1 {
		column = "made_part"
	}
	return column + " IN (" + listOf(parts) + ")"
}

// clocksApart is a margin for what a process accepted beside its own heartbeats, and for clocks that
// were set.
const clocksApart = time.Hour

func (c *Config) readPresent(ctx context.Context, p Period, parts []*Part, pairs map[pairKey]*pair) error {
	if len(pairs) == 0 {
		return nil
	}
	boots := map[uint64]*Boot{}
	since, until := p.From.Truncate(24*time.Hour).Add(-24*time.Hour), p.To
	var ids, list []string
	for key, one := range pairs {
		if boots[key.boot] == nil {
			boots[key.boot] = one.boot
			ids = append(ids, number(key.boot))
		}
		if one.at.After(until) {
			until = one.at
		}
		list = append(list, fmt.Sprintf("(%d, %d, %d, %d)", key.boot, key.part, one.base, one.settled))
	}
	query := c.sql(presentSQL, p, "{list}", listOf(parts), "{mine}", c.madeFor(parts), "{boots}", strings.Join(ids, ", "), "{pairs}", strings.Join(list, ", "),
		"{since}", moment(since), "{until}", moment(until.Add(clocksApart)), "{oldest}", second(since.Add(-backdated)))
	return c.each(ctx, query, func(scan func(...any) error) error {
		var key pairKey
		var present, letters, top, settled uint64
		if err := scan(&key.boot, &key.part, &present, &letters, &top, &settled); err != nil {
			return err
		}
		one := pairs[key]
		if one == nil { // first used after the last heartbeat
			if boots[key.boot].State != Silent {
				return nil
			}
			one = &pair{key: key, boot: boots[key.boot], dead: true, at: boots[key.boot].At, since: boots[key.boot].First}
			pairs[key] = one
		}
		one.present, one.letters = present, letters
		one.seen(top, settled)
		return nil
	})
}

// seen takes in what raw says of a boot that died: its records carry settled too, later than the last
// heartbeat. With a journal that is no proof: what was settled may lie there.
func (p *pair) seen(top, settled uint64) {
	if !p.dead {
		return
	}
	if p.boot.JournalCapacity == 0 && settled > p.settled {
		p.settled = settled
	}
	p.next = max(p.next, top+1, p.settled)
}

// missingSQL finds the runs of missing counters by the difference of neighbours, between two
// counters that stand for the bounds.
const missingSQL = `WITH
	pairs AS (SELECT * FROM values('boot_id UInt64, part UInt32, base Int64, settled Int64, next Int64', {pairs})),
	counters AS (
		SELECT c.boot_id AS boot, c.part AS part, toInt64(c.counter) AS counter, min(c.at) AS at, min(c.letter) AS letter FROM (
			SELECT boot_id, made_part AS part, counter, accepted AS at, 0 AS letter FROM {db}.events
			WHERE {mine} AND boot_id IN ({boots}) AND accepted >= {since} AND minute >= {oldest}
			UNION ALL
			SELECT boot_id, said_part, counter, accepted, 1 FROM {db}.dead_letters FINAL
			WHERE readable = 1 AND said_part IN ({list}) AND boot_id IN ({boots})) AS c
		WHERE (c.boot_id, c.part) IN (SELECT boot_id, part FROM pairs)
		GROUP BY boot, part, counter
	),
	bounded AS (
		SELECT c.boot AS boot, c.part AS part, c.counter AS counter, toUnixTimestamp64Milli(c.at) AS at, c.letter AS letter, b.settled AS settled
		FROM counters AS c INNER JOIN pairs AS b ON c.boot = b.boot_id AND c.part = b.part
		WHERE c.counter >= b.base AND c.counter < b.next
		UNION ALL SELECT boot_id, part, base - 1, 0, 0, settled FROM pairs
		UNION ALL SELECT boot_id, part, next, 0, 0, settled FROM pairs
	),
	neighbours AS (
		SELECT *, lagInFrame(counter, 1, counter - 1) OVER w AS before, lagInFrame(at, 1, toInt64(0)) OVER w AS before_at
		FROM bounded WINDOW w AS (PARTITION BY boot, part ORDER BY counter ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
	)
	SELECT boot, part, toUInt64(sumIf(least(counter, settled) - least(before + 1, settled), counter > before + 1)) AS below,
		toUInt64(sumIf(greatest(counter, settled) - greatest(before + 1, settled), counter > before + 1)) AS above,
		countIf(letter = 1 AND counter < settled) AS letters, countIf(counter > before + 1) AS runs,
		groupArrayIf({named})(before + 1, counter > before + 1), groupArrayIf({named})(counter - 1, counter > before + 1),
		groupArrayIf({named})(before_at, counter > before + 1), groupArrayIf({named})(at, counter > before + 1)
	FROM (SELECT * FROM neighbours ORDER BY boot, part, counter) GROUP BY boot, part`

// readMissing looks from where the pairs begin. Where the first counters are missing, the boot may be
// older than the first heartbeat that was kept: then all of raw is looked at.
func (c *Config) readMissing(ctx context.Context, pairs []*pair) error {
	since := pairs[0].since
	for _, one := range pairs {
		since = earlier(since, one.since)
	}
	if err := c.readMissingSince(ctx, pairs, since.Add(-clocksApart)); err != nil {
		return err
	}
	var headless []*pair
	for _, one := range pairs {
		if len(one.ranges) > 0 && one.ranges[0].First == one.base && one.present < one.settled-one.base {
			headless = append(headless, one)
		}
	}
	if len(headless) == 0 {
		return nil
	}
	return c.readMissingSince(ctx, headless, time.Unix(0, 0))
}

func (c *Config) readMissingSince(ctx context.Context, pairs []*pair, since time.Time) error {
	byKey := make(map[pairKey]*pair, len(pairs))
	var ids, list []string
	var parts []*Part
	seen := map[uint32]bool{}
	for _, one := range pairs {
		byKey[one.key] = one
		ids = append(ids, number(one.key.boot))
		list = append(list, fmt.Sprintf("(%d, %d, %d, %d, %d)", one.key.boot, one.key.part, one.base, one.settled, max(one.next, one.settled)))
		if !seen[one.key.part] {
			seen[one.key.part] = true
			parts = append(parts, &Part{SrcPart: one.key.part})
		}
	}
	query := strings.NewReplacer("{db}", store.Quote(c.Database), "{list}", listOf(parts), "{mine}", c.madeFor(parts), "{boots}", strings.Join(ids, ", "),
		"{pairs}", strings.Join(list, ", "), "{named}", number(rangesNamed),
		"{since}", moment(since), "{oldest}", second(later(since.Add(-backdated), time.Unix(0, 0)))).Replace(missingSQL)
	return c.each(ctx, query, func(scan func(...any) error) error {
		var key pairKey
		var below, above, letters, runs uint64
		var first, last, after, before []int64
		if err := scan(&key.boot, &key.part, &below, &above, &letters, &runs, &first, &last, &after, &before); err != nil {
			return err
		}
		one := byKey[key]
		one.missing, one.missingAbove, one.letters, one.ranges = below, above, letters, nil
		one.rangesLeft = runs - uint64(len(first))
		for i := range first {
			one.ranges = append(one.ranges, one.split(first[i], last[i], after[i], before[i])...)
		}
		return nil
	})
}

// split cuts a run of missing counters at settled: below are the settled ones.
func (p *pair) split(first, last, after, before int64) []MissingRange {
	run := MissingRange{Range: Range{uint64(first), uint64(last)}, Settled: true, After: timeOf(after), Before: timeOf(before)}
	above := run
	above.Settled = false
	switch {
	case run.Last < p.settled:
		return []MissingRange{run}
	case run.First >= p.settled:
		return []MissingRange{above}
	}
	run.Last, above.First = p.settled-1, p.settled
	return []MissingRange{run, above}
}

// timeOf is zero for a bound, which is no record.
func timeOf(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
