package query

import (
	"fmt"
	"time"

	applyappsv1 "k8s.io/client-go/applyconfigurations/apps/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build"
)

// The end of a pod: it is served until balancers have learnt that it goes, then answers what is under
// way, which the process bounds itself at answerWithin.
const (
	leaveAfter   = 5 * time.Second
	answerWithin = 15 * time.Second
	closeReserve = 10 * time.Second
	grace        = leaveAfter + answerWithin + closeReserve
)

const startWithin = time.Minute

// The file with the readers' token, and its key.
const (
	tokenFolder = "readers"
	tokenKey    = "token"
)

// Deployment of the query service.
func Deployment(in *Input) (*applyappsv1.DeploymentApplyConfiguration, error) {
	spec := &in.Pipeline.Spec
	redis, err := build.RedisClient(&spec.Redis)
	if err != nil {
		return nil, err
	}
	overrides := build.Overrides(sizes(in.Pipeline))
	pod := &build.Pod{
		Meta: in.meta(), Installation: in.Installation, ServiceAccount: Name(in.Pipeline),
		Image: build.Pinned(in.Installation.Images.Query, spec.Version),
		Args: []string{
			fmt.Sprintf("--listen=:%d", build.QueryPort),
			fmt.Sprintf("--admin-listen=:%d", build.AdminPort),
			"--data-dir=" + build.StateDir,
		},
		Ports:        []*applycorev1.ContainerPortApplyConfiguration{build.Port(build.PortHTTP, build.QueryPort), build.Port(build.PortAdmin, build.AdminPort)},
		Mounts:       []build.Mount{build.CatalogCopy()},
		AccountToken: byCluster(in.Pipeline),
		StartWithin:  startWithin, PreStop: leaveAfter, Grace: grace,
		Resources: build.ResourcesOf(overrides, build.Resources("100m", "128Mi", "1Gi")), Overrides: overrides,
	}
	pod.With(build.KafkaClient(&spec.Kafka, spec.Kafka.Auth), redis, build.ClickHouseClient(&spec.ClickHouse), readers(in))
	return build.Deployment(Name(in.Pipeline), build.Replicas(sizes(in.Pipeline)), pod)
}

// sizes of the workload; nil: nothing is said.
func sizes(p *v1alpha1.AggregationPipeline) *v1alpha1.Workload {
	if p.Spec.Query == nil {
		return nil
	}
	return &p.Spec.Query.Workload
}

// byCluster reports whether the cluster decides who reads. Then the pod has a token of its ServiceAccount, to ask.
func byCluster(p *v1alpha1.AggregationPipeline) bool {
	return p.Spec.Query != nil && p.Spec.Query.Authorization == v1alpha1.ReadersCluster
}

func readers(in *Input) build.Client {
	if byCluster(in.Pipeline) {
		return build.Client{Args: []string{"--authorize-by-cluster", "--pipeline=" + in.Pipeline.Namespace + "/" + in.Pipeline.Name}}
	}
	if in.TokenSecret == "" {
		return build.Client{}
	}
	return build.Client{
		Args:   []string{"--token-file=" + build.SecretFile(tokenFolder, tokenKey)},
		Mounts: []build.Mount{build.SecretMount(tokenFolder, in.TokenSecret, build.File{Key: tokenKey, Path: tokenKey})},
	}
}
