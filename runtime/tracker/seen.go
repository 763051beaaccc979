package tracker

import (
	"net/netip"
	"sync/atomic"
)

// seen counts visitors by whether their address was known: heartbeats tell the operator, whose status tells
// the tracker's owner that a proxy stands before it.
type seen struct{ known, hidden atomic.Uint64 }

func (s *seen) count(addr netip.Addr) {
	if addr.IsValid() {
		s.known.Add(1)
	} else {
		s.hidden.Add(1)
	}
}

func (s *seen) counts() (known, hidden uint64) { return s.known.Load(), s.hidden.Load() }
