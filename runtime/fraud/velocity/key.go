// Package velocity counts the clicks of an address or a device on one campaign within sliding
// windows, and remembers when a visitor last saw an ad (design 7). Memory is bounded, what was seen
// longest ago goes first, no lock is shared by all cores, and the time is always an argument.
//
// Keys do not depend on the process, so that counts of other trackers can be told apart by the same
// key.
package velocity

import (
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
)

// Scope stands for a campaign in keys. A cryptographic hash keeps a tenant from choosing an id that
// shares counts with another's campaign.
type Scope uint64

// ScopeOf returns the scope of a campaign id of at most 64 bytes; empty for clicks without a campaign.
func ScopeOf(campaign string) Scope {
	var buf [64]byte
	sum := sha256.Sum256(append(buf[:0], campaign...))
	return Scope(binary.BigEndian.Uint64(sum[:]))
}

// Key is an address or a device within a campaign.
type Key struct {
	scope Scope
	id    [16]byte
}

// Address returns the key of an IPv4 address or of an IPv6 /64.
func Address(scope Scope, addr netip.Addr) Key {
	k := Key{scope: scope, id: addr.As16()} // IPv4 in its mapped form, which no /64 equals
	if !addr.Is4() && !addr.Is4In6() {
		clear(k.id[8:])
	}
	return k
}

// Device returns the key of a device by its 16-byte hash. Devices and addresses are counted by
// different counters, so their keys need not differ.
func Device(scope Scope, device [16]byte) Key { return Key{scope: scope, id: device} }
