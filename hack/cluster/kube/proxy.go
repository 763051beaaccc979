package kube

import (
	"context"

	"github.com/clicktally/clicktally/hack/cluster/machine"
)

// startProxy starts kube-proxy, which makes Services reachable. The node exists by now: it looks for it first of all.
// Limits of connection tracking hold for the whole host, so it leaves them alone.
func (c *Cluster) startProxy(context.Context) error {
	_, err := c.start("kube-proxy",
		"--kubeconfig="+c.kubeconfig("proxy"),
		"--hostname-override="+NodeName,
		"--proxy-mode=nftables",
		"--cluster-cidr="+machine.PodCIDR,
		"--conntrack-max-per-core=0",
		"--conntrack-min=0",
		"--conntrack-tcp-timeout-established=0",
		"--conntrack-tcp-timeout-close-wait=0",
	)
	return err
}
