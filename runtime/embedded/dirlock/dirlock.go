//go:build unix

// Package dirlock keeps two processes from using one data directory.
package dirlock

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// fileName is the lock file inside the directory. It stays when the lock is gone.
const fileName = "lock"

// Lock is held on a directory until Unlock or the end of the process, kill -9 included.
type Lock struct{ file *os.File }

// Acquire creates dir when it is missing and locks it for this process. When another process holds it the error says which directory,
// the other's process id and what to do.
func Acquire(dir string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the data directory: %w", err)
	}
	path := filepath.Join(dir, fileName)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the data directory: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("data directory %s is in use by process %s: stop that process or choose another directory", dir, owner(path))
		}
		return nil, fmt.Errorf("lock data directory %s: %w", dir, err)
	}
	if err := writeOwner(file); err != nil {
		_ = file.Close()
		return nil, err
	}
	return &Lock{file}, nil
}

// Unlock lets another process have the directory.
func (l *Lock) Unlock() error { return l.file.Close() }

func writeOwner(file *os.File) error {
	if err := file.Truncate(0); err != nil {
		return fmt.Errorf("write the lock of the data directory: %w", err)
	}
	if _, err := file.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0); err != nil {
		return fmt.Errorf("write the lock of the data directory: %w", err)
	}
	return nil
}

func owner(path string) string {
	text, err := os.ReadFile(path)
	if pid := strings.TrimSpace(string(text)); err == nil && pid != "" {
		return pid
	}
	return "(unknown)"
}
