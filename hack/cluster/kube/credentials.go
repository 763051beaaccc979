package kube

import (
	"context"
	"os"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/clicktally/clicktally/hack/cluster/machine"
)

// Names of files of the certificate folder.
const (
	clusterCA     = "ca"
	frontProxyCA  = "front-proxy-ca"
	serviceTokens = "service-accounts"
	dnsUser       = "system:coredns"
)

// server is the address of kube-apiserver.
const server = "https://" + machine.Address + ":6443"

// users are the cluster's clients. Kubernetes comes with roles for those named system:kube-..., and with the node
// authorizer for the kubelet; CoreDNS gets its role in [Cluster.allowDNS].
var users = []struct {
	name, user string
	groups     []string
}{
	{"admin", "admin", []string{"system:masters"}},
	{"controller-manager", "system:kube-controller-manager", nil},
	{"scheduler", "system:kube-scheduler", nil},
	{"proxy", "system:kube-proxy", nil},
	{"kubelet", "system:node:" + NodeName, []string{"system:nodes"}},
	{"coredns", dnsUser, nil},
}

// makeCredentials makes two authorities, the servers' and users' certificates, and a kubeconfig for each user.
func (c *Cluster) makeCredentials(context.Context) error {
	dir := c.path("certificates")
	for _, path := range []string{dir, Logs(c.Dir)} {
		if err := os.MkdirAll(path, 0o755); err != nil {
			return err
		}
	}
	var err error
	if c.certificates, err = newAuthority(dir, clusterCA); err != nil {
		return err
	}
	frontProxy, err := newAuthority(dir, frontProxyCA)
	if err != nil {
		return err
	}
	if err := frontProxy.client("front-proxy", "front-proxy-client"); err != nil {
		return err
	}
	if _, err := writeKey(c.certificates.path(serviceTokens + ".key")); err != nil {
		return err
	}
	if err := c.certificates.server("apiserver", machine.Address, machine.APIService, "127.0.0.1", "localhost", "kubernetes",
		"kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc."+machine.Domain); err != nil {
		return err
	}
	// kube-apiserver is itself a client of the kubelet, for logs and exec.
	if err := c.certificates.client("apiserver-kubelet", "kube-apiserver-kubelet-client", "system:masters"); err != nil {
		return err
	}
	for _, u := range users {
		if err := c.certificates.client(u.name, u.user, u.groups...); err != nil {
			return err
		}
		if err := c.writeKubeconfig(u.name, c.kubeconfig(u.name)); err != nil {
			return err
		}
	}
	return c.writeKubeconfig("admin", Kubeconfig(c.Dir))
}

// kubeconfig is the path of a program's kubeconfig.
func (c *Cluster) kubeconfig(name string) string { return c.certificates.path(name + ".kubeconfig") }

// writeKubeconfig writes a kubeconfig that holds its certificates, so that it can be copied.
func (c *Cluster) writeKubeconfig(name, path string) error {
	const cluster = "clicktally"
	config := clientcmdapi.NewConfig()
	config.Clusters[cluster] = &clientcmdapi.Cluster{Server: server, CertificateAuthority: c.certificates.path(clusterCA + ".crt")}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{
		ClientCertificate: c.certificates.path(name + ".crt"),
		ClientKey:         c.certificates.path(name + ".key"),
	}
	config.Contexts[cluster] = &clientcmdapi.Context{Cluster: cluster, AuthInfo: name, Namespace: "default"}
	config.CurrentContext = cluster
	if err := clientcmdapi.FlattenConfig(config); err != nil {
		return err
	}
	return clientcmd.WriteToFile(*config, path)
}
