package kube

import (
	"context"

	"github.com/clicktally/clicktally/hack/cluster/machine"
)

// startAPIServer starts kube-apiserver and waits until it is ready, which includes the roles it makes by itself.
func (c *Cluster) startAPIServer(ctx context.Context) error {
	certificate := c.certificates.path
	var err error
	c.apiserver, err = c.start("kube-apiserver",
		"--advertise-address="+machine.Address,
		"--bind-address="+machine.Address,
		"--secure-port=6443",
		"--etcd-servers="+etcdClients,
		"--service-cluster-ip-range="+machine.ServiceCIDR,
		"--allow-privileged=true",
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--client-ca-file="+certificate(clusterCA+".crt"),
		"--tls-cert-file="+certificate("apiserver.crt"),
		"--tls-private-key-file="+certificate("apiserver.key"),
		"--kubelet-client-certificate="+certificate("apiserver-kubelet.crt"),
		"--kubelet-client-key="+certificate("apiserver-kubelet.key"),
		"--kubelet-preferred-address-types=InternalIP",
		"--service-account-issuer=https://kubernetes.default.svc."+machine.Domain,
		"--service-account-key-file="+certificate(serviceTokens+".key"),
		"--service-account-signing-key-file="+certificate(serviceTokens+".key"),
		// How extension API servers, and operators that serve metrics, learn whom to trust.
		"--requestheader-client-ca-file="+certificate(frontProxyCA+".crt"),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file="+certificate("front-proxy.crt"),
		"--proxy-client-key-file="+certificate("front-proxy.key"),
	)
	if err != nil {
		return err
	}
	if err := c.connect(); err != nil {
		return err
	}
	return waitFor(ctx, c.apiserver, func(ctx context.Context) error {
		return c.Client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}
