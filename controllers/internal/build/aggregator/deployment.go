package aggregator

import (
	"fmt"
	"time"

	applyappsv1 "k8s.io/client-go/applyconfigurations/apps/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/clicktally/clicktally/controllers/internal/build"
)

// grace covers the end of a worker: it takes 10 s at most to flush and to leave its group.
const grace = 45 * time.Second

// startWithin bounds how long a worker takes until its admin port is open: one that waits for the catalog is
// alive, and not ready.
const startWithin = time.Minute

// Keys of the Secret that spec.archive.s3.secretRef names.
const (
	s3Folder = "s3"
	s3ID     = "accessKeyID"
	s3Secret = "secretAccessKey"
)

// Deployment of the workers. Kafka says which partitions are whose, so a pod has no identity.
func Deployment(in *Input) (*applyappsv1.DeploymentApplyConfiguration, error) {
	spec := &in.Pipeline.Spec
	redis, err := build.RedisClient(&spec.Redis)
	if err != nil {
		return nil, err
	}
	overrides := build.Overrides(spec.Aggregator)
	pod := &build.Pod{
		Meta: in.meta(), Installation: in.Installation, ServiceAccount: Name(in.Pipeline),
		Image:       build.Pinned(in.Installation.Images.Aggregator, spec.Version),
		Args:        []string{fmt.Sprintf("--admin-listen=:%d", build.AdminPort), "--data-dir=" + build.StateDir, "--pod=$(POD_NAME)"},
		Env:         []*applycorev1.EnvVarApplyConfiguration{build.PodName()},
		Ports:       []*applycorev1.ContainerPortApplyConfiguration{build.Port(build.PortAdmin, build.AdminPort)},
		Mounts:      []build.Mount{build.CatalogCopy()},
		StartWithin: startWithin, Grace: grace,
		Resources: build.ResourcesOf(overrides, build.Resources("250m", "512Mi", "2Gi")), Overrides: overrides,
	}
	pod.With(build.KafkaClient(&spec.Kafka, spec.Kafka.Auth), redis, build.ClickHouseClient(&spec.ClickHouse), archive(in))
	return build.Deployment(Name(in.Pipeline), build.Replicas(spec.Aggregator), pod)
}

// archive is the key of the bucket. Where it is, the catalog says.
func archive(in *Input) build.Client {
	a := in.Pipeline.Spec.Archive
	if a == nil || a.S3.SecretRef == nil {
		return build.Client{}
	}
	return build.Client{
		Env: []*applycorev1.EnvVarApplyConfiguration{
			build.Env("S3_ACCESS_KEY_ID_FILE", build.SecretFile(s3Folder, s3ID)),
			build.Env("S3_SECRET_ACCESS_KEY_FILE", build.SecretFile(s3Folder, s3Secret)),
		},
		Mounts: []build.Mount{build.SecretMount(s3Folder, a.S3.SecretRef.Name, build.File{Key: s3ID, Path: s3ID}, build.File{Key: s3Secret, Path: s3Secret})},
	}
}
