package wal

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// allocate claims the room now, so that a full disk is met when a segment is made. A file system that
// cannot claim meets it later, as a failed write.
func allocate(f *os.File, size int64) error {
	err := unix.Fallocate(int(f.Fd()), 0, 0, size)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return f.Truncate(size)
	}
	return err
}

func syncData(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }
