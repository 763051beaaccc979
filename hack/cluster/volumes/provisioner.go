// Package volumes gives PersistentVolumeClaims their volumes: a folder of the node for each claim of one StorageClass,
// removed when the claim is gone. Nothing that does this can be pulled, and Kubernetes itself has no such provisioner.
package volumes

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

const (
	// ClassName is the name of the default StorageClass.
	ClassName = "folders"
	// provisioner is the StorageClass's provisioner, and marks the volumes made here.
	provisioner = "folders.clicktally.dev"
	// provisionedBy tells kube-controller-manager who removes a released volume.
	provisionedBy = "pv.kubernetes.io/provisioned-by"
	// interval between two looks at all claims and volumes. There are few, so nothing is watched.
	interval = 500 * time.Millisecond
)

// Provisioner makes and removes volumes.
type Provisioner struct {
	Client kubernetes.Interface
	Dir    string // parent of the volumes' folders
	Node   string // the node that has them
	Report func(error)
}

// CreateClass makes the StorageClass.
func (p *Provisioner) CreateClass(ctx context.Context) error {
	_, err := p.Client.StorageV1().StorageClasses().Create(ctx, &storagev1.StorageClass{
		ObjectMeta: metav1.ObjectMeta{
			Name:        ClassName,
			Annotations: map[string]string{"storageclass.kubernetes.io/is-default-class": "true"},
		},
		Provisioner:       provisioner,
		ReclaimPolicy:     new(corev1.PersistentVolumeReclaimDelete),
		VolumeBindingMode: new(storagev1.VolumeBindingImmediate),
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("create StorageClass %s: %w", ClassName, err)
	}
	return nil
}

// Run makes and removes volumes until ctx ends. It reports an error when it is a new one: while a test has stopped the
// API server, every look fails.
func (p *Provisioner) Run(ctx context.Context) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	var last string
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := errors.Join(p.provision(ctx), p.reclaim(ctx))
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			last = ""
		case err.Error() != last:
			last = err.Error()
			p.Report(fmt.Errorf("volumes: %w", err))
		}
	}
}

// provision makes a folder and a volume for each claim that waits for one.
func (p *Provisioner) provision(ctx context.Context) error {
	claims, err := p.Client.CoreV1().PersistentVolumeClaims(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list claims: %w", err)
	}
	var problems []error
	for i := range claims.Items {
		if claim := &claims.Items[i]; waits(claim) {
			problems = append(problems, p.create(ctx, claim))
		}
	}
	return errors.Join(problems...)
}

// create makes a claim's folder and volume. A volume that is there was made by an earlier look.
func (p *Provisioner) create(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	volume := build(claim, p.Dir, p.Node)
	folder := volume.Spec.HostPath.Path
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	// The kubelet does not give a hostPath volume to a pod's fsGroup.
	if err := os.Chmod(folder, 0o777); err != nil {
		return err
	}
	_, err := p.Client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create a volume for claim %s/%s: %w", claim.Namespace, claim.Name, err)
	}
	return nil
}

// reclaim removes volumes whose claim is gone, and their folders.
func (p *Provisioner) reclaim(ctx context.Context) error {
	volumes, err := p.Client.CoreV1().PersistentVolumes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("list volumes: %w", err)
	}
	var problems []error
	for i := range volumes.Items {
		volume := &volumes.Items[i]
		if !released(volume) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(p.Dir, volume.Name)); err != nil {
			problems = append(problems, err)
			continue
		}
		err := p.Client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			problems = append(problems, fmt.Errorf("delete volume %s: %w", volume.Name, err))
		}
	}
	return errors.Join(problems...)
}
