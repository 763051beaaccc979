package kube

import (
	"context"
	"net/netip"
	"strconv"

	"github.com/clicktally/clicktally/hack/cluster/machine"
)

// startControllerManager starts kube-controller-manager. There is one, so it elects nobody: it would end itself when a
// test stops the API server for longer than a lease. For the same reason a node that is not heard of for as long stays
// ready for five minutes.
func (c *Cluster) startControllerManager(context.Context) error {
	certificate := c.certificates.path
	pods := netip.MustParsePrefix(machine.PodCIDR)
	_, err := c.start("kube-controller-manager",
		"--kubeconfig="+c.kubeconfig("controller-manager"),
		"--authentication-kubeconfig="+c.kubeconfig("controller-manager"),
		"--authorization-kubeconfig="+c.kubeconfig("controller-manager"),
		"--bind-address=127.0.0.1",
		"--leader-elect=false",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file="+certificate(serviceTokens+".key"),
		"--root-ca-file="+certificate(clusterCA+".crt"),
		"--cluster-signing-cert-file="+certificate(clusterCA+".crt"),
		"--cluster-signing-key-file="+certificate(clusterCA+".key"),
		"--allocate-node-cidrs=true",
		"--cluster-cidr="+machine.PodCIDR,
		"--node-cidr-mask-size="+strconv.Itoa(pods.Bits()),
		"--service-cluster-ip-range="+machine.ServiceCIDR,
		"--node-monitor-grace-period=5m",
	)
	return err
}

// startScheduler starts kube-scheduler.
func (c *Cluster) startScheduler(context.Context) error {
	_, err := c.start("kube-scheduler",
		"--kubeconfig="+c.kubeconfig("scheduler"),
		"--authentication-kubeconfig="+c.kubeconfig("scheduler"),
		"--authorization-kubeconfig="+c.kubeconfig("scheduler"),
		"--bind-address=127.0.0.1",
		"--leader-elect=false",
	)
	return err
}
