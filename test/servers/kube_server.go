package servers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"k8s.io/client-go/rest"
	certutil "k8s.io/client-go/util/cert"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/clicktally/clicktally/config/crd"
)

const (
	// kubeAnswers bounds how long an API server may take until it is ready, on a busy machine.
	kubeAnswers = 2 * time.Minute
	// kubePoll is the time between two looks.
	kubePoll = 50 * time.Millisecond
	// kubeTries bounds the starts: a port that was free may be taken before a process binds it.
	kubeTries = 3
)

// errKubeEnded says that etcd or the API server did not stay.
var errKubeEnded = errors.New("the process ended")

// kubeServer is a kube-apiserver with an etcd of its own. No controller manager runs beside it: nothing collects
// what an owner leaves behind, and nobody makes service accounts for pods.
type kubeServer struct {
	dir       string
	etcd      *child
	apiServer *child
	config    *rest.Config // of an administrator
}

// startKube starts both in dir, waits until the API server is ready, and installs the definitions of config/crd.
func startKube(ctx context.Context, programs kubePrograms, dir string) (*kubeServer, error) {
	var err error
	for try := range kubeTries {
		server := &kubeServer{dir: filepath.Join(dir, strconv.Itoa(try))}
		if err = server.start(ctx, programs); err == nil {
			return server, nil
		}
		server.stop()
		if !errors.Is(err, errKubeEnded) {
			break
		}
	}
	return nil, err
}

func (k *kubeServer) start(ctx context.Context, programs kubePrograms) error {
	addresses, err := freeAddresses(loopback, 2)
	if err != nil {
		return err
	}
	if err := k.prepare(addresses[1]); err != nil {
		return err
	}
	if k.etcd, err = startLogged(exec.Command(programs.etcd, etcdFlags(k.dir, addresses[0])...), k.file("etcd.log")); err != nil {
		return fmt.Errorf("start etcd: %w", err)
	}
	flags, err := apiServerFlags(k.dir, addresses[1], addresses[0])
	if err != nil {
		return err
	}
	if k.apiServer, err = startLogged(exec.Command(programs.apiServer, flags...), k.file("kube-apiserver.log")); err != nil {
		return fmt.Errorf("start kube-apiserver: %w", err)
	}
	if err := k.await(ctx); err != nil {
		return err
	}
	definitions, err := crd.Definitions()
	if err != nil {
		return err
	}
	_, err = envtest.InstallCRDs(k.config, envtest.CRDInstallOptions{CRDs: definitions, MaxTime: kubeAnswers, PollInterval: kubePoll})
	return err
}

// prepare writes the files that the API server reads: one certificate, whose key signs the tokens of service accounts
// too, and the token of an administrator.
func (k *kubeServer) prepare(address string) error {
	if err := os.MkdirAll(k.dir, 0o755); err != nil {
		return err
	}
	certificate, key, err := certutil.GenerateSelfSignedCertKey("127.0.0.1", nil, nil)
	if err != nil {
		return fmt.Errorf("make the certificate of the API server: %w", err)
	}
	token := rand.Text()
	for name, content := range map[string]string{
		"tls.crt": string(certificate), "tls.key": string(key), "tokens.csv": token + ",admin,admin,system:masters\n",
	} {
		if err := os.WriteFile(k.file(name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	k.config = &rest.Config{Host: "https://" + address, BearerToken: token, QPS: -1}
	k.config.CAData = certificate
	return nil
}

// await returns when the API server says that it is ready.
func (k *kubeServer) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, kubeAnswers)
	defer cancel()
	client, err := rest.HTTPClientFor(k.config)
	if err != nil {
		return err
	}
	for {
		err := askReady(ctx, client, k.config.Host)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("kube-apiserver is not ready: %w: %s", err, endOfLog(k.file("kube-apiserver.log")))
		case <-time.After(kubePoll):
		}
		if err := k.failure(); err != nil {
			return err
		}
	}
}

// failure says which of the two processes ended, and what it said last; nil while both run.
func (k *kubeServer) failure() error {
	select {
	case <-k.etcd.ended:
		return fmt.Errorf("etcd: %w: %s", errKubeEnded, endOfLog(k.file("etcd.log")))
	case <-k.apiServer.ended:
		return fmt.Errorf("kube-apiserver: %w: %s", errKubeEnded, endOfLog(k.file("kube-apiserver.log")))
	default:
		return nil
	}
}

func askReady(ctx context.Context, client *http.Client, host string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, host+"/readyz", http.NoBody)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(answer.Body, logTail))
		return errors.Join(fmt.Errorf("readyz: %s: %s", answer.Status, text), err)
	}
	return nil
}

func (k *kubeServer) file(name string) string { return filepath.Join(k.dir, name) }

func (k *kubeServer) stop() {
	for _, process := range []*child{k.apiServer, k.etcd} {
		if process != nil {
			process.kill()
		}
	}
}
