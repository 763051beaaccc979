package kube

import "context"

const (
	etcdClients = "http://127.0.0.1:2379"
	etcdPeers   = "http://127.0.0.1:2380"
)

// startEtcd starts etcd. It does not wait for the disk: nothing outlives the cluster. kube-apiserver waits for it.
func (c *Cluster) startEtcd(context.Context) error {
	_, err := c.start("etcd",
		"--data-dir="+c.path("etcd"),
		"--unsafe-no-fsync",
		"--listen-client-urls="+etcdClients,
		"--advertise-client-urls="+etcdClients,
		"--listen-peer-urls="+etcdPeers,
		"--initial-advertise-peer-urls="+etcdPeers,
		"--initial-cluster=default="+etcdPeers,
	)
	return err
}
