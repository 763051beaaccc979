//go:build !linux

package main

import "errors"

var errNoDisk = errors.New("small disks are mounted on Linux only")

func mountDisk(string) error { return errNoDisk }

func unmountDisk(string) error { return errNoDisk }

func forceReadOnly(string, bool) error { return errNoDisk }
