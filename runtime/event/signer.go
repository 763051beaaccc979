package event

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"sync"
)

// A public click id is what {clickid} expands to: the 16 bytes of the id and 8 bytes of MAC, in 32
// characters of base64url.
const (
	publicIDLen = 32
	macLen      = 8
	minKeyLen   = 16
)

// Errors of Signer.Parse.
var (
	ErrNotClickID = errors.New("not a click id")
	ErrBadMAC     = errors.New("click id was not made here")
)

// Signer makes and checks public click ids with HMAC-SHA256 (RFC 2104) truncated to 64 bits.
type Signer struct {
	keys []*sync.Pool // of hash.Hash, one pool a key: computing the key schedule twice a click is waste
}

// NewSigner takes the keys, the signing one first; the others only verify, for rotation. A key has
// at least 16 bytes.
func NewSigner(keys ...[]byte) (*Signer, error) {
	if len(keys) == 0 {
		return nil, errors.New("click id signer: no key given")
	}
	s := &Signer{}
	for i, key := range keys {
		if len(key) < minKeyLen {
			return nil, fmt.Errorf("click id signer: key %d has %d bytes, at least %d are needed", i, len(key), minKeyLen)
		}
		s.keys = append(s.keys, &sync.Pool{New: func() any { return hmac.New(sha256.New, key) }})
	}
	return s, nil
}

// Public is the click id to hand out.
func (s *Signer) Public(id ID) string {
	var raw [len(id) + macLen]byte
	copy(raw[:], id[:])
	mac := sum(s.keys[0], id)
	copy(raw[len(id):], mac[:macLen])
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// Parse checks a public click id; ErrNotClickID for a wrong form, ErrBadMAC for a forged one.
func (s *Signer) Parse(text string) (ID, error) {
	var raw [len(ID{}) + macLen]byte
	var id ID
	if len(text) != publicIDLen {
		return id, ErrNotClickID
	}
	if _, err := base64.RawURLEncoding.Strict().Decode(raw[:], []byte(text)); err != nil {
		return id, ErrNotClickID
	}
	copy(id[:], raw[:len(id)])
	if !id.IsOwn() {
		return ID{}, ErrNotClickID
	}
	for _, key := range s.keys {
		mac := sum(key, id)
		if hmac.Equal(mac[:macLen], raw[len(id):]) {
			return id, nil
		}
	}
	return ID{}, ErrBadMAC
}

// UnverifiedID reads the id out of a public click id without checking the MAC: for readers that
// have no key and look the id up anyway.
func UnverifiedID(text string) (ID, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != len(ID{})+macLen {
		return ID{}, false
	}
	return IDFromBytes(raw[:len(ID{})])
}

func sum(pool *sync.Pool, id ID) [sha256.Size]byte {
	h := pool.Get().(hash.Hash)
	defer pool.Put(h)
	h.Reset()
	h.Write(id[:])
	var out [sha256.Size]byte
	h.Sum(out[:0])
	return out
}
