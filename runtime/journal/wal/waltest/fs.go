// Package waltest is a file system that forgets, for tests of what must survive: it is in memory,
// counts every effect, fails where it is told to, and can crash before any of them. After a crash
// what was synced is there; of the rest each sector may be old, new, or torn.
package waltest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"syscall"

	"github.com/clicktally/clicktally/runtime/journal/wal"
)

// ErrCrashed is the error of every effect from a crash on.
var ErrCrashed = errors.New("waltest: the machine has crashed")

// Op is one effect.
type Op struct {
	Step int    // from 1, in the order of this file system's life
	Kind Kind   // what is about to be done
	Name string // to this file; empty for SyncDir
}

// Kind of an effect.
type Kind string

// The effects.
const (
	Create  Kind = "create"
	Write   Kind = "write"
	Sync    Kind = "sync"
	Rename  Kind = "rename"
	Remove  Kind = "remove"
	SyncDir Kind = "syncdir"
)

// FS is a directory in memory with the semantics of a crash. Make it with New or Crash.
type FS struct {
	// Before is asked before each effect, one at a time, and may refuse it: ErrCrashed ends this file
	// system's life; any other error fails the effect as a disk would: half a write is done, and what
	// a failed sync left out no later sync brings back. Optional.
	Before func(Op) error
	// Room bounds the bytes of all files together; a Create beyond it gets ENOSPC. Zero: no bound.
	Room int64

	mu      sync.Mutex
	step    int
	crashed bool
	locked  bool
	names   map[string]*inode // as programs see them
	durable map[string]*inode // as of the last SyncDir
	changes []func(map[string]*inode)
}

type inode struct {
	data   []byte  // as programs see it
	synced []byte  // as of the last sync
	dirty  []write // since then
	doomed []write // of failed syncs: on the disk or not, for good

	reached int64 // behind the last byte that was ever written and synced
	early   bool  // data, not zeros, was written behind it
}

type write struct {
	at   int64
	data []byte
}

// New is an empty directory.
func New() *FS {
	return &FS{names: map[string]*inode{}, durable: map[string]*inode{}}
}

// effect counts one and says whether it may be done. It is called with mu held.
func (f *FS) effect(kind Kind, name string) error {
	if f.crashed {
		return ErrCrashed
	}
	f.step++
	if f.Before == nil {
		return nil
	}
	err := f.Before(Op{f.step, kind, name})
	f.crashed = errors.Is(err, ErrCrashed)
	return err
}

// Steps is how many effects there were.
func (f *FS) Steps() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.step
}

// WrittenEarly names the files in which data went to room that no sync had reached before.
func (f *FS) WrittenEarly() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for name, n := range f.names {
		if n.early {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Lock is wal.FS. A crash ends it.
func (f *FS) Lock() (func() error, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.crashed {
		return nil, ErrCrashed
	}
	if f.locked {
		return nil, wal.ErrLocked
	}
	f.locked = true
	return f.unlock, nil
}

func (f *FS) unlock() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.locked = false
	return nil
}

// Create is wal.FS.
func (f *FS) Create(name string, size int64) (wal.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.effect(Create, name); err != nil {
		return nil, err
	}
	used := size
	for other, n := range f.names {
		if other != name {
			used += int64(len(n.data))
		}
	}
	if f.Room > 0 && used > f.Room {
		return nil, &fs.PathError{Op: "create", Path: name, Err: syscall.ENOSPC}
	}
	n := &inode{data: make([]byte, size), synced: make([]byte, size)}
	f.change(func(names map[string]*inode) { names[name] = n })
	return &file{f, n, name}, nil
}

// Open is wal.FS.
func (f *FS) Open(name string) (wal.File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.crashed {
		return nil, ErrCrashed
	}
	n := f.names[name]
	if n == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &file{f, n, name}, nil
}

// Rename is wal.FS.
func (f *FS) Rename(from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.effect(Rename, from); err != nil {
		return err
	}
	if f.names[from] == nil {
		return &fs.PathError{Op: "rename", Path: from, Err: fs.ErrNotExist}
	}
	f.change(func(names map[string]*inode) {
		if n := names[from]; n != nil {
			delete(names, from)
			names[to] = n
		}
	})
	return nil
}

// Remove is wal.FS.
func (f *FS) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.effect(Remove, name); err != nil {
		return err
	}
	if f.names[name] == nil {
		return &fs.PathError{Op: "remove", Path: name, Err: fs.ErrNotExist}
	}
	f.change(func(names map[string]*inode) { delete(names, name) })
	return nil
}

// change is seen at once and durable with the next SyncDir.
func (f *FS) change(do func(map[string]*inode)) {
	do(f.names)
	f.changes = append(f.changes, do)
}

// List is wal.FS.
func (f *FS) List() ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.crashed {
		return nil, ErrCrashed
	}
	return slices.Sorted(maps.Keys(f.names)), nil
}

// SyncDir is wal.FS.
func (f *FS) SyncDir() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.effect(SyncDir, ""); err != nil {
		return err
	}
	f.durable, f.changes = maps.Clone(f.names), nil
	return nil
}

type file struct {
	fs   *FS
	node *inode
	name string
}

// ReadAt is io.ReaderAt.
func (f *file) ReadAt(p []byte, at int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.fs.crashed {
		return 0, ErrCrashed
	}
	if at >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.node.data[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt is io.WriterAt.
func (f *file) WriteAt(p []byte, at int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.fs.effect(Write, f.name); err != nil {
		if f.fs.crashed {
			return 0, err
		}
		f.node.write(p[:len(p)/2], at)
		return len(p) / 2, err
	}
	f.node.write(p, at)
	return len(p), nil
}

func (n *inode) write(p []byte, at int64) {
	n.early = n.early || at+int64(len(p)) > n.reached && bytes.ContainsFunc(p, func(r rune) bool { return r != 0 })
	n.data = apply(n.data, write{at, p})
	n.dirty = append(n.dirty, write{at, slices.Clone(p)})
}

func apply(data []byte, w write) []byte {
	if missing := w.at + int64(len(w.data)) - int64(len(data)); missing > 0 {
		data = append(data, make([]byte, missing)...)
	}
	copy(data[w.at:], w.data)
	return data
}

// Sync is wal.File.
func (f *file) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	n := f.node
	if err := f.fs.effect(Sync, f.name); err != nil {
		if !f.fs.crashed {
			n.doomed, n.dirty = append(n.doomed, n.dirty...), nil
		}
		return err
	}
	for _, w := range n.dirty {
		n.synced = apply(n.synced, w)
		n.reached = max(n.reached, w.at+int64(len(w.data)))
	}
	n.dirty = nil
	return nil
}

// Size is wal.File.
func (f *file) Size() (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return int64(len(f.node.data)), nil
}

// Close is io.Closer.
func (f *file) Close() error { return nil }
