package volumes

import (
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func claim(change func(*corev1.PersistentVolumeClaim)) *corev1.PersistentVolumeClaim {
	c := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: "space", Name: "data-log-0", UID: "uid-1"},
		Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: new(ClassName),
			AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("2Gi")},
			},
		},
		Status: corev1.PersistentVolumeClaimStatus{Phase: corev1.ClaimPending},
	}
	change(c)
	return c
}

func TestOnlyPendingClaimsOfTheClassGetAVolume(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*corev1.PersistentVolumeClaim)
		want   int
	}{
		"a pending claim of the class": {func(*corev1.PersistentVolumeClaim) {}, 1},
		"a claim of another class":     {func(c *corev1.PersistentVolumeClaim) { c.Spec.StorageClassName = new("other") }, 0},
		"a claim that wants no class":  {func(c *corev1.PersistentVolumeClaim) { c.Spec.StorageClassName = nil }, 0},
		"a claim with a volume":        {func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeName = "given" }, 0},
		"a bound claim":                {func(c *corev1.PersistentVolumeClaim) { c.Status.Phase = corev1.ClaimBound }, 0},
		"a claim that is being deleted": {func(c *corev1.PersistentVolumeClaim) {
			c.DeletionTimestamp, c.Finalizers = new(metav1.Now()), []string{"kubernetes.io/pvc-protection"}
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := &Provisioner{Client: fake.NewClientset(claim(test.change)), Dir: t.TempDir(), Node: "node"}
			for range 2 { // the second look changes nothing
				if err := p.provision(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			list, err := p.Client.CoreV1().PersistentVolumes().List(t.Context(), metav1.ListOptions{})
			if err != nil || len(list.Items) != test.want {
				t.Fatalf("%d volumes, %v; want %d", len(list.Items), err, test.want)
			}
		})
	}
}

func TestAVolumeIsAFolderThatEverybodyMayWriteForItsClaimAlone(t *testing.T) {
	p := &Provisioner{Client: fake.NewClientset(claim(func(*corev1.PersistentVolumeClaim) {})), Dir: t.TempDir(), Node: "node"}
	if err := p.provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	volume, err := p.Client.CoreV1().PersistentVolumes().Get(t.Context(), "pvc-uid-1", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if ref := volume.Spec.ClaimRef; ref == nil || ref.UID != "uid-1" || ref.Namespace != "space" || ref.Name != "data-log-0" {
		t.Errorf("volume is for %v", ref)
	}
	if size := volume.Spec.Capacity[corev1.ResourceStorage]; size.String() != "2Gi" {
		t.Errorf("volume has %s, want 2Gi", &size)
	}
	info, err := os.Stat(volume.Spec.HostPath.Path)
	if err != nil || info.Mode().Perm() != 0o777 {
		t.Errorf("folder %v, %v; want mode 0777", info, err)
	}
}

func TestAReleasedVolumeGoesWithItsFolderAndNoOther(t *testing.T) {
	dir := t.TempDir()
	volume := func(name, by string, phase corev1.PersistentVolumePhase) *corev1.PersistentVolume {
		if err := os.MkdirAll(filepath.Join(dir, name, "deep"), 0o755); err != nil {
			t.Fatal(err)
		}
		return &corev1.PersistentVolume{
			ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{provisionedBy: by}},
			Spec:       corev1.PersistentVolumeSpec{PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete},
			Status:     corev1.PersistentVolumeStatus{Phase: phase},
		}
	}
	kept := volume("kept", provisioner, corev1.VolumeReleased)
	kept.Spec.PersistentVolumeReclaimPolicy = corev1.PersistentVolumeReclaimRetain
	p := &Provisioner{Dir: dir, Client: fake.NewClientset(kept,
		volume("released", provisioner, corev1.VolumeReleased),
		volume("bound", provisioner, corev1.VolumeBound),
		volume("foreign", "somebody.else", corev1.VolumeReleased),
	)}
	if err := p.reclaim(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"kept": true, "released": false, "bound": true, "foreign": true} {
		_, err := p.Client.CoreV1().PersistentVolumes().Get(t.Context(), name, metav1.GetOptions{})
		_, statErr := os.Stat(filepath.Join(dir, name))
		if (err == nil) != want || (statErr == nil) != want {
			t.Errorf("volume %s is there: %v, its folder: %v; want %v", name, err == nil, statErr == nil, want)
		}
	}
}
