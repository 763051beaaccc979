package machine

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// prepareFolders covers the fixed places that containerd, the kubelet and CNI plugins write to: /run and /var/log with
// memory, /var/lib with a copy-on-write view whose changes stay in memory, and in it /var/lib/kubelet and /var/lib/cni
// with folders of dir.
func prepareFolders(dir string) error {
	for _, path := range []string{"/run", "/var/log"} {
		if err := syscall.Mount("tmpfs", path, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV, "mode=755"); err != nil {
			return fmt.Errorf("mount memory on %s: %w", path, err)
		}
	}
	if err := coverVarLib("/run/var-lib"); err != nil {
		return err
	}
	for _, name := range []string{"kubelet", "cni"} {
		source, target := filepath.Join(dir, name), filepath.Join("/var/lib", name)
		for _, path := range []string{source, target} {
			if err := os.MkdirAll(path, 0o755); err != nil {
				return err
			}
		}
		if err := syscall.Mount(source, target, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount %s on %s: %w", source, target, err)
		}
	}
	return nil
}

// coverVarLib mounts an overlay on /var/lib, so that nothing is created on the host, not even mount points.
func coverVarLib(changes string) error {
	upper, work := filepath.Join(changes, "upper"), filepath.Join(changes, "work")
	for _, path := range []string{upper, work} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
	}
	options := fmt.Sprintf("lowerdir=/var/lib,upperdir=%s,workdir=%s", upper, work)
	if err := syscall.Mount("overlay", "/var/lib", "overlay", 0, options); err != nil {
		return fmt.Errorf("mount an overlay on /var/lib (the kernel must support overlay): %w", err)
	}
	return nil
}
