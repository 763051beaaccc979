package aggregate

import "github.com/clicktally/clicktally/runtime/event"

// identities are the events of one pane that were seen. Own ids are bits, because their counters are
// gap-free per boot; foreign ones remember the row of their first copy, which takes the duplicates.
type identities struct {
	own     map[ownBlock]*[blockWords]uint64
	foreign map[[16]byte]*paneRow
}

const (
	blockWords = 8
	blockBits  = blockWords * 64
)

// ownBlock is the place of 512 counters of one boot. Partition and minute are those of the pane; a
// counter is used for one event only, so its ms needs no place here.
type ownBlock struct {
	boot  uint32
	block uint32
}

func newIdentities() identities {
	return identities{own: map[ownBlock]*[blockWords]uint64{}, foreign: map[[16]byte]*paneRow{}}
}

// seenOwn says whether id was there before, and adds it.
func (s *identities) seenOwn(id event.ID) bool {
	counter := id.Counter()
	key := ownBlock{boot: id.BootLow(), block: counter / blockBits}
	words := s.own[key]
	if words == nil {
		words = new([blockWords]uint64)
		s.own[key] = words
	}
	word, bit := &words[counter%blockBits/64], uint64(1)<<(counter%64)
	seen := *word&bit != 0
	*word |= bit
	return seen
}
