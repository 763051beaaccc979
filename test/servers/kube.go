package servers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"k8s.io/client-go/rest"
)

// kubeSweep names the data folders of the shared API servers.
const kubeSweep = "clicktally-kube-"

// KubeAPI returns how to reach a real kube-apiserver as an administrator who is not throttled. All tests of the binary
// share it, because a start takes seconds: give each a namespace by KubeNamespace. The definitions of config/crd are
// installed. No controller manager runs: nothing collects what a deleted owner leaves behind, and pods do not start.
func KubeAPI(t testing.TB) *rest.Config {
	t.Helper()
	server, err := kubeFor(t)
	if errors.Is(err, errNoKube) {
		missing(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.failure(); err != nil {
			t.Error(err)
		}
	})
	return rest.CopyConfig(server.config)
}

// kubeFor is the shared server, or one of the test's own where nothing would end a shared one.
func kubeFor(t testing.TB) (*kubeServer, error) {
	if dieWithParent() != nil {
		return sharedKube()
	}
	programs, err := locateKube()
	if err != nil {
		return nil, err
	}
	server, err := startKube(t.Context(), programs, t.TempDir())
	if err != nil {
		return nil, err
	}
	t.Cleanup(server.stop)
	return server, nil
}

// sharedKube is never stopped: it ends with the test binary, and the next one removes its folder.
var sharedKube = sync.OnceValues(func() (*kubeServer, error) {
	programs, err := locateKube()
	if err != nil {
		return nil, err
	}
	sweep(kubeSweep)
	dir, err := os.MkdirTemp("", fmt.Sprintf("%s%d-", kubeSweep, os.Getpid()))
	if err != nil {
		return nil, err
	}
	return startKube(context.Background(), programs, dir)
})
