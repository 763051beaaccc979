package aggregate

import "github.com/clicktally/clicktally/runtime/event"

// identities are the events of one pane that were seen. Own ids are bits, because their counters are
// gap-free per boot; foreign ones remember where their first copy counts, which takes the duplicates. No map holds a
// pointer: the garbage collector passes them by.
type identities struct {
	blocks  map[ownBlock]uint32 // number of the block
	own     []bits
	foreign map[[16]byte]counted
}

const (
	blockWords = 8
	blockBits  = blockWords * 64
)

// ownBlock is the place of 512 counters of one boot. Partition and minute are those of the pane; a
// counter is used for one event only, so its ms needs no place here.
type ownBlock uint64 // boot<<32 | counter/512

type bits [blockWords]uint64

func newIdentities() identities {
	return identities{blocks: map[ownBlock]uint32{}, foreign: map[[16]byte]counted{}}
}

// seenOwn says whether id was there before, and adds it.
func (s *identities) seenOwn(id event.ID) bool {
	counter := id.Counter()
	block := ownBlock(uint64(id.BootLow())<<32 | uint64(counter/blockBits))
	number, known := s.blocks[block]
	if !known {
		number = uint32(len(s.own))
		s.blocks[block] = number
		s.own = append(s.own, bits{})
	}
	word, bit := &s.own[number][counter%blockBits/64], uint64(1)<<(counter%64)
	seen := *word&bit != 0
	*word |= bit
	return seen
}
