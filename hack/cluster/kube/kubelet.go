package kube

import (
	"context"
	"errors"
	"os"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/clicktally/clicktally/hack/cluster/machine"
)

// startKubelet starts the kubelet and waits until its node is ready.
func (c *Cluster) startKubelet(ctx context.Context) error {
	config, err := yaml.Marshal(c.kubeletConfig())
	if err != nil {
		return err
	}
	path := c.path("kubelet.yaml")
	if err := os.WriteFile(path, config, 0o644); err != nil {
		return err
	}
	kubelet, err := c.start("kubelet",
		"--config="+path,
		"--kubeconfig="+c.kubeconfig("kubelet"),
		"--hostname-override="+NodeName,
		// Without an address the kubelet waits for the name server to know its node.
		"--node-ip="+machine.Address,
	)
	if err != nil {
		return err
	}
	return waitFor(ctx, kubelet, func(ctx context.Context) error {
		node, err := c.Client.CoreV1().Nodes().Get(ctx, NodeName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(node.Status.Conditions, func(condition corev1.NodeCondition) bool {
			return condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue
		}) {
			return errors.New("the node is not ready yet")
		}
		return nil
	})
}

// kubeletConfig is a KubeletConfiguration. The type's module is not worth a dependency.
func (c *Cluster) kubeletConfig() map[string]any {
	type object = map[string]any
	return object{
		"apiVersion":               "kubelet.config.k8s.io/v1beta1",
		"kind":                     "KubeletConfiguration",
		"containerRuntimeEndpoint": "unix://" + containerdSocket,
		"authentication": object{
			"anonymous": object{"enabled": false},
			"webhook":   object{"enabled": true},
			"x509":      object{"clientCAFile": c.certificates.path(clusterCA + ".crt")},
		},
		"authorization": object{"mode": "Webhook"},
		"clusterDNS":    []string{machine.Address},
		"clusterDomain": machine.Domain,
		"resolvConf":    machine.ResolverPath(c.Dir),
		// Control groups of version 1 are old, and what some containers that run all this still have.
		"cgroupDriver":    "cgroupfs",
		"cgroupRoot":      "/" + c.Cgroup,
		"failCgroupV1":    false,
		"failSwapOn":      false,
		"podLogsDir":      c.path("logs", "pods"),
		"volumePluginDir": c.path("volume-plugins"),
		// The disk and the memory belong to the host, and no image could be fetched again.
		"evictionHard": object{
			"memory.available": "100Mi", "nodefs.available": "1%", "nodefs.inodesFree": "1%", "imagefs.available": "1%",
		},
		"imageGCHighThresholdPercent": 100,
		"imageGCLowThresholdPercent":  99,
	}
}
