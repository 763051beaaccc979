package machine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

const cgroupMount = "/sys/fs/cgroup"

// unified is the file that only version 2's single hierarchy has at its root.
var unified = filepath.Join(cgroupMount, "cgroup.controllers")

// MakeCgroups makes a control group of this name, for the pods of one cluster, in every hierarchy.
func MakeCgroups(name string) error {
	for _, root := range hierarchies() {
		if err := os.Mkdir(filepath.Join(root, name), 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("make a control group: %w", err)
		}
	}
	controllers, err := os.ReadFile(unified)
	if err != nil {
		return nil // version 1: each hierarchy is a controller
	}
	// Version 2 has a group's controllers only where its parent hands them down.
	for _, group := range []string{cgroupMount, filepath.Join(cgroupMount, name)} {
		for controller := range strings.FieldsSeq(string(controllers)) {
			path := filepath.Join(group, "cgroup.subtree_control")
			if err := os.WriteFile(path, []byte("+"+controller), 0o644); err != nil {
				return fmt.Errorf("hand down control group controller %s: %w", controller, err)
			}
		}
	}
	return nil
}

// RemoveCgroups removes the groups of this name and all below them. Their processes must have ended.
func RemoveCgroups(name string) error {
	var problems []error
	for _, root := range hierarchies() {
		problems = append(problems, removeGroup(filepath.Join(root, name)))
	}
	return errors.Join(problems...)
}

// removeGroup removes a group's children before itself. The kernel removes the files in them.
func removeGroup(path string) error {
	var groups []string
	err := filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && entry.IsDir() {
			groups = append(groups, path)
		}
		return err
	})
	for _, group := range slices.Backward(groups) {
		if rmErr := syscall.Rmdir(group); rmErr != nil && rmErr != syscall.ENOENT {
			err = errors.Join(err, fmt.Errorf("remove control group %s: %w", group, rmErr))
		}
	}
	return err
}

// hierarchies are the roots of the control group hierarchies: one in version 2, one for each controller in version 1.
func hierarchies() []string {
	if _, err := os.Stat(unified); err == nil {
		return []string{cgroupMount}
	}
	var roots []string
	entries, _ := os.ReadDir(cgroupMount) // none: the kubelet will say what it misses
	for _, entry := range entries {
		if entry.IsDir() { // cpu,cpuacct is often a folder with links to it
			roots = append(roots, filepath.Join(cgroupMount, entry.Name()))
		}
	}
	return roots
}
