package kube

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/clicktally/clicktally/hack/cluster/machine"
)

const (
	containerdSocket = "/run/containerd/containerd.sock"
	pauseImage       = "localhost/clicktally/pause:1"
	// imageNamespace is containerd's namespace for what Kubernetes runs.
	imageNamespace = "k8s.io"
)

// cniFolders are where distributions and Kubernetes' own packages put CNI plugins.
var cniFolders = []string{"/usr/lib/cni", "/opt/cni/bin"}

// containerdConfig is containerd's configuration. restrict_oom_score_adj: in a container, root may lack the right to
// protect processes from the out-of-memory killer.
var containerdConfig = template.Must(template.New("containerd").Parse(`version = 3
root = '{{.Root}}'
imports = []
disabled_plugins = ['io.containerd.nri.v1.nri']

[plugins.'io.containerd.internal.v1.opt']
  path = '{{.Root}}/opt'

[plugins.'io.containerd.cri.v1.images']
  snapshotter = 'overlayfs'
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = '{{.Pause}}'

[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = 'io.containerd.runc.v2'
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ['{{.Plugins}}']
    conf_dir = '{{.Networks}}'
`))

// podNetwork connects each pod to the node by a pair of devices and a route. Unlike with a bridge, packets between two
// pods pass the node's rules, so a Service answers on every kernel when its pod is on the same node.
const podNetwork = `{
  "cniVersion": "1.0.0",
  "name": "pods",
  "plugins": [{
    "type": "ptp",
    "ipMasq": false,
    "ipam": {"type": "host-local", "dataDir": "/run/cni-addresses", "ranges": [[{"subnet": "%s"}]], "routes": [{"dst": "0.0.0.0/0"}]}
  }]
}
`

// startContainerd starts containerd with the pods' network.
func (c *Cluster) startContainerd(ctx context.Context) error {
	plugins, err := cniPlugins()
	if err != nil {
		return err
	}
	networks := c.path("cni-networks")
	if err := os.MkdirAll(networks, 0o755); err != nil {
		return err
	}
	network := fmt.Sprintf(podNetwork, machine.PodCIDR)
	if err := os.WriteFile(filepath.Join(networks, "10-pods.conflist"), []byte(network), 0o644); err != nil {
		return err
	}
	var config strings.Builder
	if err := containerdConfig.Execute(&config, map[string]string{
		"Root": c.path("containerd"), "Pause": pauseImage, "Plugins": plugins, "Networks": networks,
	}); err != nil {
		return err
	}
	path := c.path("containerd.toml")
	if err := os.WriteFile(path, []byte(config.String()), 0o644); err != nil {
		return err
	}
	containerd, err := c.start("containerd", "--config="+path)
	if err != nil {
		return err
	}
	return waitFor(ctx, containerd, func(ctx context.Context) error { return ctr(ctx, "version") })
}

// cniPlugins is the folder that holds the plugins of podNetwork.
func cniPlugins() (string, error) {
	for _, folder := range cniFolders {
		if _, err := os.Stat(filepath.Join(folder, "ptp")); err == nil {
			return folder, nil
		}
	}
	return "", fmt.Errorf("no CNI plugins in %s: run hack/fetch-kube node", strings.Join(cniFolders, " or "))
}

// ctr runs containerd's command line.
func ctr(ctx context.Context, args ...string) error {
	args = append([]string{"--address", containerdSocket, "--namespace", imageNamespace}, args...)
	if out, err := exec.CommandContext(ctx, "ctr", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("ctr %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}
