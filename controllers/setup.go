package controllers

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/campaign"
	"github.com/clicktally/clicktally/controllers/internal/brokers"
	"github.com/clicktally/clicktally/controllers/internal/publishing"
)

// Config is what an operator is told.
type Config struct {
	// Installation identifies what the operator runs in, as the owner of catalogs. Empty: the UID of namespace
	// kube-system, which identifies the cluster and takes a cluster-wide right to read.
	Installation string
	// WatchNamespaces are the only ones the operator may look into; empty: all. Then it reads no Namespace
	// objects, and selectors match namespaces by name alone.
	WatchNamespaces []string
}

// CacheOptions keep no more of an object than is looked at, and no namespace that is not watched.
func CacheOptions(namespaces []string) cache.Options {
	options := cache.Options{DefaultTransform: trim}
	if len(namespaces) > 0 {
		options.DefaultNamespaces = map[string]cache.Config{}
		for _, name := range namespaces {
			options.DefaultNamespaces[name] = cache.Config{}
		}
	}
	return options
}

// trim drops who wrote which field, and what kubectl notes of the last apply: together they are larger than
// the object.
func trim(object any) (any, error) {
	if meta, ok := object.(metav1.Object); ok {
		meta.SetManagedFields(nil)
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
	for _, setup := range setups() {
		if err := setup(manager, p); err != nil {
			return err
		}
	}
	return nil
}

// setups are the controllers of the kinds.
func setups() []func(ctrl.Manager, *publishing.Publishing) error {
	return []func(ctrl.Manager, *publishing.Publishing) error{campaign.Setup}
}

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
