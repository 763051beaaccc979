package brokers

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

// secrets answers for the Secrets of namespace ads.
type secrets map[string]map[string][]byte

func (s secrets) Get(_ context.Context, key client.ObjectKey, object client.Object, _ ...client.GetOption) error {
	data, found := s[key.Name]
	if !found || key.Namespace != "ads" {
		return apierrors.NewNotFound(schema.GroupResource{Resource: "secrets"}, key.Name)
	}
	object.(*corev1.Secret).Data = data
	return nil
}

func (secrets) List(context.Context, client.ObjectList, ...client.ListOption) error {
	panic("Secrets are never listed")
}

func TestTheWayToKafkaNamesWhatIsMissing(t *testing.T) {
	auth := func(mechanism, secret string) func(*v1alpha1.Kafka) {
		return func(k *v1alpha1.Kafka) {
			k.Auth = &v1alpha1.KafkaAuth{Mechanism: v1alpha1.SASLMechanism(mechanism), SecretRef: v1alpha1.SecretRef{Name: v1alpha1.ObjectName(secret)}}
		}
	}
	ca := func(secret string) func(*v1alpha1.Kafka) {
		return func(k *v1alpha1.Kafka) {
			k.TLS = &v1alpha1.TLS{CARef: &v1alpha1.SecretRef{Name: v1alpha1.ObjectName(secret)}}
		}
	}
	have := secrets{
		"login": {"username": []byte("ct"), "password": []byte("s3cret")}, "nameless": {"password": []byte("s3cret")},
		"mute": {"username": []byte("ct")}, "no-ca": {"ca.crt": []byte("s3cret")}, "empty": {},
	}
	for sentence, c := range map[string]struct {
		change func(*v1alpha1.Kafka)
		want   []string // in the error; none: there is none
	}{
		"nothing but addresses":          {func(*v1alpha1.Kafka) {}, nil},
		"a login":                        {auth("SCRAM-SHA-512", "login"), nil},
		"a plain login":                  {auth("PLAIN", "login"), nil},
		"a Secret that is not there":     {auth("PLAIN", "gone"), []string{"spec.kafka.auth.secretRef", "gone"}},
		"a login without a name":         {auth("PLAIN", "nameless"), []string{"spec.kafka.auth.secretRef", "nameless", "no key username"}},
		"a login without a password":     {auth("PLAIN", "mute"), []string{"spec.kafka.auth.secretRef", "mute", "no key password"}},
		"a mechanism that nobody speaks": {auth("GSSAPI", "login"), []string{"spec.kafka.auth.mechanism", "GSSAPI"}},
		"a CA that is not there":         {ca("empty"), []string{"spec.kafka.tls.caRef", "empty", "no key ca.crt"}},
		"a CA that is no certificate":    {ca("no-ca"), []string{"spec.kafka.tls.caRef", "no-ca", "no PEM certificate"}},
	} {
		pipeline := &v1alpha1.AggregationPipeline{ObjectMeta: metav1.ObjectMeta{Name: "main", Namespace: "ads"}}
		pipeline.Spec.Kafka.BootstrapServers = []v1alpha1.HostPort{"kafka:9092"}
		c.change(&pipeline.Spec.Kafka)
		_, err := Options(t.Context(), have, pipeline)
		if (err != nil) != (len(c.want) > 0) {
			t.Errorf("%s: %v", sentence, err)
			continue
		}
		for _, part := range c.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v does not name %q", sentence, err, part)
			}
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: the error tells a secret: %v", sentence, err)
		}
	}
}
