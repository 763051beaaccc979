package velocity

import (
	"crypto/sha256"
	"math"
	"net/netip"

	"github.com/clicktally/clicktally/runtime/fraud/recent"
)

// ImpressionKey is one visitor's view of one ad of one campaign.
type ImpressionKey [16]byte

// OfVisitor returns the key of a visitor who is known by a hash.
func OfVisitor(campaign, ad string, visitor []byte) ImpressionKey {
	return impressionKey(campaign, ad, 'v', visitor, "")
}

// OfClient returns the key of a visitor of whom only address and user agent are known.
func OfClient(campaign, ad string, addr netip.Addr, userAgent string) ImpressionKey {
	id := addr.As16()
	return impressionKey(campaign, ad, 'c', id[:], userAgent)
}

// impressionKey hashes the fields, each after its length, so that no two lists of fields are one text.
func impressionKey(campaign, ad string, kind byte, visitor []byte, userAgent string) ImpressionKey {
	var buf [768]byte // holds the longest ids and user agent that events carry
	text := append(buf[:0], kind)
	text = appendField(text, campaign)
	text = appendField(text, ad)
	text = appendField(text, string(visitor))
	text = appendField(text, userAgent)
	sum := sha256.Sum256(text)
	return ImpressionKey(sum[:16])
}

func appendField(dst []byte, field string) []byte {
	dst = append(dst, byte(len(field)>>8), byte(len(field)))
	return append(dst, field...)
}

// Impressions remembers the time of the last impression per key. It is safe for concurrent use.
type Impressions struct {
	table *recent.Table[ImpressionKey, int64]
}

// NewImpressions keeps up to keys times, DefaultKeys when it is 0.
func NewImpressions(keys int) *Impressions {
	if keys == 0 {
		keys = DefaultKeys
	}
	return &Impressions{table: recent.New[ImpressionKey, int64](keys)}
}

// Saw keeps the time of an impression, in ms since the epoch. An older time never replaces a newer.
func (m *Impressions) Saw(key ImpressionKey, at int64) {
	m.table.Update(key, func(last *int64, _ bool) { *last = max(*last, at) })
}

// Since returns the ms from the last impression to now, at most what a uint32 holds. It is false when
// none is remembered, and when now is before it: the clock was set back, and nothing is known.
func (m *Impressions) Since(key ImpressionKey, now int64) (ms uint32, ok bool) {
	last, ok := m.table.Get(key)
	if !ok || now < last {
		return 0, false
	}
	return uint32(min(now-last, math.MaxUint32)), true
}

// Len returns the number of keys held.
func (m *Impressions) Len() int { return m.table.Len() }

// Evictions returns how many keys made room for others.
func (m *Impressions) Evictions() uint64 { return m.table.Evictions() }
