package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// diskSize is the room of a journal's tmpfs: a few segments.
const diskSize = "size=96m"

// mountDisk gives a folder a small disk of its own.
func mountDisk(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, diskSize); err != nil {
		return fmt.Errorf("mount a small tmpfs: %w", err)
	}
	return nil
}

func unmountDisk(dir string) error {
	if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount %s: %w", dir, err)
	}
	return nil
}

// forceReadOnly makes a disk read-only, or writable again. A disk that is open for writing is busy: its
// superblock cannot be changed, and the mount is made read-only instead, which new files feel.
func forceReadOnly(dir string, on bool) error {
	flags := uintptr(unix.MS_REMOUNT)
	if on {
		flags |= unix.MS_RDONLY
	}
	err := unix.Mount("tmpfs", dir, "tmpfs", flags, diskSize)
	if errors.Is(err, syscall.EBUSY) {
		err = unix.Mount("", dir, "", flags|unix.MS_BIND, "")
	}
	if err != nil {
		return fmt.Errorf("make the disk of %s read-only: %w", dir, err)
	}
	return nil
}
