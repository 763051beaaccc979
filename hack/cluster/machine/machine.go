// Package machine turns fresh namespaces into a machine that a Kubernetes node can stand on: an address, folders for what
// its programs keep in fixed places, and control groups for its pods. Nothing of it is seen outside the namespaces but the
// control groups, which [RemoveCgroups] removes.
package machine

import "fmt"

// Addresses of the machine and of what runs on it. They exist in the cluster's network namespace only, so any number of
// clusters on one host may use the same.
const (
	Address     = "10.99.0.1"
	gateway     = "10.99.0.254" // nobody: nothing leaves the namespace
	network     = "/24"
	PodCIDR     = "10.244.0.0/24"
	ServiceCIDR = "10.96.0.0/16"
	APIService  = "10.96.0.1"
	Domain      = "cluster.local"
)

// Prepare makes the machine. Folders are made under dir.
func Prepare(dir string) error {
	for _, step := range []struct {
		name string
		make func(dir string) error
	}{
		{"network", prepareNetwork},
		{"folders", prepareFolders},
		{"name server", prepareResolver},
		{"kernel settings", shieldTunables},
	} {
		if err := step.make(dir); err != nil {
			return fmt.Errorf("prepare the node's %s: %w", step.name, err)
		}
	}
	return nil
}
