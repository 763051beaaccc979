package servers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// KubeVersion is what hack/fetch-kube builds: k8s.io/kubernetes of hack/kube/go.mod.
const KubeVersion = "v1.37.0"

// errNoKube says how to get what is missing.
var errNoKube = errors.New("no kube-apiserver and etcd: run hack/fetch-kube, which `make test` does, or set KUBEBUILDER_ASSETS to a folder with both")

// kubePrograms are the paths of the two programs that an API server needs.
type kubePrograms struct {
	etcd      string
	apiServer string
}

// locateKube looks where hack/fetch-kube does: KUBEBUILDER_ASSETS, the user's cache.
func locateKube() (kubePrograms, error) {
	folder := os.Getenv("KUBEBUILDER_ASSETS")
	if folder == "" {
		var err error
		if folder, err = fetched("kube", KubeVersion); err != nil {
			return kubePrograms{}, err
		}
	}
	found := kubePrograms{etcd: filepath.Join(folder, "etcd"), apiServer: filepath.Join(folder, "kube-apiserver")}
	for _, program := range []string{found.etcd, found.apiServer} {
		if _, err := exec.LookPath(program); err != nil {
			return kubePrograms{}, fmt.Errorf("%w: %w", errNoKube, err)
		}
	}
	return found, nil
}
