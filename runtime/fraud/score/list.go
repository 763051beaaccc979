package score

import (
	"fmt"
	"math"
	"net/netip"

	"github.com/gaissmai/bart"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// never is the expiry of an entry that does not expire.
const never = math.MaxInt64

// list is a set of address ranges, each with the ms since the epoch from which it no longer holds.
type list struct{ ranges *bart.Table[int64] }

// newList reads entries; the error begins with the entry's index in brackets.
func newList(entries []*catalogpb.Entry) (list, error) {
	own := new(bart.Table[int64])
	for i, entry := range entries {
		prefix, err := netip.ParsePrefix(entry.GetCidr())
		if err != nil {
			return list{}, fmt.Errorf("[%d].cidr: %w", i, err)
		}
		if prefix.Addr().Is4In6() {
			return list{}, fmt.Errorf("[%d].cidr: write IPv4 ranges in their own form, not as IPv6", i)
		}
		expires := entry.GetExpiresMs()
		if expires == 0 {
			expires = never
		}
		if known, ok := own.Get(prefix.Masked()); !ok || known < expires {
			own.Insert(prefix.Masked(), expires)
		}
	}
	return list{ranges: spread(own)}, nil
}

// spread gives every range the latest expiry of the ranges around it, so that the most specific match
// alone decides.
func spread(own *bart.Table[int64]) *bart.Table[int64] {
	out := new(bart.Table[int64])
	for prefix, expires := range own.All() {
		for _, outer := range own.Supernets(prefix) {
			expires = max(expires, outer)
		}
		out.Insert(prefix, expires)
	}
	return out
}

// holds reports whether an entry covers the address at now, in ms since the epoch.
func (l *list) holds(addr netip.Addr, now int64) bool {
	expires, ok := l.ranges.Lookup(addr)
	return ok && now < expires
}
