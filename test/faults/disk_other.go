//go:build !linux

package main

import "errors"

var errNoDisk = errors.New("small disks are mounted on Linux only")

func noDisk() string { return errNoDisk.Error() }

func mountDisk(string) error { return errNoDisk }

func remountDisk(string) error { return errNoDisk }

func unmountDisk(string) error { return errNoDisk }

func abortDisk(string) error { return errNoDisk }
