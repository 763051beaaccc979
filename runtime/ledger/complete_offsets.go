package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// manifest is what the check needs of one.
type manifest struct {
	part              uint32
	from, to          uint64
	offsets           uint64
	dead, moved       uint64
	minutes           []time.Time
	written           time.Time
	held, unexplained uint64
}

// checkManifests counts, for every manifest that touches the period, the distinct offsets that raw
// holds of its range, and names the manifests that say more.
func (c *Config) checkManifests(ctx context.Context, p Period, parts []*Part) ([]Finding, error) {
	var found []Finding
	var total uint64
	weights, err := c.weights(ctx, p, parts)
	if err != nil {
		return nil, fmt.Errorf("read the sizes of manifests: %w", err)
	}
	for _, batch := range batches(parts, weights, c.RowsAtOnce) {
		manifests, err := c.readManifests(ctx, p, batch)
		if err != nil {
			return nil, fmt.Errorf("read manifests: %w", err)
		}
		if err := c.countOffsets(ctx, p, batch, manifests); err != nil {
			return nil, fmt.Errorf("count the offsets of manifests: %w", err)
		}
		for i := range manifests {
			m := &manifests[i]
			if m.held == m.offsets && m.unexplained == 0 {
				continue
			}
			if total++; len(found) >= maxFindings {
				continue
			}
			f, err := c.wrong(ctx, m)
			if err != nil {
				return nil, fmt.Errorf("look for the offsets of a manifest: %w", err)
			}
			found = append(found, f)
		}
	}
	return bounded(found, total), nil
}

// weights are the rows that a statement over a partition's manifests of the period reads.
func (c *Config) weights(ctx context.Context, p Period, parts []*Part) (map[uint32]uint64, error) {
	weights := map[uint32]uint64{}
	query := `SELECT src_part, sum(offsets) FROM {db}.manifests FINAL WHERE src_part IN ({list}) AND {touches} GROUP BY src_part`
	err := c.each(ctx, c.sql(query, p, "{list}", listOf(parts)), func(scan func(...any) error) error {
		var part uint32
		var rows uint64
		err := scan(&part, &rows)
		weights[part] = rows
		return err
	})
	return weights, err
}

// batches groups partitions so that a group weighs at most limit, one partition at least.
func batches(parts []*Part, weights map[uint32]uint64, limit uint64) [][]*Part {
	var groups [][]*Part
	var weight uint64
	for _, p := range parts {
		w := weights[p.SrcPart]
		if len(groups) == 0 || weight+w > limit {
			groups, weight = append(groups, nil), 0
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], p)
		weight += w
	}
	return groups
}

// readManifests reads those that touch the period, and those written since it began that say they
// touched nothing: they too have to explain their offsets.
func (c *Config) readManifests(ctx context.Context, p Period, parts []*Part) ([]manifest, error) {
	query := `SELECT src_part, from_off, to_off, offsets, dead_letters, moved, minutes, written FROM {db}.manifests FINAL
		WHERE src_part IN ({list}) AND kind = 'Loaded' AND ({touches} OR empty(minutes) AND written >= {from}) ORDER BY src_part, from_off, to_off`
	var manifests []manifest
	err := c.each(ctx, c.sql(query, p, "{list}", listOf(parts)), func(scan func(...any) error) error {
		var m manifest
		if err := scan(&m.part, &m.from, &m.to, &m.offsets, &m.dead, &m.moved, &m.minutes, &m.written); err != nil {
			return err
		}
		if covered, said := m.to-m.from, m.offsets+m.dead+m.moved; covered > said {
			m.unexplained = covered - said
		}
		manifests = append(manifests, m)
		return nil
	})
	return manifests, err
}

// offsetsSQL counts the distinct raw offsets between any two neighbouring edges of manifests: what a
// manifest holds is the sum over its stretch, also where manifests of two loaders overlap.
const offsetsSQL = `WITH
	touching AS (SELECT src_part, from_off, to_off, minutes FROM {db}.manifests FINAL WHERE src_part IN ({list}) AND kind = 'Loaded' AND {touches}),
	edges AS (SELECT DISTINCT src_part, edge FROM (
		SELECT src_part, from_off AS edge FROM touching UNION ALL SELECT src_part, to_off FROM touching))
	SELECT e.src_part, b.edge, uniqExact(e.src_off)
	FROM (SELECT src_part, src_off FROM {db}.events WHERE src_part IN ({list})
		AND (src_part, minute) IN (SELECT src_part, arrayJoin(minutes) FROM touching)) AS e
	ASOF INNER JOIN edges AS b ON e.src_part = b.src_part AND e.src_off >= b.edge
	GROUP BY e.src_part, b.edge ORDER BY e.src_part, b.edge`

type stretch struct{ edge, count uint64 }

func (c *Config) countOffsets(ctx context.Context, p Period, parts []*Part, manifests []manifest) error {
	held := map[uint32][]stretch{}
	err := c.each(ctx, c.sql(offsetsSQL, p, "{list}", listOf(parts)), func(scan func(...any) error) error {
		var part uint32
		var s stretch
		if err := scan(&part, &s.edge, &s.count); err != nil {
			return err
		}
		held[part] = append(held[part], s)
		return nil
	})
	if err != nil {
		return err
	}
	for i := range manifests {
		m := &manifests[i]
		stretches := held[m.part]
		first, _ := slices.BinarySearchFunc(stretches, m.from, func(s stretch, off uint64) int { return cmp.Compare(s.edge, off) })
		for _, s := range stretches[first:] {
			if s.edge >= m.to {
				break
			}
			m.held += s.count
		}
	}
	return nil
}

// wrong names what is wrong with a manifest.
func (c *Config) wrong(ctx context.Context, m *manifest) (Finding, error) {
	r := Range{m.from, m.to - 1}
	f := Finding{Part: partName(m.part), Range: &r, From: &m.written}
	if m.held == m.offsets {
		f.Kind = OffsetsUnexplained
		f.Message = fmt.Sprintf("partition %s: the manifest of offsets %s, written %s, says %d rows, %d dead letters and %d moved records: %d offsets are none of these",
			f.Part, r, clock(m.written), m.offsets, m.dead, m.moved, m.unexplained)
		return f, nil
	}
	f.Kind = RawMissing
	missing, err := c.missingOffsets(ctx, m)
	f.Message = fmt.Sprintf("partition %s: the manifest of offsets %s, written %s, says %d distinct offsets, raw holds %d%s",
		f.Part, r, clock(m.written), m.offsets, m.held, missing)
	return f, err
}

// missingOffsets names the first offsets of a manifest that raw does not hold; dead letters are no rows.
func (c *Config) missingOffsets(ctx context.Context, m *manifest) (string, error) {
	const query = `SELECT groupArray(10)(toString(number)) FROM numbers({first}, {count})
		WHERE number NOT IN (SELECT src_off FROM {db}.events WHERE src_part = {part} AND src_off >= {first} AND src_off < {first} + {count})
		AND number NOT IN (SELECT src_off FROM {db}.dead_letters WHERE src_part = {part})`
	var missing []string
	err := c.each(ctx, c.sql(query, Period{}, "{part}", number(m.part), "{first}", number(m.from), "{count}", number(m.to-m.from)),
		func(scan func(...any) error) error { return scan(&missing) })
	if err != nil || len(missing) == 0 {
		return "", err
	}
	return "; not there: " + strings.Join(missing, ", "), nil
}
