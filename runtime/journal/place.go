package journal

import (
	"encoding/binary"

	"github.com/clicktally/clicktally/runtime/event"
)

// place chooses the generation by the event's time and the partition before the id.
func (a *Accepter) place(e *event.Event) (event.SrcPart, string, error) {
	g := a.cfg.GenerationAt(e.PlaceTime())
	if g == nil || g.Partitions == 0 || g.Partitions > event.MaxPartitions {
		return 0, "", ErrNoGeneration
	}
	partition, chosen := e.PartitionIn(g.Partitions)
	if !chosen { // spread what names nobody
		partition = event.PartitionOf("", binary.BigEndian.AppendUint64(nil, a.anyPlace.Add(1)), nil, g.Partitions)
	}
	return event.NewSrcPart(g.Number, partition), g.Topic, nil
}
