package catalog

import (
	"fmt"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// Level is the reader level of this build: it loads records whose `needs` is at most Level.
const Level = 1

// MaxRecord bounds one encoded record. The largest campaign the API admits (256 ads, 64 pages and 64
// offers with URLs of 2,048 bytes, 32 routes) stays below it.
const MaxRecord = 900 << 10

// Change is one committed record of the catalog topic: a new value, a tombstone, or a value that
// could not be decoded, which leaves the key as it was.
type Change struct {
	Key    string
	Record *catalogpb.Record // nil: a tombstone, unless Err is set
	Err    error             // why the value could not be decoded
	Offset int64
}

// Put is the change that sets rec under its own key.
func Put(rec *catalogpb.Record, offset int64) Change {
	return Change{Key: KeyOf(rec), Record: rec, Offset: offset}
}

// Tombstone is the change that removes key.
func Tombstone(key string, offset int64) Change { return Change{Key: key, Offset: offset} }

// Decode reads one value of the topic; a nil value is a tombstone. A value that is not a record, or
// that needs a reader above level, comes back with Err set.
func Decode(key string, value []byte, offset int64, level uint32) Change {
	if value == nil {
		return Tombstone(key, offset)
	}
	rec := &catalogpb.Record{}
	if err := rec.UnmarshalVT(value); err != nil {
		return Change{Key: key, Offset: offset, Err: fmt.Errorf("decode record: %w", err)}
	}
	if rec.GetNeeds() > level {
		return Change{Key: key, Offset: offset, Err: fmt.Errorf(
			"record needs reader level %d and this process has %d: upgrade it", rec.GetNeeds(), level)}
	}
	return Change{Key: key, Record: rec, Offset: offset}
}
