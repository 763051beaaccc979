package main

import (
	"fmt"
	"os"
	"os/exec"
)

// diskBytes is the room of a journal's disk: a few segments.
const diskBytes = 160 << 20

// diskTools are the programs that make and mount a small disk.
var diskTools = []string{"mkfs.ext4", "mount", "umount"}

// noDisk says why no small disk can be mounted, empty when one can.
func noDisk() string {
	if os.Getuid() != 0 {
		return "mounting a small disk needs root"
	}
	for _, tool := range diskTools {
		if _, err := exec.LookPath(tool); err != nil {
			return err.Error()
		}
	}
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		return "no loop devices: " + err.Error()
	}
	return ""
}

// mountDisk gives a folder a small disk of its own, kept in a file beside it.
func mountDisk(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	image, err := os.Create(image(dir))
	if err != nil {
		return err
	}
	defer func() { _ = image.Close() }()
	if err := image.Truncate(diskBytes); err != nil {
		return err
	}
	if err := tool("mkfs.ext4", "-q", "-F", image.Name()); err != nil {
		return err
	}
	return remountDisk(dir)
}

// image is the file that holds a folder's disk.
func image(dir string) string { return dir + ".img" }

// remountDisk mounts a disk, again after it was unmounted.
func remountDisk(dir string) error { return tool("mount", "-o", "loop", image(dir), dir) }

func unmountDisk(dir string) error { return tool("umount", dir) }

// abortDisk makes a disk fail as after an error of its device: the kernel refuses every write from now
// on, also to files that are open.
func abortDisk(dir string) error { return tool("mount", "-o", "remount,abort", dir) }

func tool(name string, args ...string) error {
	if output, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w: %s", name, args, err, output)
	}
	return nil
}
