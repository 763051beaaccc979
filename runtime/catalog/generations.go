package catalog

import (
	"slices"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// Generations are the announced sets of event partitions, sorted by number.
type Generations []*catalogpb.Generation

// At returns the set that events of the time ms, since the epoch, belong to: the highest number that
// had started by then; the first set takes earlier times. nil when there is none.
func (g Generations) At(ms int64) *catalogpb.Generation {
	for _, one := range slices.Backward(g) {
		if one.GetStartMs() <= ms {
			return one
		}
	}
	if len(g) > 0 {
		return g[0]
	}
	return nil
}
