package recent

import (
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// naive is a table that moves keys in a slice, newest last.
type naive struct {
	capacity int
	order    []int
	values   map[int]int
}

func (n *naive) touch(key int) (fresh bool) {
	at := slices.Index(n.order, key)
	if at >= 0 {
		n.order = append(slices.Delete(n.order, at, at+1), key)
		return false
	}
	if len(n.order) == n.capacity {
		delete(n.values, n.order[0])
		n.order = n.order[1:]
	}
	n.order = append(n.order, key)
	return true
}

func TestTableForgetsTheLeastRecentlyUsed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.IntRange(1, 8).Draw(t, "capacity")
		table, model := New[int, int](capacity), &naive{capacity: capacity, values: map[int]int{}}
		keys := rapid.IntRange(0, 12)
		t.Repeat(map[string]func(*rapid.T){
			"update": func(t *rapid.T) {
				key := keys.Draw(t, "key")
				wantFresh := model.touch(key)
				model.values[key]++
				table.Update(key, func(v *int, fresh bool) {
					*v++
					if fresh != wantFresh || *v != model.values[key] {
						t.Fatalf("key %d: fresh %v value %d, want %v %d", key, fresh, *v, wantFresh, model.values[key])
					}
				})
			},
			"get": func(t *rapid.T) {
				key := keys.Draw(t, "key")
				want, known := model.values[key]
				if known {
					model.touch(key)
				}
				if got, ok := table.Get(key); ok != known || got != want {
					t.Fatalf("key %d: %d %v, want %d %v", key, got, ok, want, known)
				}
			},
			"": func(t *rapid.T) {
				if table.Len() != len(model.order) {
					t.Fatalf("holds %d keys, want %d", table.Len(), len(model.order))
				}
			},
		})
	})
}

func TestTableStaysWithinItsBound(t *testing.T) {
	const capacity = 1 << 12
	table := New[int, int](capacity)
	for key := range 4 * capacity {
		table.Update(key, func(v *int, _ bool) { *v = key })
	}
	if got := table.Len(); got > capacity {
		t.Errorf("holds %d keys, bound is %d", got, capacity)
	}
	if got, want := table.Evictions(), uint64(4*capacity-table.Len()); got != want {
		t.Errorf("%d evictions, want %d", got, want)
	}
}

func TestTableCountsEveryConcurrentUpdate(t *testing.T) {
	const workers, rounds, keys = 8, 2000, 50
	table := New[int, int](1 << 12)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := range rounds {
				table.Update(i%keys, func(v *int, _ bool) { *v++ })
			}
		})
	}
	group.Wait()
	for key := range keys {
		if got, _ := table.Get(key); got != workers*rounds/keys {
			t.Errorf("key %d counted %d, want %d", key, got, workers*rounds/keys)
		}
	}
}

func TestFullTableAllocatesNothing(t *testing.T) {
	type key struct{ a, b uint64 }
	table := New[key, [4]uint64](1 << 10)
	next := uint64(0)
	update := func() {
		next++
		table.Update(key{next, next}, func(v *[4]uint64, _ bool) { v[0] += next })
		table.Get(key{next, next})
	}
	for range 1 << 13 {
		update()
	}
	if allocs := testing.AllocsPerRun(1000, update); allocs != 0 {
		t.Errorf("%v allocations per update, want none", allocs)
	}
}
