package kube

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
)

// loadImages gives containerd the pause image, which lies beside the kubelet, and the archives the user named. There is
// no way to pull one: the cluster's network has no outside.
func (c *Cluster) loadImages(ctx context.Context) error {
	kubelet, err := exec.LookPath("kubelet")
	if err != nil {
		return fmt.Errorf("find the pause image: %w", err)
	}
	for _, archive := range append([]string{filepath.Join(filepath.Dir(kubelet), "pause.tar")}, c.Images...) {
		if err := ctr(ctx, "images", "import", archive); err != nil {
			return fmt.Errorf("load %s: %w", archive, err)
		}
	}
	return nil
}
