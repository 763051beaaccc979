// Package recent is a bounded memory of what was seen last: a hash table whose least recently used
// entry makes room for the next. Its memory holds no pointers of its own, so the collector scans it
// only when keys or values hold some; it is divided into shards, so that no lock is shared by all
// cores; and a full table allocates nothing.
package recent

import (
	"hash/maphash"
	"sync"
)

const (
	maxShards = 64
	// perShard is the capacity below which a shard is not divided further.
	perShard = 256
)

// Table keeps up to a fixed number of values by key. It is safe for concurrent use.
type Table[K comparable, V any] struct {
	seed   maphash.Seed // secret, so that nobody can choose keys that fall into one chain
	shards []shard[K, V]
}

// New returns a table for up to capacity keys, at least one. The bound holds per shard, so a few keys
// may go before the whole table is full.
func New[K comparable, V any](capacity int) *Table[K, V] {
	shards := 1
	for shards < maxShards && capacity/shards >= 2*perShard {
		shards *= 2
	}
	t := &Table[K, V]{seed: maphash.MakeSeed(), shards: make([]shard[K, V], shards)}
	for i := range t.shards {
		t.shards[i].init(max(capacity/shards, 1))
	}
	return t
}

// Update calls change with the value of key under the shard's lock; fresh says that the key was not
// there and the value is zero. change must be short and must not use the table.
func (t *Table[K, V]) Update(key K, change func(value *V, fresh bool)) {
	s, hash := t.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.find(key, hash)
	fresh := at == none
	if fresh {
		at = s.add(key, hash)
	} else {
		s.touch(at)
	}
	change(&s.entries[at].value, fresh)
}

// Get returns the value of key and marks it as used.
func (t *Table[K, V]) Get(key K) (value V, ok bool) {
	s, hash := t.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.find(key, hash)
	if at == none {
		return value, false
	}
	s.touch(at)
	return s.entries[at].value, true
}

// Len returns the number of keys.
func (t *Table[K, V]) Len() int {
	n := 0
	t.each(func(s *shard[K, V]) { n += len(s.entries) })
	return n
}

// Evictions returns how many keys had to make room so far.
func (t *Table[K, V]) Evictions() uint64 {
	n := uint64(0)
	t.each(func(s *shard[K, V]) { n += s.evictions })
	return n
}

func (t *Table[K, V]) each(look func(*shard[K, V])) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		look(s)
		s.mu.Unlock()
	}
}

// shard takes the high half of the hash; the low half chooses the chain within the shard.
func (t *Table[K, V]) shard(key K) (*shard[K, V], uint32) {
	hash := maphash.Comparable(t.seed, key)
	return &t.shards[int(hash>>32)&(len(t.shards)-1)], uint32(hash)
}

// cacheLine keeps the locks of neighbouring shards apart.
type cacheLine [64]byte

// shard is one part of a table: entries in one slice, linked by index into hash chains and into one
// list from newest to oldest.
type shard[K comparable, V any] struct {
	mu             sync.Mutex
	entries        []entry[K, V]
	heads          []int32 // a power of two of chains
	capacity       int
	newest, oldest int32
	evictions      uint64
	_              cacheLine
}
