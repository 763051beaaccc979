package standalone_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/clicktally/clicktally/cmd/clicktally/internal/standalone"
	"github.com/clicktally/clicktally/runtime/embedded/clickhouse"
	"github.com/clicktally/clicktally/runtime/embedded/clickhouse/child"
	"github.com/clicktally/clicktally/test/freeport"
)

// TestMain lets this binary be the processes that the tests start and kill.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 1 && os.Args[1] == "chdb":
		os.Exit(child.Main(os.Args[2:]))
	case len(os.Args) > 1 && os.Args[1] == "serve":
		os.Exit(serve(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// serve is a standalone until SIGTERM; its arguments are those of process.start.
func serve(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	s, err := standalone.Start(ctx, standalone.Config{
		Dirs: args[:1], Data: args[1], Listen: args[2], QueryListen: args[3], AdminListen: args[4], Out: os.Stdout,
	})
	if errors.Is(err, standalone.ErrStopped) {
		return 0
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	err = s.Wait(ctx)
	if stopped := s.Stop(); err != nil || stopped != nil {
		fmt.Println(err, stopped)
		return 1
	}
	return 0
}

const (
	startWithin = 60 * time.Second
	// token is that of config/samples/secret.yaml.
	token = "only-for-the-demo-4b1f7c2e"
)

// process is a standalone in a process of its own, on the same ports and data after each start.
type process struct {
	t      *testing.T
	args   []string // folder, data, visitors, readers, admin
	cmd    *exec.Cmd
	output *output
}

func newProcess(t *testing.T) *process {
	t.Helper()
	if _, err := clickhouse.Locate(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("../../../../config/samples")); err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, args: []string{folder, t.TempDir(), freeAddress(t), freeAddress(t), freeAddress(t)}, output: &output{}}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Log(p.output)
		}
	})
	return p
}

func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := freeport.Address("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func (p *process) tracker() string { return "http://" + p.args[2] }
func (p *process) query() string   { return "http://" + p.args[3] }

// start returns once visitors are served.
func (p *process) start() {
	p.t.Helper()
	p.cmd = exec.Command(os.Args[0], append([]string{"serve"}, p.args...)...)
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	eventually(p.t, startWithin, "the process serves", func() bool {
		response, err := http.Get("http://" + p.args[4] + "/readyz")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

func (p *process) kill() {
	if p.cmd != nil {
		p.cmd.Process.Kill()
		p.cmd.Wait() // its error is the kill
		p.cmd = nil
	}
}

// stop ends the process as a user does.
func (p *process) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("not a clean stop: %v", err)
	}
	p.cmd = nil
}

// click follows a link as a person and returns where it leads.
func (p *process) click(path string) string {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.tracker()+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0")
	request.Header.Set("X-Forwarded-For", "198.18.0.1")
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusFound {
		text, _ := io.ReadAll(response.Body)
		p.t.Fatalf("GET %s: %s: %s", path, response.Status, text)
	}
	return response.Header.Get("Location")
}

func (p *process) replace(file, old, with string) {
	p.t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		p.t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(old)) {
		p.t.Fatalf("%s holds no %q", file, old)
	}
	if err := os.WriteFile(file, bytes.Replace(text, []byte(old), []byte(with), 1), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) says(text string) {
	p.t.Helper()
	eventually(p.t, 10*time.Second, "the process says "+text, func() bool { return strings.Contains(p.output.String(), text) })
}

func eventually(t *testing.T, within time.Duration, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(within)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("not within %s: %s", within, what)
		case <-tick.C:
		}
	}
}

// output gathers what a process prints.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
