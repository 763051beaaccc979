package reviews

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/clicktally/clicktally/runtime/query"
	"github.com/clicktally/clicktally/test/servers"
)

// cluster is a namespace with ServiceAccounts, on a real API server that authorises by RBAC.
type cluster struct {
	t         *testing.T
	config    *rest.Config
	kube      kubernetes.Interface
	namespace string
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	config := servers.KubeAPI(t)
	kube, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return &cluster{t: t, config: config, kube: kube, namespace: servers.KubeNamespace(t, config)}
}

// account makes a ServiceAccount that may do this, nothing when rule is nil, and returns a token of it.
func (c *cluster) account(name string, rule *rbacv1.PolicyRule) string {
	c.t.Helper()
	ctx, meta := c.t.Context(), metav1.ObjectMeta{Name: name}
	must := func(_ any, err error) {
		c.t.Helper()
		if err != nil {
			c.t.Fatal(err)
		}
	}
	must(c.kube.CoreV1().ServiceAccounts(c.namespace).Create(ctx, &corev1.ServiceAccount{ObjectMeta: meta}, metav1.CreateOptions{}))
	if rule != nil {
		must(c.kube.RbacV1().Roles(c.namespace).Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{*rule}}, metav1.CreateOptions{}))
		must(c.kube.RbacV1().RoleBindings(c.namespace).Create(ctx, &rbacv1.RoleBinding{
			ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
			Subjects: []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: name, Namespace: c.namespace}},
		}, metav1.CreateOptions{}))
	}
	request, err := c.kube.CoreV1().ServiceAccounts(c.namespace).CreateToken(ctx, name, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	return request.Status.Token
}

// reading is the right to read the numbers of a pipeline, empty: of all pipelines of the namespace.
func reading(pipeline ...string) *rbacv1.PolicyRule {
	return &rbacv1.PolicyRule{APIGroups: []string{"clicktally.dev"}, Resources: []string{"aggregationpipelines/stats"}, ResourceNames: pipeline, Verbs: []string{"get"}}
}

func (c *cluster) authorizer(config *rest.Config) *Authorizer {
	c.t.Helper()
	a, err := New(config, types.NamespacedName{Namespace: c.namespace, Name: "main"})
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

func TestTheClusterSaysWhoReads(t *testing.T) {
	c := newCluster(t)
	a := c.authorizer(c.config)
	for sentence, test := range map[string]struct {
		token string
		want  query.Access
	}{
		"who has the right for this pipeline":         {c.account("one", reading("main")), query.Allowed},
		"who has it for all pipelines":                {c.account("all", reading()), query.Allowed},
		"who has it for another pipeline":             {c.account("other", reading("other")), query.Forbidden},
		"who has no rights":                           {c.account("none", nil), query.Forbidden},
		"who may read the pipeline, not its numbers":  {c.account("spec", &rbacv1.PolicyRule{APIGroups: []string{"clicktally.dev"}, Resources: []string{"aggregationpipelines"}, Verbs: []string{"get"}}), query.Forbidden},
		"who may do something else with its numbers":  {c.account("list", &rbacv1.PolicyRule{APIGroups: []string{"clicktally.dev"}, Resources: []string{"aggregationpipelines/stats"}, Verbs: []string{"list"}}), query.Forbidden},
		"a token that the cluster does not know":      {"s3cret", query.Nobody},
		"the administrator, by groups of his account": {c.config.BearerToken, query.Allowed},
	} {
		if got, err := a.Authorize(t.Context(), test.token); got != test.want || err != nil {
			t.Errorf("%s: %d, %v, want %d", sentence, got, err, test.want)
		}
	}
}

func TestAnAnswerIsAskedForOnce(t *testing.T) {
	c := newCluster(t)
	token := c.account("one", reading("main"))
	var asked atomic.Int32
	config := rest.CopyConfig(c.config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) { asked.Add(1); return next.RoundTrip(r) })
	})
	a := c.authorizer(config)
	for range 20 {
		if got, err := a.Authorize(t.Context(), token); got != query.Allowed || err != nil {
			t.Fatalf("%d, %v", got, err)
		}
	}
	if n := asked.Load(); n != 2 {
		t.Errorf("%d requests, want one for each review", n)
	}
	a.answers.holds = 0 // over
	if err := c.kube.RbacV1().RoleBindings(c.namespace).Delete(t.Context(), "one", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(20 * time.Millisecond) // the API server's own authorizer follows
	defer tick.Stop()
	for deadline := time.Now().Add(20 * time.Second); ; <-tick.C {
		got, err := a.Authorize(t.Context(), token)
		if got == query.Forbidden {
			return
		}
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("a right that was taken away: %d, %v", got, err)
		}
	}
}

func TestNobodyIsAllowedWithoutAnAnswer(t *testing.T) {
	c := newCluster(t)
	token := c.account("one", reading("main"))
	away := rest.AnonymousClientConfig(c.config)
	away.Host = "https://127.0.0.1:1"
	powerless := rest.AnonymousClientConfig(c.config)
	powerless.BearerToken = token // may read, and may not ask about others
	for sentence, config := range map[string]*rest.Config{
		"the API server is away":       away,
		"the process may ask for none": powerless,
	} {
		if got, err := c.authorizer(config).Authorize(t.Context(), token); got == query.Allowed || err == nil {
			t.Errorf("%s: %d, %v", sentence, got, err)
		}
	}
}

func TestAnswersAreFewAndDoNotLast(t *testing.T) {
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	key := func(i int) digest { return sha256.Sum256(fmt.Append(nil, i)) }
	a := newAnswers(3, time.Minute)
	for i := range 10 {
		a.put(key(i), query.Allowed, start)
	}
	if _, known := a.get(key(9), start); len(a.byToken) != 3 || !known {
		t.Errorf("%d answers are kept, the last one: %t", len(a.byToken), known)
	}
	if _, known := a.get(key(9), start.Add(time.Minute)); known {
		t.Error("an answer counts after its time")
	}
	a.put(key(11), query.Forbidden, start.Add(time.Minute))
	if len(a.byToken) != 1 {
		t.Errorf("%d answers are kept, want those that count", len(a.byToken))
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
