package controllers

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/billingschedule"
	"github.com/clicktally/clicktally/controllers/campaign"
	"github.com/clicktally/clicktally/controllers/fraudpolicy"
	"github.com/clicktally/clicktally/controllers/internal/apply"
	"github.com/clicktally/clicktally/controllers/internal/brokers"
	"github.com/clicktally/clicktally/controllers/internal/build"
	"github.com/clicktally/clicktally/controllers/internal/publishing"
	"github.com/clicktally/clicktally/controllers/internal/tokens"
	"github.com/clicktally/clicktally/controllers/pipeline"
	"github.com/clicktally/clicktally/controllers/tracker"
	"github.com/clicktally/clicktally/controllers/trafficsource"
)

// Config is what an operator is told.
type Config struct {
	// Installation identifies what the operator runs in, as the owner of catalogs. Empty: the UID of namespace
	// kube-system, which identifies the cluster and takes a cluster-wide right to read.
	Installation string
	// Name of the installation: a label of everything that it makes.
	Name string
	// Images of this version's workloads. Required.
	TrackerImage, AggregatorImage, QueryImage, LedgerImage string
	// PullPolicy of the images, empty: Kubernetes decides.
	PullPolicy string
	// PullSecrets are Secrets, in every namespace with workloads, that open the registry.
	PullSecrets []string
	// MetricsNamespace is where metrics are read from, empty: any namespace.
	MetricsNamespace string
	// WatchNamespaces are the only ones the operator may look into; empty: all. Then it reads no Namespace
	// objects, and a Tracker that admits campaigns by Selector or All is refused.
	WatchNamespaces []string
	// Tests runs spec.tests of campaigns. Optional: without it nothing is said of them.
	Tests campaign.Tests
}

// CacheOptions keep no more of an object than is looked at, and no namespace that is not watched.
func CacheOptions(namespaces []string) cache.Options {
	options := cache.Options{DefaultTransform: trim, ByObject: map[client.Object]cache.ByObject{
		tokens.Metadata(): {Field: mayHoldTokens}, &corev1.Pod{}: {Label: billingschedule.Pods()},
	}}
	if len(namespaces) > 0 {
		options.DefaultNamespaces = map[string]cache.Config{}
		for _, name := range namespaces {
			options.DefaultNamespaces[name] = cache.Config{}
		}
	}
	return options
}

// mayHoldTokens leaves out the Secrets of which a cluster has many and a traffic source never has one.
var mayHoldTokens = fields.AndSelectors(
	fields.OneTermNotEqualSelector("type", "helm.sh/release.v1"),
	fields.OneTermNotEqualSelector("type", string(corev1.SecretTypeServiceAccountToken)),
	fields.OneTermNotEqualSelector("type", string(corev1.SecretTypeDockerConfigJson)),
	fields.OneTermNotEqualSelector("type", string(corev1.SecretTypeTLS)),
)

// trim drops who wrote which field, but for our own workloads, and what kubectl notes of the last apply:
// together they are larger than the object. Of a StatefulSet it is asked who else scales it.
func trim(object any) (any, error) {
	if _, fleet := object.(*appsv1.StatefulSet); fleet {
		return object, nil
	}
	if meta, ok := object.(metav1.Object); ok {
		meta.SetManagedFields(slices.DeleteFunc(meta.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
			return entry.Manager != string(apply.FieldOwner)
		}))
		if notes := meta.GetAnnotations(); notes[corev1.LastAppliedConfigAnnotation] != "" {
			delete(notes, corev1.LastAppliedConfigAnnotation)
			meta.SetAnnotations(notes)
		}
	}
	return object, nil
}

// Setup adds the publishers of catalogs and every controller to the manager.
func Setup(ctx context.Context, manager ctrl.Manager, config Config) error {
	live := manager.GetAPIReader()
	installation, err := identity(ctx, live, config.Installation)
	if err != nil {
		return err
	}
	p := publishing.New(publishing.Config{
		Cache: manager.GetCache(), Live: live, Installation: installation,
		Namespaces: len(config.WatchNamespaces) == 0,
		Kafka: func(ctx context.Context, pipeline *v1alpha1.AggregationPipeline) ([]kgo.Opt, error) {
			return brokers.Options(ctx, live, pipeline)
		},
		Log: manager.GetLogger().WithName("publishing"),
	})
	if err := manager.Add(p); err != nil {
		return fmt.Errorf("add publishers: %w", err)
	}
	workloads, err := config.workloads()
	if err != nil {
		return err
	}
	applier := &apply.Applier{Client: manager.GetClient(), Reader: live, Owner: apply.FieldOwner}
	if err := pipeline.Setup(manager, p, applier, workloads); err != nil {
		return err
	}
	if err := tracker.Setup(manager, p, applier, workloads); err != nil {
		return err
	}
	if err := campaign.Setup(manager, p, config.Tests); err != nil {
		return err
	}
	if err := billingschedule.SetupSealing(manager, applier, workloads); err != nil {
		return err
	}
	for _, setup := range setups() {
		if err := setup(manager, p); err != nil {
			return err
		}
	}
	return nil
}

// workloads are what the builders know of the installation.
func (c *Config) workloads() (*build.Installation, error) {
	for flag, image := range map[string]string{"--tracker-image": c.TrackerImage, "--aggregator-image": c.AggregatorImage, "--query-image": c.QueryImage, "--ledger-image": c.LedgerImage} {
		if image == "" {
			return nil, fmt.Errorf("%s is needed: the image that the operator runs", flag)
		}
	}
	return &build.Installation{
		Name: cmp.Or(c.Name, defaultName), Images: build.Images{Tracker: c.TrackerImage, Aggregator: c.AggregatorImage, Query: c.QueryImage, Ledger: c.LedgerImage},
		PullPolicy: corev1.PullPolicy(c.PullPolicy), PullSecrets: c.PullSecrets, MetricsNamespace: c.MetricsNamespace,
	}, nil
}

// defaultName of an installation.
const defaultName = "clicktally"

// setups are the controllers of the kinds that need no more than the publishers.
func setups() []func(ctrl.Manager, *publishing.Publishing) error {
	return []func(ctrl.Manager, *publishing.Publishing) error{
		billingschedule.Setup, fraudpolicy.Setup, trafficsource.Setup,
	}
}

// +kubebuilder:rbac:groups="",resources=namespaces,resourceNames=kube-system,verbs=get,roleName=clicktally-operator-cluster

// identity is what catalogs know their owner by.
func identity(ctx context.Context, live client.Reader, stated string) (string, error) {
	if stated != "" {
		return stated, nil
	}
	system := &corev1.Namespace{}
	if err := live.Get(ctx, types.NamespacedName{Name: metav1.NamespaceSystem}, system); err != nil {
		return "", fmt.Errorf("identify the cluster by namespace %s: %w; without the right to read it, state --installation-id", metav1.NamespaceSystem, err)
	}
	return string(system.UID), nil
}
