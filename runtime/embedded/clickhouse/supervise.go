package clickhouse

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/clicktally/clicktally/runtime/embedded/clickhouse/child"
)

const (
	// inheritedSocket is the first extra file of the child: the listening socket.
	inheritedSocket = "fd:3"
	// firstPause doubles with every crash up to maxPause, and begins anew after the child ran for steadyAfter.
	firstPause  = 100 * time.Millisecond
	maxPause    = 10 * time.Second
	steadyAfter = time.Minute
	// stderrTail is how much of the child's last words an error quotes.
	stderrTail = 4 << 10
)

// launcher knows how a child is started.
type launcher struct {
	command   []string
	arguments []string
	log       *slog.Logger
}

// process is the running child, if any.
type process struct{ id atomic.Int64 }

func (p *process) pid() int { return int(p.id.Load()) }

// supervise runs one child after another until ctx ends. It reports the first start on first and does not try again when that failed.
//
// It keeps its operating system thread: the kernel kills the child when the thread that started it ends (Pdeathsig).
func (s *Server) supervise(ctx context.Context, l *launcher, first chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pause := firstPause
	for {
		began := time.Now()
		err := s.runChild(ctx, l, first)
		if ctx.Err() != nil {
			return
		}
		if first != nil && err != nil && errors.Is(err, errNotReady) {
			first <- err
			return
		}
		first = nil
		if time.Since(began) > steadyAfter {
			pause = firstPause
		}
		l.log.Error("embedded ClickHouse ended, starting it again", "error", err, "pause", pause)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, maxPause)
	}
}

// errNotReady says that a child ended before it answered.
var errNotReady = errors.New("the embedded ClickHouse did not start")

// runChild starts a child, reports on ready once it answers, and waits until it ends. The end of ctx stops it.
func (s *Server) runChild(ctx context.Context, l *launcher, ready chan<- error) error {
	socket, err := s.listener.File()
	if err != nil {
		return fmt.Errorf("%w: %w", errNotReady, err)
	}
	defer func() { _ = socket.Close() }() // a copy for the child
	tail := &tailWriter{}
	command := exec.Command(l.command[0], append(l.command[1:len(l.command):len(l.command)], l.arguments...)...)
	command.ExtraFiles = []*os.File{socket}
	command.Stderr = io.MultiWriter(tail, &lineLogger{log: l.log})
	command.SysProcAttr = dieWithParent()
	input, err := command.StdinPipe() // held open as long as this process lives
	if err != nil {
		return fmt.Errorf("%w: %w", errNotReady, err)
	}
	defer input.Close()
	output, err := command.StdoutPipe()
	if err != nil {
		return fmt.Errorf("%w: %w", errNotReady, err)
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("%w: %w", errNotReady, err)
	}
	s.process.id.Store(int64(command.Process.Pid))
	defer s.process.id.Store(0)
	stopped := stopWith(ctx, command.Process)
	defer stopped()
	answers, late := false, time.AfterFunc(startTimeout, func() { _ = command.Process.Kill() }) // gone already: nothing to kill
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), child.ReadyPrefix) && late.Stop() {
			answers = true
			l.log.Info("embedded ClickHouse answers", "address", s.Addr(), "pid", command.Process.Pid)
			if ready != nil {
				ready <- nil
			}
		}
	}
	late.Stop()
	err = command.Wait()
	if !answers {
		return fmt.Errorf("%w: %w: %s", errNotReady, errors.Join(err, ctx.Err()), tail.text())
	}
	return fmt.Errorf("%w: %s", errors.Join(err, errors.New("process ended")), tail.text())
}

// stopWith asks the child to end when ctx does, and kills it when it takes longer than stopTimeout. The returned function ends the watch.
func stopWith(ctx context.Context, child *os.Process) (ended func()) {
	gone, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-gone:
			return
		case <-ctx.Done():
		}
		_ = child.Signal(syscall.SIGTERM) // gone already: nothing to stop
		select {
		case <-gone:
		case <-time.After(stopTimeout):
			_ = child.Kill() // gone already: nothing to kill
		}
	}()
	return func() {
		close(gone)
		<-watched
	}
}

// tailWriter keeps the last words of a child.
type tailWriter struct{ last []byte }

func (t *tailWriter) Write(p []byte) (int, error) {
	t.last = append(t.last, p...)
	t.last = t.last[max(0, len(t.last)-stderrTail):]
	return len(p), nil
}

func (t *tailWriter) text() string { return strings.TrimSpace(string(t.last)) }

// lineLogger logs what a child writes to standard error, as it comes.
type lineLogger struct{ log *slog.Logger }

func (l *lineLogger) Write(p []byte) (int, error) {
	l.log.Warn("embedded ClickHouse wrote to standard error", "text", strings.TrimSpace(string(p)))
	return len(p), nil
}
