package main

import (
	"context"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/controllers"
	"github.com/clicktally/clicktally/test/servers"
)

const patience = 4 * time.Minute

// An operator on a real API server becomes the leader, and gives the lease back when it is told to stop: the
// next one need not wait until it has run out.
func TestTheLeaderStopsInTimeAndReleasesItsLease(t *testing.T) {
	setLogger()
	cluster := servers.KubeAPI(t)
	namespace := servers.KubeNamespace(t, cluster)
	kube, err := client.New(cluster, client.Options{Scheme: controllers.NewScheme()})
	if err != nil {
		t.Fatal(err)
	}
	o := options{
		Config: controllers.Config{
			WatchNamespaces: []string{namespace}, Installation: "test",
			TrackerImage: "tracker:1", AggregatorImage: "aggregator:1", QueryImage: "query:1", LedgerImage: "clicktally:1",
		},
		metrics: "0", health: "0", profiles: "0", leaderElect: true, leaseNamespace: namespace,
		leaseDuration: 15 * time.Second, renewDeadline: 10 * time.Second, retryPeriod: 2 * time.Second, shutdown: 20 * time.Second,
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, cluster, o) }()
	holder := func() string {
		lease := &coordinationv1.Lease{}
		err := kube.Get(t.Context(), types.NamespacedName{Namespace: namespace, Name: leaseName}, lease)
		if client.IgnoreNotFound(err) != nil {
			t.Fatal(err)
		}
		if lease.Spec.HolderIdentity == nil {
			return ""
		}
		return *lease.Spec.HolderIdentity
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); holder() == ""; {
		if time.Now().After(deadline) {
			t.Fatal("nobody became the leader")
		}
		select {
		case err := <-ended:
			t.Fatalf("the operator ended: %v", err)
		case <-tick.C:
		}
	}
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("the operator ended: %v", err)
		}
	case <-time.After(o.shutdown):
		t.Fatalf("it did not end within %s", o.shutdown)
	}
	if now := holder(); now != "" {
		t.Errorf("the lease is still %s's", now)
	}
}
