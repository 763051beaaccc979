package tracker

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build"
)

// volumeName is the claim template's name; a pod's claim is volumeName-Name-3.
const volumeName = "journal"

// journalDir is a folder of its own on the volume: the journal bears nothing else beside it, and file
// systems make a lost+found.
const journalDir = build.StateDir + "/journal"

const (
	defaultJournalSize = "1Gi"
	// minJournalSize leaves room for the smallest journal and a copy of a small catalog.
	minJournalSize = "16Mi"
	// journalTenths of the volume are the journal's. The rest is the file system's own, and the copy of
	// the catalog.
	journalTenths = 9
	mebibyte      = 1 << 20
)

// journalVolume and journalSize are immutable in a Tracker, and the claim template follows from
// nothing else: StatefulSets cannot change one. So a fleet has its volumes under every ack.policy, and
// an edit of the policy works at once.
func journalVolume(t *v1alpha1.Tracker) v1alpha1.JournalVolume {
	if j := t.Spec.Journal; j != nil && j.Volume != "" {
		return j.Volume
	}
	return v1alpha1.JournalClaim
}

func journalSize(t *v1alpha1.Tracker) (resource.Quantity, error) {
	size := resource.MustParse(defaultJournalSize)
	if j := t.Spec.Journal; j != nil && j.Size != nil {
		size = *j.Size
	}
	if size.Cmp(resource.MustParse(minJournalSize)) < 0 {
		return size, build.Invalid("spec.journal.size", "%s holds no journal: make it %s or more", size.String(), minJournalSize)
	}
	return size, nil
}

// journalArgs tell the process where its journal is, and its room in whole Mi.
func journalArgs(size resource.Quantity) []string {
	return []string{"--journal-dir=" + journalDir, fmt.Sprintf("--journal-size=%dMi", size.Value()/10*journalTenths/mebibyte)}
}

// stateMount is the volume of journal and catalog copy.
func stateMount(t *v1alpha1.Tracker, size resource.Quantity) build.Mount {
	if journalVolume(t) == v1alpha1.JournalEmptyDir {
		return build.Scratch(volumeName, build.StateDir, size)
	}
	return build.Mount{Name: volumeName, Path: build.StateDir}
}

// claimTemplate makes a claim for every pod; nil when the journal is on the node's disk.
func claimTemplate(in *Input, size resource.Quantity) *applycorev1.PersistentVolumeClaimApplyConfiguration {
	if journalVolume(in.Tracker) != v1alpha1.JournalClaim {
		return nil
	}
	spec := applycorev1.PersistentVolumeClaimSpec().
		WithAccessModes(corev1.ReadWriteOnce).
		WithResources(applycorev1.VolumeResourceRequirements().WithRequests(corev1.ResourceList{corev1.ResourceStorage: size}))
	if j := in.Tracker.Spec.Journal; j != nil && j.StorageClassName != "" {
		spec.WithStorageClassName(string(j.StorageClassName))
	}
	claim := &applycorev1.PersistentVolumeClaimApplyConfiguration{}
	return claim.WithName(volumeName).WithLabels(in.meta().Selector()).WithSpec(spec)
}
