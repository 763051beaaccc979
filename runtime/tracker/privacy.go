package tracker

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"net/netip"
	"sync"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/tracker/link"
)

const (
	hashLen       = 16 // bytes of a stored user or device hash
	minHashKey    = 16
	truncatedBits = 24 // of IPv4
	truncatedV6   = 48
)

// storedAddress is what of an address is kept with an event; empty when it is unknown or dropped.
func storedAddress(addr netip.Addr, privacy catalogpb.AddressPrivacy) []byte {
	if !addr.IsValid() || privacy == catalogpb.AddressPrivacy_ADDRESS_PRIVACY_DROP {
		return nil
	}
	if privacy != catalogpb.AddressPrivacy_ADDRESS_PRIVACY_KEEP {
		bits := truncatedBits
		if addr.Is6() {
			bits = truncatedV6
		}
		prefix, err := addr.Prefix(bits)
		if err != nil {
			return nil
		}
		addr = prefix.Addr()
	}
	return addr.AsSlice()
}

// hasher turns stated user and device ids into keyed hashes: HMAC-SHA256 cut to 16 bytes.
type hasher struct{ pool sync.Pool }

func newHasher(key []byte) (*hasher, error) {
	if len(key) < minHashKey {
		return nil, fmt.Errorf("hash key has %d bytes, at least %d are needed", len(key), minHashKey)
	}
	h := &hasher{}
	h.pool.New = func() any { return hmac.New(sha256.New, key) }
	return h, nil
}

// Kinds of hashed ids: the same text hashes differently as a user and as a device.
const (
	hashUser   = "user\x00"
	hashDevice = "device\x00"
)

var errNothingStated = errors.New("nothing stated")

// sum is the hash of a stated id; errNothingStated when it is empty.
func (h *hasher) sum(kind, stated string) ([hashLen]byte, error) {
	var out [hashLen]byte
	if stated == "" {
		return out, errNothingStated
	}
	mac := h.pool.Get().(hash.Hash)
	defer h.pool.Put(mac)
	mac.Reset()
	var text [len(hashDevice) + link.MaxStated]byte
	mac.Write(append(append(text[:0], kind...), stated...))
	var full [sha256.Size]byte
	copy(out[:], mac.Sum(full[:0]))
	return out, nil
}
