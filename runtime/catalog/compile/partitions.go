package compile

import "github.com/clicktally/clicktally/runtime/catalog/catalogpb"

// checkPartitions refuses fewer partitions than are announced. None stated means those that are there.
func checkPartitions(r *report, stated int32, previous map[string]*catalogpb.Record) {
	last := lastGeneration(previous)
	if stated > 0 && uint32(stated) < last.GetPartitions() {
		r.invalid("spec.kafka.partitions", "is %d, and generation %d of the events has %d: a pipeline can only grow; leave %d, or state more",
			stated, last.GetNumber(), last.GetPartitions(), last.GetPartitions())
	}
}

// lastGeneration is the one announced last, nil when none is.
func lastGeneration(previous map[string]*catalogpb.Record) *catalogpb.Generation {
	var last *catalogpb.Generation
	for _, record := range previous {
		if g := record.GetGenerationRecord(); g != nil && (last == nil || g.GetNumber() > last.GetNumber()) {
			last = g
		}
	}
	return last
}
