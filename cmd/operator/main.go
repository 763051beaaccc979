// Command operator turns custom resources into catalogs and workloads, and tells in their status what became of them.
package main

import (
	"context"
	"fmt"
	"time"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/clicktally/clicktally/cmd/internal/process"
	"github.com/clicktally/clicktally/controllers"
	"github.com/clicktally/clicktally/runtime/evaluate"
)

var version = "unknown" // set by the linker

// leaseName is the Lease of the leading operator.
const leaseName = "clicktally-operator"

type options struct {
	controllers.Config

	metrics, health, profiles                 string
	metricsInsecure, leaderElect              bool
	leaseNamespace                            string
	leaseDuration, renewDeadline, retryPeriod time.Duration
	shutdown                                  time.Duration
}

func main() { process.Main(command()) }

func command() *cobra.Command {
	o := options{}
	cmd := &cobra.Command{
		Use:     "operator",
		Short:   "Publish what custom resources say, keep the workloads, and report on both",
		Args:    cobra.NoArgs,
		Version: version,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cluster, err := ctrl.GetConfig()
			if err != nil {
				return fmt.Errorf("find the cluster: %w", err)
			}
			setLogger()
			o.Tests = evaluate.Run
			return run(cmd.Context(), cluster, o)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.metrics, "metrics-listen", ":8443", "address of /metrics (HTTPS, for callers that may get it); 0 switches it off")
	flags.BoolVar(&o.metricsInsecure, "metrics-insecure", false, "serve /metrics over plain HTTP to everybody")
	flags.StringVar(&o.health, "health-listen", ":8081", "address of /healthz and /readyz; 0 switches it off")
	flags.StringVar(&o.profiles, "pprof-listen", "0", "address of /debug/pprof, for whoever reaches it: a loopback address, or 0, which switches it off")
	flags.BoolVar(&o.leaderElect, "leader-elect", true, "run only while holding the lease; switch it off for a single process alone")
	flags.StringVar(&o.leaseNamespace, "lease-namespace", "", "namespace of the lease (default the pod's own)")
	flags.DurationVar(&o.leaseDuration, "lease-duration", 15*time.Second, "how long others wait for a silent leader")
	flags.DurationVar(&o.renewDeadline, "renew-deadline", 10*time.Second, "how long the leader tries to renew until it gives up")
	flags.DurationVar(&o.retryPeriod, "retry-period", 2*time.Second, "time between two tries to get or renew the lease")
	flags.DurationVar(&o.shutdown, "shutdown-timeout", 20*time.Second, "how long what is under way may take at the end")
	flags.StringVar(&o.Name, "installation", "clicktally", "name of the installation, a label of everything it makes")
	flags.StringVar(&o.TrackerImage, "tracker-image", "", "image of trackers")
	flags.StringVar(&o.AggregatorImage, "aggregator-image", "", "image of aggregators")
	flags.StringVar(&o.QueryImage, "query-image", "", "image of the query service")
	flags.StringVar(&o.LedgerImage, "ledger-image", "", "image of the command clicktally, which seals billing periods")
	flags.StringVar(&o.PullPolicy, "image-pull-policy", "", "Always, IfNotPresent or Never (default: Kubernetes decides)")
	flags.StringSliceVar(&o.PullSecrets, "image-pull-secrets", nil, "Secrets, in every namespace with workloads, that open the registry")
	flags.StringVar(&o.MetricsNamespace, "metrics-namespace", "", "the only namespace whose pods may read the workloads' metrics (default any)")
	flags.StringSliceVar(&o.WatchNamespaces, "watch-namespaces", nil, "the only namespaces to look into (default all, which takes cluster-wide rights)")
	flags.StringVar(&o.Installation, "installation-id", "", "owner of catalogs (default the UID of namespace kube-system)")
	return cmd
}

// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=clicktally-system,resources=leases,verbs=create,roleName=clicktally-operator-leader
// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=clicktally-system,resources=leases,resourceNames=clicktally-operator,verbs=get;update,roleName=clicktally-operator-leader
// +kubebuilder:rbac:groups="",namespace=clicktally-system,resources=events,verbs=create;patch,roleName=clicktally-operator-leader
// +kubebuilder:rbac:groups=authentication.k8s.io,resources=tokenreviews,verbs=create,roleName=clicktally-operator-reviews
// +kubebuilder:rbac:groups=authorization.k8s.io,resources=subjectaccessreviews,verbs=create,roleName=clicktally-operator-reviews

// setLogger sets the logger of the whole process.
func setLogger() {
	log := logr.FromSlogHandler(process.Log().Handler())
	ctrl.SetLogger(log)
	klog.SetLogger(log) // client-go's own
}

func run(ctx context.Context, cluster *rest.Config, o options) error {
	metrics := metricsserver.Options{BindAddress: o.metrics}
	if !o.metricsInsecure {
		metrics.SecureServing, metrics.FilterProvider = true, filters.WithAuthenticationAndAuthorization
	}
	manager, err := ctrl.NewManager(cluster, ctrl.Options{
		Scheme: controllers.NewScheme(), Cache: controllers.CacheOptions(o.WatchNamespaces),
		Metrics: metrics, HealthProbeBindAddress: o.health, PprofBindAddress: o.profiles, GracefulShutdownTimeout: &o.shutdown,
		LeaderElection: o.leaderElect, LeaderElectionID: leaseName, LeaderElectionNamespace: o.leaseNamespace,
		LeaderElectionReleaseOnCancel: true, // main ends when the manager does
		LeaseDuration:                 &o.leaseDuration, RenewDeadline: &o.renewDeadline, RetryPeriod: &o.retryPeriod,
		Controller: config.Controller{EnableWarmup: new(true)}, // a new leader finds its caches full
	})
	if err != nil {
		return fmt.Errorf("make the manager: %w", err)
	}
	if err := manager.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("add health check: %w", err)
	}
	if err := manager.AddReadyzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("add readiness check: %w", err)
	}
	if err := controllers.Setup(ctx, manager, o.Config); err != nil {
		return err
	}
	ctrl.Log.Info("operator starts", "version", version, "watchNamespaces", o.WatchNamespaces)
	return manager.Start(ctx)
}
