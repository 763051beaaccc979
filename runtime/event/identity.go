package event

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/cespare/xxhash/v2"
)

// Bits of Event.named: values that the campaign itself names. All others are a visitor's word and
// fold to FoldedValue beyond a bound.
const (
	NamedAd        = 1
	NamedPublisher = 2
	NamedSource    = 4
)

// FoldedValue stands for visitor-stated values beyond the bound of design 6.4.
const FoldedValue = "~other"

// Identity is what is counted once. For an own id it is the id; for a foreign one a truncated
// SHA-256 over (caller, campaign, ad, type, event id, stated time), so that no caller can make its
// events collide with another's. The version nibble of a foreign identity is 0, of an own id 8.
func (e *Event) Identity() [16]byte {
	if e.Origin == Origin_ORIGIN_OWN {
		var id [16]byte
		copy(id[:], e.EventId)
		return id
	}
	buf := make([]byte, 0, 256)
	for _, part := range [...]string{e.Caller, e.CampaignId, e.AdId} {
		buf = binary.AppendUvarint(buf, uint64(len(part)))
		buf = append(buf, part...)
	}
	buf = binary.AppendUvarint(buf, uint64(e.EventType))
	buf = binary.AppendVarint(buf, e.Timestamp)
	buf = append(buf, e.EventId...)
	sum := sha256.Sum256(buf)
	var id [16]byte
	copy(id[:], sum[:])
	id[6] &= 0x0f
	return id
}

// EventIDText is the id as people read it: the UUID of an own event, else what the caller stated.
func (e *Event) EventIDText() string { return string(e.AppendEventID(nil)) }

// AppendEventID appends EventIDText.
func (e *Event) AppendEventID(dst []byte) []byte {
	if e.Origin == Origin_ORIGIN_OWN {
		if id, ok := IDFromBytes(e.EventId); ok {
			return id.appendTo(dst)
		}
	}
	return append(dst, e.EventId...)
}

// ClickIDText is the UUID of the click that the event follows, empty when it follows none.
func (e *Event) ClickIDText() string { return string(e.AppendClickID(nil)) }

// AppendClickID appends ClickIDText.
func (e *Event) AppendClickID(dst []byte) []byte {
	if id, ok := IDFromBytes(e.ClickId); ok {
		return id.appendTo(dst)
	}
	return dst
}

// CountedCampaign is the campaign under which the event counts: an orphan counts under the empty one.
func (e *Event) CountedCampaign() string {
	if e.Disposition == Disposition_DISPOSITION_ORPHAN {
		return ""
	}
	return e.CampaignId
}

// PartitionOf chooses the partition below partitions: by ad, so that one ad's events keep their
// order; by visitor when there is no ad; by the foreign event id when there is neither.
func PartitionOf(ad string, visitor, eventID []byte, partitions uint32) uint32 {
	var h uint64
	switch {
	case ad != "":
		h = xxhash.Sum64String(ad)
	case len(visitor) > 0:
		h = xxhash.Sum64(visitor)
	default:
		h = xxhash.Sum64(eventID)
	}
	return uint32(h % uint64(partitions))
}
