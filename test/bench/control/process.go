package control

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is a running binary, killed at the end of the test.
type process struct {
	t                 *testing.T
	command           *exec.Cmd
	ended             chan struct{}
	log               string // file
	metrics, profiles string // of an operator: where to ask
}

func start(t *testing.T, program string, env []string, args ...string) *process {
	t.Helper()
	log, err := os.CreateTemp(t.TempDir(), filepath.Base(program))
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, ended: make(chan struct{}), log: log.Name()}
	p.command = exec.CommandContext(t.Context(), program, args...)
	p.command.Env = append(os.Environ(), env...)
	p.command.Stdout, p.command.Stderr = log, log
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		_ = p.command.Wait() // how it ended is told by its log
		_ = log.Close()      // what it holds is told by tail
	}()
	t.Cleanup(func() {
		p.kill(syscall.SIGKILL)
		if t.Failed() {
			t.Logf("%s ended with:\n%s", filepath.Base(program), p.tail())
		}
	})
	return p
}

// kill sends a signal and waits for the end.
func (p *process) kill(signal syscall.Signal) {
	_ = p.command.Process.Signal(signal) // it may have ended by itself
	<-p.ended
}

func (p *process) tail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4000):])
}

// get returns a page of the process, and whether it was 200. A process that has ended fails the test.
func (p *process) get(url string) (string, bool) {
	select {
	case <-p.ended:
		p.t.Fatalf("%s ended by itself:\n%s", p.command.Path, p.tail())
	default:
	}
	request, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, url, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", false
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return string(text), err == nil && response.StatusCode == http.StatusOK
}

func (p *process) answers(url string) bool {
	_, ok := p.get(url)
	return ok
}

// memory is what an operator holds, in bytes.
type memory struct{ heap, resident int64 }

// heap has the operator collect its garbage and tells what is left.
func (p *process) heap() memory {
	p.t.Helper()
	for range 2 { // what the first finds unused may have held more
		if !p.answers(p.profiles + "/debug/pprof/heap?gc=1") {
			p.t.Fatal("the operator gives no heap profile")
		}
	}
	text, ok := p.get(p.metrics + "/metrics")
	if !ok {
		p.t.Fatal("the operator gives no metrics")
	}
	return memory{heap: value(p.t, text, "go_memstats_heap_alloc_bytes"), resident: value(p.t, text, "process_resident_memory_bytes")}
}

// value is that of a metric without labels.
func value(t *testing.T, metrics, name string) int64 {
	t.Helper()
	for scanner := bufio.NewScanner(strings.NewReader(metrics)); scanner.Scan(); {
		if text, found := strings.CutPrefix(scanner.Text(), name+" "); found {
			number, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			return int64(number)
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// restartPause is between the end of a process and its next start, as a node agent takes it.
const restartPause = time.Second
