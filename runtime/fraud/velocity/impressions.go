package velocity

import (
	"net/netip"
)

// ImpressionKey is one visitor's view of one ad of one campaign.
type ImpressionKey [16]byte

// OfVisitor returns the key of a visitor who is known by a hash.
func OfVisitor(campaign, ad string, visitor []byte) ImpressionKey { return ImpressionKey{} }

// OfClient returns the key of a visitor of whom only address and user agent are known.
func OfClient(campaign, ad string, addr netip.Addr, userAgent string) ImpressionKey {
	return ImpressionKey{}
}

// Impressions remembers the time of the last impression per key.
type Impressions struct{}

// NewImpressions keeps up to keys times, DefaultKeys when it is 0.
func NewImpressions(keys int) *Impressions { return &Impressions{} }

// Saw keeps the time of an impression, in ms since the epoch. An older time never replaces a newer.
func (m *Impressions) Saw(key ImpressionKey, at int64) {}

// Since returns the ms from the last impression to now. It is false when none is remembered, and when
// the clock was set back since.
func (m *Impressions) Since(key ImpressionKey, now int64) (ms uint32, ok bool) { return 0, false }
