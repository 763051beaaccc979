package journal

import (
	"encoding/binary"

	"github.com/clicktally/clicktally/runtime/event"
)

// place chooses the generation by the event's own time and the partition before the id. A
// conversion goes where its click is, because it is counted with the click (design 6.5).
func (a *Accepter) place(e *event.Event) (event.SrcPart, string, error) {
	ms := e.Timestamp
	click, follows := event.IDFromBytes(e.ClickId)
	follows = follows && e.EventType == event.EventType_EVENT_TYPE_CONVERSION
	if follows {
		ms = click.Time()
	}
	g := a.cfg.GenerationAt(ms)
	if g == nil || g.Partitions == 0 || g.Partitions > event.MaxPartitions {
		return 0, "", ErrNoGeneration
	}
	if follows && click.Partition() < g.Partitions {
		return event.NewSrcPart(g.Number, click.Partition()), g.Topic, nil
	}
	return event.NewSrcPart(g.Number, a.partition(e, g.Partitions)), g.Topic, nil
}

func (a *Accepter) partition(e *event.Event, partitions uint32) uint32 {
	if e.AdId != "" {
		return event.PartitionOf(e.AdId, nil, nil, partitions)
	}
	if e.Origin == event.Origin_ORIGIN_FOREIGN {
		return event.PartitionOf("", nil, e.EventId, partitions)
	}
	var buf [16 + event.MaxUserAgent]byte
	visitor := appendVisitor(buf[:0], e)
	if len(visitor) == 0 {
		visitor = binary.BigEndian.AppendUint64(visitor, a.anyPlace.Add(1))
	}
	return event.PartitionOf("", visitor, nil, partitions)
}

// appendVisitor is the steadiest thing known of who acted.
func appendVisitor(dst []byte, e *event.Event) []byte {
	switch {
	case len(e.UserId) > 0:
		return append(dst, e.UserId...)
	case len(e.DeviceId) > 0:
		return append(dst, e.DeviceId...)
	}
	dst = append(dst, e.IpAddress...)
	return append(dst, e.UserAgent...)
}
