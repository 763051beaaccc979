package wal

import "io"

// FS is the directory of one journal. Every effect of this package on a disk goes through it. Names
// are plain file names. It is safe for concurrent use.
type FS interface {
	// Lock takes the directory for this process until release; ErrLocked when another one has it.
	Lock() (release func() error, err error)
	// Create makes a file of that size whose room is claimed; one that is there is replaced.
	Create(name string, size int64) (File, error)
	// Open opens a file for reading and writing.
	Open(name string) (File, error)
	// Rename replaces to.
	Rename(from, to string) error
	Remove(name string) error
	// List names the files of the directory, sorted.
	List() ([]string, error)
	// SyncDir makes what was created, renamed and removed survive a power cut.
	SyncDir() error
}

// File is an open file of a journal.
type File interface {
	io.ReaderAt
	io.WriterAt
	// Size is the length of the file in bytes.
	Size() (int64, error)
	// Sync makes what was written survive a power cut. After an error nobody knows what did.
	Sync() error
	Close() error
}
