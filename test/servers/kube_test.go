package servers_test

import (
	"os"
	"regexp"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/clicktally/clicktally/test/servers"
)

func kubeClient(t *testing.T, c *rest.Config) *kubernetes.Clientset {
	t.Helper()
	client, err := kubernetes.NewForConfig(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestTheSharedAPIServerIsOneAndNamespacesKeepTestsApart(t *testing.T) {
	first, second := servers.KubeAPI(t), servers.KubeAPI(t)
	if first.Host != second.Host {
		t.Errorf("two API servers: %s and %s", first.Host, second.Host)
	}
	if second.Host = ""; first.Host == "" {
		t.Error("two tests share one configuration, and one changed it")
	}
	if a, b := servers.KubeNamespace(t, first), servers.KubeNamespace(t, first); a == b {
		t.Errorf("two tests share the namespace %s", a)
	}
}

func TestARemovedNamespaceTakesEverythingAlong(t *testing.T) {
	config := servers.KubeAPI(t)
	client := kubeClient(t, config)
	var namespace string
	t.Run("a test leaves objects behind", func(t *testing.T) {
		namespace = servers.KubeNamespace(t, config)
		for name, finalizers := range map[string][]string{"held": {"clicktally.dev/test"}, "free": nil} {
			object := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Finalizers: finalizers}}
			if _, err := client.CoreV1().ConfigMaps(namespace).Create(t.Context(), object, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
		}
	})
	if _, err := client.CoreV1().Namespaces().Get(t.Context(), namespace, metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("namespace %s after its test: %v, want not found", namespace, err)
	}
	left, err := client.CoreV1().ConfigMaps(namespace).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(left.Items) > 0 {
		t.Errorf("%d objects are left: %v", len(left.Items), err)
	}
}

func TestAServiceAccountIsKnownByItsTokenAndMayDoNothing(t *testing.T) {
	config := servers.KubeAPI(t)
	namespace := servers.KubeNamespace(t, config)
	accounts := kubeClient(t, config).CoreV1().ServiceAccounts(namespace)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "reader"}}
	if _, err := accounts.Create(t.Context(), account, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	token, err := accounts.CreateToken(t.Context(), "reader", &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	limited := rest.CopyConfig(config)
	limited.BearerToken = token.Status.Token
	user, err := kubeClient(t, limited).AuthenticationV1().SelfSubjectReviews().Create(t.Context(), &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if want := "system:serviceaccount:" + namespace + ":reader"; err != nil || user.Status.UserInfo.Username != want {
		t.Errorf("the token is of %q, want %q: %v", user.Status.UserInfo.Username, want, err)
	}
	if _, err := kubeClient(t, limited).CoreV1().Secrets(namespace).List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("secrets: %v, want forbidden", err)
	}
}

// TestTheScriptAndThisPackageMeanTheSameKubernetes keeps the two places of the version together.
func TestTheScriptAndThisPackageMeanTheSameKubernetes(t *testing.T) {
	module, err := os.ReadFile("../../hack/kube/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`k8s\.io/kubernetes (v\S+)`).FindSubmatch(module)
	if found == nil || string(found[1]) != servers.KubeVersion {
		t.Errorf("hack/kube/go.mod says %q, want %s", found, servers.KubeVersion)
	}
}

func TestTheAPIServerTellsItsVersion(t *testing.T) {
	if os.Getenv("KUBEBUILDER_ASSETS") != "" {
		t.Skip("KUBEBUILDER_ASSETS holds another version")
	}
	version, err := kubeClient(t, servers.KubeAPI(t)).Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if version.GitVersion != servers.KubeVersion {
		t.Errorf("the server says %s, want %s", version.GitVersion, servers.KubeVersion)
	}
}
