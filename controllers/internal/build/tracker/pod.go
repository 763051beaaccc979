package tracker

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build"
)

// The end of a pod, in this order: balancers learn that it is unready, then it answers what is in flight
// and ships its journal, which the process bounds itself at drainWithin.
const (
	unreadyFor   = 10 * time.Second
	drainWithin  = 15 * time.Second
	closeReserve = 20 * time.Second // the last sync of a slow disk
	grace        = unreadyFor + drainWithin + closeReserve
)

// startWithin lets a large journal be read at start.
const startWithin = 10 * time.Minute

// Folders and files of mounted Secrets.
const (
	sourcesFolder  = "sources"
	clickIDsFolder = "click-id-keys"
	hashFolder     = "hash-key"
	hashFile       = "key" // also the key that spec.privacy.hashKeyRef documents
	linkFolder     = "link-keys"
)

func resources(in *Input) corev1.ResourceRequirements {
	return build.ResourcesOf(in.Tracker.Spec.Pod, build.Resources("250m", "256Mi", "1Gi"))
}

// pod serves visitors. It says nothing that the catalog says: acknowledgement, limits, hosts.
func pod(in *Input, size resource.Quantity) *build.Pod {
	t := in.Tracker
	p := &build.Pod{
		Meta: in.meta(), Installation: in.Installation, Image: in.image(), ServiceAccount: Name(t),
		Args: []string{
			"--tracker=" + t.Namespace + "/" + t.Name,
			"--pod=$(POD_NAME)",
			fmt.Sprintf("--listen=:%d", build.TrackerPort),
			fmt.Sprintf("--admin-listen=:%d", build.AdminPort),
			"--unready-for=" + unreadyFor.String(),
			"--data-dir=" + build.StateDir,
			"--sources-dir=" + build.SecretsDir + "/" + sourcesFolder,
			"--click-id-keys-file=" + build.SecretFile(clickIDsFolder, build.KeyClickIDs),
			"--hash-key-file=" + build.SecretFile(hashFolder, hashFile),
		},
		Env:         []*applycorev1.EnvVarApplyConfiguration{build.PodName()},
		Ports:       []*applycorev1.ContainerPortApplyConfiguration{build.Port(build.PortHTTP, build.TrackerPort), build.Port(build.PortAdmin, build.AdminPort)},
		StartWithin: startWithin, Grace: grace,
		Resources: resources(in), Overrides: t.Spec.Pod,
	}
	p.Args = append(p.Args, journalArgs(size)...)
	p.Mounts = append([]build.Mount{stateMount(t, size)}, secretMounts(in)...)
	p.Mounts = append(p.Mounts, dataMounts(t.Spec.Data)...)
	p.With(build.KafkaClient(&in.Pipeline.Spec.Kafka, in.login()))
	return p
}

func secretMounts(in *Input) []build.Mount {
	t := in.Tracker
	keys := v1alpha1.ObjectName(build.KeysName(t.Spec.PipelineRef.Name))
	hash := build.SecretMount(hashFolder, keys, build.File{Key: build.KeyHash, Path: hashFile})
	if p := t.Spec.Privacy; p != nil && p.HashKeyRef != nil {
		hash = build.SecretMount(hashFolder, p.HashKeyRef.Name, build.File{Key: hashFile, Path: hashFile})
	}
	mounts := []build.Mount{
		build.SecretMount(sourcesFolder, v1alpha1.ObjectName(SourcesName(t))).Optional(),
		build.SecretMount(clickIDsFolder, keys, build.File{Key: build.KeyClickIDs, Path: build.KeyClickIDs}),
		hash,
	}
	if s := t.Spec.Signing; s != nil && s.KeysRef != nil {
		mounts = append(mounts, build.SecretMount(linkFolder, s.KeysRef.Name))
	}
	return mounts
}
