package event

// PlaceTime is the time in ms, since the epoch, that decides the event's generation: its own, or that
// of the click that a conversion follows, because a conversion is counted with its click (design 6.5).
func (e *Event) PlaceTime() int64 {
	if click, ok := e.convertedClick(); ok {
		return click.Time()
	}
	return e.Timestamp
}

// PartitionIn chooses the partition of a generation that has partitions of them, from what every copy
// of the event says: where its click is, by its ad, by its own id when a caller chose that, by the
// visitor. chosen is false when the event names nothing of these; then any partition will do for the
// first copy, and the one returned is that of its id.
func (e *Event) PartitionIn(partitions uint32) (partition uint32, chosen bool) {
	if click, ok := e.convertedClick(); ok && click.Partition() < partitions {
		return click.Partition(), true
	}
	if e.AdId != "" || e.Origin == Origin_ORIGIN_FOREIGN {
		return PartitionOf(e.AdId, nil, e.EventId, partitions), true
	}
	var buf [16 + MaxUserAgent]byte
	visitor := e.appendVisitor(buf[:0])
	return PartitionOf("", visitor, e.EventId, partitions), len(visitor) > 0
}

// convertedClick is the id of the click that a conversion follows.
func (e *Event) convertedClick() (ID, bool) {
	if e.EventType != EventType_EVENT_TYPE_CONVERSION {
		return ID{}, false
	}
	return IDFromBytes(e.ClickId)
}

// appendVisitor is the steadiest thing known of who acted.
func (e *Event) appendVisitor(dst []byte) []byte {
	switch {
	case len(e.UserId) > 0:
		return append(dst, e.UserId...)
	case len(e.DeviceId) > 0:
		return append(dst, e.DeviceId...)
	}
	dst = append(dst, e.IpAddress...)
	return append(dst, e.UserAgent...)
}
