package archive

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// Source is a table expression with the columns of table events over everything that is archived of parts below the
// cuts, in place of raw that has expired: for seal.Raw. It fails when the archive has a hole there.
func Source(ctx context.Context, conn driver.Conn, database string, b Bucket, cuts map[event.SrcPart]uint64) (string, error) {
	if err := b.check(); err != nil {
		return "", err
	}
	columns, err := store.ReadEventColumns(ctx, conn, database)
	if err != nil {
		return "", err
	}
	archived, err := store.ReadArchived(ctx, conn, database)
	if err != nil {
		return "", err
	}
	reached := map[event.SrcPart]uint64{}
	var keys []string
	for _, a := range archived { // in the order of their ranges
		cut, asked := cuts[a.SrcPart]
		if !asked || a.From >= cut {
			continue
		}
		if a.From > reached[a.SrcPart] {
			return "", hole(a.SrcPart, reached[a.SrcPart], a.From)
		}
		reached[a.SrcPart] = max(reached[a.SrcPart], a.To)
		if a.Object != "" {
			keys = append(keys, a.Object)
		}
	}
	for part, cut := range cuts {
		if reached[part] < cut {
			return "", hole(part, reached[part], cut)
		}
	}
	if len(keys) == 0 {
		return store.NoEvents(database), nil
	}
	tables := make([]string, len(keys))
	for i, key := range keys {
		tables[i] = "SELECT * FROM " + b.table(key, columns)
	}
	return store.UnionOnce(tables), nil
}

func hole(part event.SrcPart, from, to uint64) error {
	return fmt.Errorf("offsets %d to %d of partition %d of generation %d are not archived", from, to, part.Partition(), part.Generation())
}
