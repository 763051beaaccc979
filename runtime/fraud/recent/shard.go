package recent

// none is the index of no entry.
const none int32 = -1

type entry[K comparable, V any] struct {
	key          K
	value        V
	hash         uint32
	next         int32 // in the hash chain
	newer, older int32
}

func (s *shard[K, V]) init(capacity int) {
	chains := 1
	for chains < capacity {
		chains *= 2
	}
	s.heads = make([]int32, chains)
	for i := range s.heads {
		s.heads[i] = none
	}
	s.capacity, s.newest, s.oldest = capacity, none, none
}

func (s *shard[K, V]) head(hash uint32) *int32 { return &s.heads[int(hash)&(len(s.heads)-1)] }

func (s *shard[K, V]) find(key K, hash uint32) int32 {
	for at := *s.head(hash); at != none; at = s.entries[at].next {
		if s.entries[at].hash == hash && s.entries[at].key == key {
			return at
		}
	}
	return none
}

// add puts a zero value under a key that is not there, in place of the oldest when the shard is full.
func (s *shard[K, V]) add(key K, hash uint32) int32 {
	var at int32
	if len(s.entries) < s.capacity {
		at = int32(len(s.entries))
		s.entries = append(s.entries, entry[K, V]{})
	} else {
		at = s.oldest
		s.unchain(at)
		s.unlist(at)
		s.evictions++
	}
	head := s.head(hash)
	s.entries[at] = entry[K, V]{key: key, hash: hash, next: *head}
	*head = at
	s.list(at)
	return at
}

func (s *shard[K, V]) touch(at int32) {
	if s.newest != at {
		s.unlist(at)
		s.list(at)
	}
}

func (s *shard[K, V]) unchain(at int32) {
	link := s.head(s.entries[at].hash)
	for *link != at {
		link = &s.entries[*link].next
	}
	*link = s.entries[at].next
}

// list makes the entry the newest.
func (s *shard[K, V]) list(at int32) {
	s.entries[at].newer, s.entries[at].older = none, s.newest
	if s.newest == none {
		s.oldest = at
	} else {
		s.entries[s.newest].newer = at
	}
	s.newest = at
}

func (s *shard[K, V]) unlist(at int32) {
	newer, older := s.entries[at].newer, s.entries[at].older
	if newer == none {
		s.newest = older
	} else {
		s.entries[newer].older = older
	}
	if older == none {
		s.oldest = newer
	} else {
		s.entries[older].newer = newer
	}
}
