package chart_test

import (
	"context"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers"
)

// patience bounds what must happen by itself.
const patience = 4 * time.Minute

// withPolicies installs the policies for the time of a test.
func withPolicies(t *testing.T) *cluster {
	t.Helper()
	c := newCluster(t)
	installed := 0
	c.policies = documents(render(t, c.namespace), "ValidatingAdmissionPolicy")
	for _, object := range objects(t, c.policies) {
		if err := c.apply(object); err != nil {
			t.Fatalf("%s: %v", title(object), err)
		}
		installed++
	}
	if installed != 4 {
		t.Fatalf("%d policies and bindings, want 4", installed)
	}
	return c
}

// withoutPolicies removes them, and returns when they are in force no more: what they refused is accepted.
func (c *cluster) withoutPolicies(refused func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, object := range objects(c.t, c.policies) {
		if err := c.Delete(ctx, object); client.IgnoreNotFound(err) != nil {
			c.t.Errorf("remove %s: %v", title(object), err)
		}
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for ; refused(ctx) != nil; <-tick.C {
		if ctx.Err() != nil {
			c.t.Error("the policies are still in force")
			return
		}
	}
}

// as is a client of somebody else.
func (c *cluster) as(name string, groups ...string) client.Client {
	c.t.Helper()
	config := rest.CopyConfig(c.config)
	config.Impersonate = rest.ImpersonationConfig{UserName: name, Groups: append(groups, "system:authenticated")}
	other, err := client.New(config, client.Options{Scheme: controllers.NewScheme()})
	if err != nil {
		c.t.Fatal(err)
	}
	return other
}

// refused waits until the policies are in force, which takes the API server a moment.
func (c *cluster) refused(message string, try func(context.Context) error) {
	c.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); ; <-tick.C {
		err := try(c.t.Context())
		if apierrors.IsForbidden(err) && strings.Contains(err.Error(), message) {
			c.t.Cleanup(func() { c.withoutPolicies(try) })
			return
		}
		if err != nil || time.Now().After(deadline) {
			c.t.Fatalf("got %v, want a refusal that says %q", err, message)
		}
	}
}

const finalizer = "clicktally.dev/journals"

func TestAJournalIsNotThrownAwayByAccident(t *testing.T) {
	c := withPolicies(t)
	operator := c.as("system:serviceaccount:"+c.namespace+":clicktally-operator", "system:masters")
	fleet := func(name string) *v1alpha1.Tracker {
		made := &v1alpha1.Tracker{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: c.namespace, Finalizers: []string{finalizer}},
			Spec: v1alpha1.TrackerSpec{
				PipelineRef: v1alpha1.LocalRef{Name: "main"}, Domains: []v1alpha1.Host{"t.example.com"}, FallbackURL: "https://www.example.com/", Replicas: 1,
			},
		}
		if err := c.Create(t.Context(), made); err != nil {
			t.Fatal(err)
		}
		return made
	}
	released := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))
	held := fleet("held")
	c.refused("the journal may hold clicks", func(ctx context.Context) error {
		return c.Patch(ctx, held.DeepCopy(), released, client.DryRunAll)
	})
	if err := c.Patch(t.Context(), held.DeepCopy(), client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"a":"b"}}}`))); err != nil {
		t.Errorf("another edit: %v", err)
	}
	if err := operator.Patch(t.Context(), fleet("shipped"), released); err != nil {
		t.Errorf("the operator: %v", err)
	}
	given := client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"annotations":{"clicktally.dev/abandon-journals":"true"}}}`))
	up := fleet("given-up")
	if err := c.Patch(t.Context(), up, given); err != nil {
		t.Fatal(err)
	}
	if err := c.Patch(t.Context(), up, released); err != nil {
		t.Errorf("a fleet that was given up: %v", err)
	}
}

func TestAClaimOfAJournalIsNotDeletedByAccident(t *testing.T) {
	c := withPolicies(t)
	claim := func(name string, labels, notes map[string]string) *corev1.PersistentVolumeClaim {
		made := &corev1.PersistentVolumeClaim{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: c.namespace, Labels: labels, Annotations: notes},
			Spec: corev1.PersistentVolumeClaimSpec{
				AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
				Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
			},
		}
		if err := c.Create(t.Context(), made); err != nil {
			t.Fatal(err)
		}
		return made
	}
	ours := map[string]string{"app.kubernetes.io/name": "clicktally", "app.kubernetes.io/component": "tracker"}
	journal := claim("journal-eu-0", ours, nil)
	c.refused("the journal may hold clicks", func(ctx context.Context) error {
		return c.Delete(ctx, journal.DeepCopy(), client.DryRunAll)
	})
	for sentence, k := range map[string]struct {
		by    client.Client
		claim *corev1.PersistentVolumeClaim
	}{
		"that is somebody else's":   {c, claim("theirs", map[string]string{"app.kubernetes.io/name": "postgres"}, nil)},
		"without labels":            {c, claim("plain", nil, nil)},
		"that was given up":         {c, claim("given-up", ours, map[string]string{"clicktally.dev/abandon-journals": "true"})},
		"by the operator":           {c.as("system:serviceaccount:"+c.namespace+":clicktally-operator", "system:masters"), claim("shipped", ours, nil)},
		"together with a namespace": {c.as("system:serviceaccount:kube-system:namespace-controller", "system:masters"), claim("whole", ours, nil)},
	} {
		if err := k.by.Delete(t.Context(), k.claim); err != nil {
			t.Errorf("a claim %s: %v", sentence, err)
		}
	}
}

// TestALabelThatOpensTrackersIsPutOnByWhoMayEditThem: a team that may edit its namespace may not admit it.
func TestALabelThatOpensTrackersIsPutOnByWhoMayEditThem(t *testing.T) {
	c := withPolicies(t)
	grant := func(person string, rules ...rbacv1.PolicyRule) {
		role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: c.namespace + "-" + person}, Rules: rules}
		binding := &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: role.Name}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
			Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: person}},
		}
		for _, object := range []client.Object{role, binding} {
			if err := c.Create(t.Context(), object); err != nil {
				t.Fatal(err)
			}
		}
	}
	namespaces := rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"namespaces"}, Verbs: []string{"get", "patch", "create"}}
	trackers := rbacv1.PolicyRule{APIGroups: []string{"clicktally.dev"}, Resources: []string{"trackers"}, Verbs: []string{"update"}}
	grant("tenant", namespaces)
	grant("platform", namespaces, trackers)
	label := func(key string) client.Patch {
		return client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{`+key+`}}}`))
	}
	namespace := func() *corev1.Namespace { return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: c.namespace}} }
	tenant, platform := c.as("tenant"), c.as("platform")
	c.refused("labels clicktally.dev/* open trackers", func(ctx context.Context) error {
		return tenant.Patch(ctx, namespace(), label(`"clicktally.dev/team":"ads"`), client.DryRunAll)
	})
	made := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: c.namespace + "-new", Labels: map[string]string{"clicktally.dev/team": "ads"}}}
	c.refused("labels clicktally.dev/* open trackers", func(ctx context.Context) error {
		return tenant.Create(ctx, made.DeepCopy(), client.DryRunAll)
	})
	if err := tenant.Patch(t.Context(), namespace(), label(`"example.org/team":"ads"`)); err != nil {
		t.Errorf("another label: %v", err)
	}
	if err := platform.Patch(t.Context(), namespace(), label(`"clicktally.dev/team":"ads"`)); err != nil {
		t.Errorf("the platform team: %v", err)
	}
	if err := tenant.Patch(t.Context(), namespace(), label(`"example.org/team":"sales"`)); err != nil {
		t.Errorf("another label of an admitted namespace: %v", err)
	}
	for sentence, change := range map[string]string{"changed": `"clicktally.dev/team":"sales"`, "taken away": `"clicktally.dev/team":null`} {
		if err := tenant.Patch(t.Context(), namespace(), label(change), client.DryRunAll); !apierrors.IsForbidden(err) {
			t.Errorf("a label that a tenant has %s: %v", sentence, err)
		}
	}
}
