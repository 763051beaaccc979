package ledger

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/clicktally/clicktally/runtime/store"
)

// holesNamed bounds the holes that are named per partition.
const holesNamed = 10

// sql puts names and times into a statement.
func (c *Config) sql(query string, p Period, more ...string) string {
	return strings.NewReplacer(append([]string{
		"{db}", store.Quote(c.Database), "{from}", second(p.From), "{to}", second(p.To),
		"{touches}", "arrayExists(m -> m >= " + second(p.From) + " AND m < " + second(p.To) + ", minutes)",
	}, more...)...).Replace(query)
}

// each runs a query and hands its rows over one by one.
func (c *Config) each(ctx context.Context, query string, row func(scan func(...any) error) error) error {
	return store.Each(ctx, c.ClickHouse, query, row)
}

// runsSQL finds, per partition, the end of the run of manifests without a hole from offset 0, and the
// holes. Manifests of two loaders overlap: one continues the run when it begins at or below the highest end before it.
const runsSQL = `SELECT src_part, toUInt64(maxIf(to_off, gaps = 0)), countIf(from_off > reached),
	groupArrayIf({named})(reached, from_off > reached), groupArrayIf({named})(from_off - 1, from_off > reached), toUInt64(any(lost))
	FROM (SELECT src_part, from_off, to_off, reached, sum(from_off > reached) OVER (PARTITION BY src_part ORDER BY from_off, to_off ROWS UNBOUNDED PRECEDING) AS gaps,
			sum(if(kind = 'Lost', to_off - from_off, 0)) OVER (PARTITION BY src_part) AS lost
		FROM (SELECT src_part, from_off, to_off, kind, max(to_off) OVER (
			PARTITION BY src_part ORDER BY from_off, to_off ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
			FROM {db}.manifests FINAL WHERE src_part IN ({list}))) GROUP BY src_part`

// notLoaded compares the runs of manifests with the ends of the log.
func (c *Config) notLoaded(ctx context.Context, parts []*Part) ([]Finding, error) {
	byPart := make(map[uint32]*Part, len(parts))
	for _, p := range parts {
		byPart[p.SrcPart], p.Loaded, p.Lost = p, 0, 0
	}
	var found []Finding
	holed := map[uint32]bool{}
	err := c.each(ctx, c.sql(runsSQL, Period{}, "{list}", listOf(parts), "{named}", number(holesNamed)), func(scan func(...any) error) error {
		var part uint32
		var to, holes, lost uint64
		var first, last []uint64
		if err := scan(&part, &to, &holes, &first, &last, &lost); err != nil {
			return err
		}
		p := byPart[part]
		p.Loaded, p.Lost, holed[part] = to, lost, holes > 0
		for i := range first {
			r := Range{first[i], last[i]}
			found = append(found, Finding{
				Kind: ManifestMissing, Part: p.Name, Range: &r,
				Message: fmt.Sprintf("partition %s: no manifest covers offsets %s, later ones are loaded", p.Name, r),
			})
		}
		if left := holes - uint64(len(first)); left > 0 {
			found = append(found, Finding{Kind: ManifestMissing, Part: p.Name, Message: fmt.Sprintf("partition %s: and %d more holes", p.Name, left)})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read manifests: %w", err)
	}
	for _, p := range parts {
		if f := p.behind(); f != nil && (f.Kind != NotLoaded || !holed[p.SrcPart]) {
			found = append(found, *f)
		}
	}
	return found, nil
}

// markLoaded notes how far the load is before Kafka is asked where the log ends: it goes on meanwhile,
// and only what was loaded by then says anything of that end.
func (c *Config) markLoaded(ctx context.Context, parts []*Part) error {
	if _, err := c.notLoaded(ctx, parts); err != nil {
		return err
	}
	for _, p := range parts {
		p.before = p.Loaded
	}
	return nil
}

// behind says how the load of the partition stands to its log, nil when all of it is loaded.
func (p *Part) behind() *Finding {
	if !p.known || p.before <= p.End && p.Loaded >= p.End {
		return nil
	}
	f := &Finding{Kind: LogLost, Part: p.Name}
	switch {
	case p.before > p.End:
		f.Message = fmt.Sprintf("partition %s: the log ends at offset %d, and was loaded up to %d: it is another log, or lost its end", p.Name, p.End, p.before)
	case p.Loaded < p.Start:
		f.Range = &Range{p.Loaded, p.Start - 1}
		f.Message = fmt.Sprintf("partition %s: the log begins at %d, %s never loaded", p.Name, p.Start, f.Range.of("offset"))
	default:
		f.Kind, f.Range = NotLoaded, &Range{p.Loaded, p.End - 1}
		f.Message = fmt.Sprintf("partition %s: %s not loaded yet", p.Name, f.Range.of("offset"))
	}
	return f
}

// dirtySQL finds minutes that a manifest touches above their mark's cut. Manifests that begin behind
// the log's end as it was asked for belong to a later look.
const dirtySQL = `SELECT t.src_part, count(), min(t.m), max(t.m), max(t.touched) FROM (
		SELECT src_part, m, max(to_off) AS touched FROM {db}.manifests ARRAY JOIN minutes AS m
		WHERE ({below}) AND m >= {from} AND m < {to} GROUP BY src_part, m) AS t
	LEFT JOIN (SELECT src_part, minute, max(ver) AS marked FROM {db}.marks WHERE minute >= {from} AND minute < {to} GROUP BY src_part, minute) AS k
	ON t.src_part = k.src_part AND t.m = k.minute
	WHERE t.touched > bitAnd(k.marked, 0xFFFFFFFFFFFF) GROUP BY t.src_part ORDER BY t.src_part SETTINGS join_use_nulls = 0`

func (c *Config) dirty(ctx context.Context, p Period, parts []*Part) ([]Finding, error) {
	terms := []string{"0"}
	for _, part := range parts {
		terms = append(terms, fmt.Sprintf("src_part = %d AND from_off < %d", part.SrcPart, part.End))
	}
	var found []Finding
	err := c.each(ctx, c.sql(dirtySQL, p, "{below}", strings.Join(terms, " OR ")), func(scan func(...any) error) error {
		var part uint32
		var minutes, touched uint64
		var first, last time.Time
		if err := scan(&part, &minutes, &first, &last, &touched); err != nil {
			return err
		}
		end := last.Add(time.Minute)
		found = append(found, Finding{
			Kind: MinutesDirty, Part: partName(part), From: &first, To: &end,
			Message: fmt.Sprintf("partition %s: %d minutes from %s to %s wait to be computed up to offset %d", partName(part), minutes, clock(first), clock(end), touched),
		})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for dirty minutes: %w", err)
	}
	return found, nil
}
