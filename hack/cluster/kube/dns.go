package kube

import (
	"context"
	"fmt"
	"net/http"
	"os"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clicktally/clicktally/hack/cluster/machine"
)

const dnsReady = "127.0.0.1:8181"

// dnsConfig answers for the cluster's names and refuses all others.
const dnsConfig = `%s:53 {
    bind %s
    errors
    ready %s
    kubernetes %s in-addr.arpa ip6.arpa {
        kubeconfig %s
        pods insecure
        ttl 5
    }
    cache 5
}
`

// startDNS starts CoreDNS on the node's address and waits until it knows the cluster's Services.
func (c *Cluster) startDNS(ctx context.Context) error {
	if err := c.allowDNS(ctx); err != nil {
		return err
	}
	config := fmt.Sprintf(dnsConfig, ".", machine.Address, dnsReady, machine.Domain, c.kubeconfig("coredns"))
	path := c.path("Corefile")
	if err := os.WriteFile(path, []byte(config), 0o644); err != nil {
		return err
	}
	dns, err := c.start("coredns", "-conf", path)
	if err != nil {
		return err
	}
	return waitFor(ctx, dns, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+dnsReady+"/ready", http.NoBody)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("CoreDNS is not ready: %s", response.Status)
		}
		return nil
	})
}

// allowDNS lets CoreDNS read what it answers from.
func (c *Cluster) allowDNS(ctx context.Context) error {
	read := []string{"get", "list", "watch"}
	role := &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: dnsUser},
		Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"services", "pods", "namespaces"}, Verbs: read},
			{APIGroups: []string{"discovery.k8s.io"}, Resources: []string{"endpointslices"}, Verbs: read},
		},
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: dnsUser},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: dnsUser},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: dnsUser}},
	}
	if _, err := c.Client.RbacV1().ClusterRoles().Create(ctx, role, metav1.CreateOptions{}); err != nil {
		return err
	}
	_, err := c.Client.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{})
	return err
}
