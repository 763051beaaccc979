// Package kube starts Kubernetes with one node on the machine that package machine made: etcd, kube-apiserver,
// kube-controller-manager, kube-scheduler, containerd, kubelet, kube-proxy and CoreDNS, each a plain process. Everything
// speaks TLS with certificates made for this cluster, roles are enforced, and Pod Security admission is on.
package kube

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/clicktally/clicktally/hack/cluster/process"
)

// NodeName is the name of the cluster's only node.
const NodeName = "node"

// startTimeout bounds the start of the whole cluster. It is generous: two busy cores take a minute.
const startTimeout = 5 * time.Minute

// Config says where a cluster lives.
type Config struct {
	Dir    string            // configuration, certificates, data and logs
	Cgroup string            // the control group of the pods, made before
	Images []string          // archives to load
	Say    func(what string) // progress
}

// Cluster is a running cluster.
type Cluster struct {
	Config
	Client       kubernetes.Interface
	certificates *authority
	processes    []*process.Process
	apiserver    *process.Process
}

// Start starts a cluster and returns when its node is ready and its images are loaded. Its processes are stopped with
// the namespaces they run in, also when Start fails.
func Start(ctx context.Context, config Config) (*Cluster, error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	c := &Cluster{Config: config}
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"certificates", c.makeCredentials},
		{"containerd", c.startContainerd},
		{"etcd", c.startEtcd},
		{"kube-apiserver", c.startAPIServer},
		{"images", c.loadImages},
		{"kube-controller-manager", c.startControllerManager},
		{"kube-scheduler", c.startScheduler},
		{"CoreDNS", c.startDNS},
		{"kubelet", c.startKubelet},
		{"kube-proxy", c.startProxy},
	} {
		c.Say(step.name)
		if err := step.run(ctx); err != nil {
			return nil, fmt.Errorf("start %s: %w", step.name, err)
		}
	}
	return c, nil
}

// APIServerPID is the process id of kube-apiserver inside the cluster's namespaces.
func (c *Cluster) APIServerPID() int { return c.apiserver.PID() }

// Kubeconfig is the path of the administrator's kubeconfig of a cluster in dir.
func Kubeconfig(dir string) string { return filepath.Join(dir, "kubeconfig") }

// Logs is the folder of the logs of a cluster in dir.
func Logs(dir string) string { return filepath.Join(dir, "logs") }

// Watch calls ended for each program of the cluster that ends by itself, until ctx ends.
func (c *Cluster) Watch(ctx context.Context, ended func(error)) {
	for _, p := range c.processes {
		go func() {
			select {
			case <-ctx.Done():
			case <-p.Done():
				ended(p.Err())
			}
		}()
	}
}

// start starts one of the cluster's programs, found on PATH.
func (c *Cluster) start(name string, args ...string) (*process.Process, error) {
	p, err := process.Start(process.Spec{Name: name, Path: name, Args: args, Logs: Logs(c.Dir)})
	if err != nil {
		return nil, err
	}
	c.processes = append(c.processes, p)
	return p, nil
}

// path is a file in the cluster's folder.
func (c *Cluster) path(elements ...string) string {
	return filepath.Join(append([]string{c.Dir}, elements...)...)
}

// connect makes the administrator's client.
func (c *Cluster) connect() error {
	config, err := clientcmd.BuildConfigFromFlags("", Kubeconfig(c.Dir))
	if err != nil {
		return err
	}
	c.Client, err = kubernetes.NewForConfig(config)
	return err
}
