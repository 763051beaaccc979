package waltest

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// sector is what a disk writes at once, as a rule; a torn one is the exception.
const sector = 512

// Crash is the directory as the next start finds it: what was synced, and of the rest whatever rng
// says. Changes of the directory survive in their order, up to some point. f itself is dead from
// here on.
func (f *FS) Crash(rng *rand.Rand) *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.crashed = true
	names := maps.Clone(f.durable)
	for _, change := range f.changes[:rng.IntN(len(f.changes)+1)] {
		change(names)
	}
	after := New()
	for _, name := range slices.Sorted(maps.Keys(names)) {
		data := names[name].survive(rng)
		after.names[name] = &inode{data: data, synced: slices.Clone(data)}
	}
	after.durable = maps.Clone(after.names)
	return after
}

// survive is what a file holds after a crash.
func (n *inode) survive(rng *rand.Rand) []byte {
	data := slices.Clone(n.synced)
	for _, w := range slices.Concat(n.doomed, n.dirty) {
		data = apply(data, write{w.at + int64(len(w.data)), nil}) // the file may have grown without its data
		for from := int64(0); from < int64(len(w.data)); {
			to := min(from+sector-(w.at+from)%sector, int64(len(w.data)))
			switch rng.IntN(5) {
			case 0, 1: // lost
			case 2: // torn
				half := from + rng.Int64N(to-from)
				copy(data[w.at+from:], w.data[from:half])
			default:
				copy(data[w.at+from:], w.data[from:to])
			}
			from = to
		}
	}
	return data
}

// Files is what programs see of each file, for tests that damage them; Put replaces one, as if it had
// always been so.
func (f *FS) Files() map[string][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	files := map[string][]byte{}
	for name, n := range f.names {
		files[name] = slices.Clone(n.data)
	}
	return files
}

// Put makes a file that is on the disk already.
func (f *FS) Put(name string, data []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := &inode{data: slices.Clone(data), synced: slices.Clone(data), reached: int64(len(data))}
	f.names[name], f.durable[name] = n, n
}
