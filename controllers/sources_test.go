package controllers_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

const source = `
apiVersion: clicktally.dev/v1alpha1
kind: TrafficSource
metadata: {name: propeller, namespace: ADS}
spec: {type: AdNetwork, postback: {auth: {secretRef: {name: propeller-key}}}}
`

// secret makes or changes a Secret of the campaigns' namespace.
func (r *rig) secret(name string, kind corev1.SecretType, data map[string]string) {
	r.t.Helper()
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: r.ads}, Type: kind, StringData: data}
	err := r.client.Create(r.t.Context(), s)
	if err != nil {
		err = r.client.Update(r.t.Context(), s)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// projects waits until the fleet may read exactly these tokens.
func (r *rig) projects(want map[string]string) {
	r.t.Helper()
	r.eventually(fmt.Sprintf("the fleet has the tokens of %v", slices.Sorted(maps.Keys(want))), func() bool {
		s, got := &corev1.Secret{}, map[string]string{}
		if !r.get("eu-sources", s) {
			return false
		}
		for name, token := range s.Data {
			got[name] = string(token)
		}
		return maps.Equal(want, got)
	})
}

// sourceSays waits until a condition of the source begins with these words.
func (r *rig) sourceSays(kind, want string) {
	r.t.Helper()
	complaint := poll(func() string {
		s := &v1alpha1.TrafficSource{}
		if err := r.client.Get(r.t.Context(), key(r.ads, "propeller"), s); err != nil {
			return err.Error()
		}
		for _, c := range s.Status.Conditions {
			if text := fmt.Sprintf("%s %s: %s", c.Status, c.Reason, c.Message); c.Type == kind {
				if strings.HasPrefix(text, want) && c.ObservedGeneration == s.Generation {
					return ""
				}
				return text
			}
		}
		return "nothing"
	})
	if complaint != "" {
		r.t.Fatalf("the source says %s, want %s", complaint, want)
	}
}

func TestAFleetHasTheTokensOfTheSourcesThatItServes(t *testing.T) {
	r := newRig(t)
	r.apply(platform + "---" + source + "---" + strings.ReplaceAll(source, "propeller", "stranger"))
	first, second := strings.Repeat("a", 16), strings.Repeat("b", 32)
	r.start()
	r.sourceSays("ResolvedRefs", "False RefNotFound: spec.postback.auth.secretRef: Secret propeller-key does not exist: create it with the key token")
	r.projects(map[string]string{})

	r.secret("propeller-key", corev1.SecretTypeOpaque, map[string]string{"password": first})
	r.sourceSays("ResolvedRefs", "False RefNotFound: spec.postback.auth.secretRef: Secret propeller-key has no key token: add it")
	r.secret("propeller-key", corev1.SecretTypeOpaque, map[string]string{"token": "short"})
	r.sourceSays("ResolvedRefs", "False RefNotFound: spec.postback.auth.secretRef: key token of Secret propeller-key has 5 bytes: a token has 16 or more")
	r.secret("propeller-key", corev1.SecretTypeOpaque, map[string]string{"token": first + "\n"})
	r.sourceSays("ResolvedRefs", "True Resolved")

	r.projects(map[string]string{}) // nobody serves a campaign of that namespace
	r.apply(campaign("a", "https://shop.example.org/1"))
	r.projects(map[string]string{r.ads + ".propeller": first})
	template := r.template()

	r.secret("propeller-key", corev1.SecretTypeOpaque, map[string]string{"token": second})
	r.projects(map[string]string{r.ads + ".propeller": second})
	r.secret("stranger-key", corev1.SecretTypeOpaque, map[string]string{"token": first})
	r.projects(map[string]string{r.ads + ".propeller": second, r.ads + ".stranger": first})
	r.secret("other", corev1.SecretTypeOpaque, map[string]string{"token": "another-" + second})
	r.apply(strings.ReplaceAll(source, "propeller-key", "other"))
	r.projects(map[string]string{r.ads + ".propeller": "another-" + second, r.ads + ".stranger": first})
	if err := r.client.Delete(t.Context(), &v1alpha1.TrafficSource{ObjectMeta: metav1.ObjectMeta{Name: "stranger", Namespace: r.ads}}); err != nil {
		t.Fatal(err)
	}
	r.projects(map[string]string{r.ads + ".propeller": "another-" + second})
	if r.template() != template {
		t.Error("a change of tokens restarts pods")
	}
	if err := r.client.Delete(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "eu-sources", Namespace: r.platform}}); err != nil {
		t.Fatal(err)
	}
	r.projects(map[string]string{r.ads + ".propeller": "another-" + second})
	r.patch(&v1alpha1.Tracker{}, "eu", `{"spec": {"allowedCampaigns": {"namespaces": {"from": "Same", "names": null}}}}`)
	r.projects(map[string]string{})
}

func TestASourceCannotHandOutAServiceAccount(t *testing.T) {
	r := newRig(t)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "robot", Namespace: r.ads}}
	if err := r.client.Create(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	s := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "propeller-key", Namespace: r.ads, Annotations: map[string]string{corev1.ServiceAccountNameKey: "robot"}},
		Type:       corev1.SecretTypeServiceAccountToken, StringData: map[string]string{"token": strings.Repeat("t", 40)},
	}
	if err := r.client.Create(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	r.apply(platform + "---" + source + "---" + campaign("a", "https://shop.example.org/1"))
	r.start()
	r.sourceSays("ResolvedRefs", "False RefNotFound: spec.postback.auth.secretRef: Secret propeller-key holds the token of a ServiceAccount")
	r.projects(map[string]string{})
}

// A fleet at rest reads no Secret and writes nothing.
func TestTokensAreReadOnlyWhenTheyChange(t *testing.T) {
	r := newRig(t)
	r.secret("propeller-key", corev1.SecretTypeOpaque, map[string]string{"token": strings.Repeat("a", 16)})
	r.apply(platform + "---" + source + "---" + campaign("a", "https://shop.example.org/1"))
	r.start()
	r.projects(map[string]string{r.ads + ".propeller": strings.Repeat("a", 16)})
	r.fleetReady()
	r.trackerBecomes("Ready=True Serving")
	before := &corev1.Secret{}
	r.get("eu-sources", before)
	for i := range 3 {
		r.patch(&v1alpha1.Tracker{}, "eu", fmt.Sprintf(`{"spec": {"fallbackURL": "https://www.example.com/%d"}}`, i))
		r.trackerBecomes("Programmed=False Progressing")
		r.fleetReady()
		r.trackerBecomes("Ready=True Serving")
	}
	after := &corev1.Secret{}
	if r.get("eu-sources", after); after.ResourceVersion != before.ResourceVersion {
		t.Errorf("the tokens were written again: version %s after %s", after.ResourceVersion, before.ResourceVersion)
	}
	if n := r.reads.of("/namespaces/" + r.ads + "/secrets/propeller-key"); n < 1 || n > 4 {
		t.Errorf("the Secret was read %d times", n)
	}
}
