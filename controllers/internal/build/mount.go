package build

import (
	"k8s.io/apimachinery/pkg/api/resource"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

// Folders of a container. Everything else is read-only.
const (
	// SecretsDir holds mounted Secrets, one folder each.
	SecretsDir = "/etc/clicktally"
	// StateDir is what a process may write to.
	StateDir = "/var/lib/clicktally"
)

// secretMode lets the group of the pod read, and nobody else.
const secretMode = 0o440

// catalogCopySize bounds the disk copy of a catalog: 10,000 campaigns take a few megabytes, written
// anew beside the old copy.
const catalogCopySize = "256Mi"

// Mount is a volume and where it stands in the container.
type Mount struct {
	Name, Path string
	ReadOnly   bool
	// Volume is nil where a claim template of the same name makes it.
	Volume *applycorev1.VolumeApplyConfiguration
}

// File is a key of a Secret and the file that it becomes.
type File struct{ Key, Path string }

// SecretMount has files of a Secret in a folder of SecretsDir. Kubernetes rewrites them when the Secret
// changes.
func SecretMount(folder string, secret v1alpha1.ObjectName, files ...File) Mount {
	source := applycorev1.SecretVolumeSource().WithSecretName(string(secret)).WithDefaultMode(secretMode)
	for _, f := range files {
		source.WithItems(applycorev1.KeyToPath().WithKey(f.Key).WithPath(f.Path))
	}
	return Mount{
		Name: folder, Path: SecretsDir + "/" + folder, ReadOnly: true,
		Volume: applycorev1.Volume().WithName(folder).WithSecret(source),
	}
}

// SecretFile is the path of a file of SecretMount.
func SecretFile(folder, path string) string { return SecretsDir + "/" + folder + "/" + path }

// Optional lets the pod start before the Secret exists; its files appear later.
func (m Mount) Optional() Mount {
	m.Volume.Secret.WithOptional(true)
	return m
}

// Scratch is a folder on the node's disk that lives as long as the pod.
func Scratch(name, path string, size resource.Quantity) Mount {
	return Mount{
		Name: name, Path: path,
		Volume: applycorev1.Volume().WithName(name).WithEmptyDir(applycorev1.EmptyDirVolumeSource().WithSizeLimit(size)),
	}
}

// CatalogCopy is the folder of a catalog's disk copy, for processes that write nothing else.
func CatalogCopy() Mount { return Scratch("state", StateDir, resource.MustParse(catalogCopySize)) }
