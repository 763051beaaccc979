package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// restartPause is how soon a process that died is started again, as a node agent would.
	restartPause = 100 * time.Millisecond
	// logTail is how much of a process's last words a report shows, in bytes.
	logTail = 3000
)

// kills counts the processes that died by SIGKILL, whoever sent it: the harness or a failpoint.
var kills atomic.Int64

// process is one program that is kept running: when it dies it is started again, until closed.
type process struct {
	name    string
	program string
	args    []string
	log     string // file
	env     func() []string

	mu      sync.Mutex
	command *exec.Cmd     // nil while none runs
	held    bool          // stays dead until released
	changed chan struct{} // closed and replaced at every start and end
	closed  bool
	done    chan struct{}
	crashes int // ends that nobody asked for
	asked   bool
}

// keep starts the process and keeps it running until close.
func (p *process) keep() *process {
	p.changed, p.done = make(chan struct{}), make(chan struct{})
	go p.supervise()
	return p
}

// supervise keeps its thread: the kernel kills a child when the thread that started it ends.
func (p *process) supervise() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.done)
	for {
		p.mu.Lock()
		if p.closed {
			p.mu.Unlock()
			return
		}
		held, changed := p.held, p.changed
		p.mu.Unlock()
		if held {
			<-changed
			continue
		}
		if err := p.runOnce(); err != nil {
			say("%s does not start: %v", p.name, err)
		}
		p.mu.Lock()
		changed = p.changed
		p.mu.Unlock()
		select {
		case <-changed:
		case <-time.After(restartPause):
		}
	}
}

func (p *process) runOnce() error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	command := exec.Command(p.program, p.args...)
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	command.Env = os.Environ()
	if p.env != nil {
		command.Env = append(command.Env, p.env()...)
	}
	p.mu.Lock()
	if p.closed || p.held {
		p.mu.Unlock()
		return nil
	}
	if err := command.Start(); err != nil {
		p.mu.Unlock()
		return err
	}
	p.command, p.asked = command, false
	p.announce()
	p.mu.Unlock()
	err = command.Wait()
	p.ended(err)
	return nil
}

// ended notes why the process is gone. SIGKILL is what this harness is about; all else is a crash,
// unless it was asked to stop.
func (p *process) ended(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.command = nil
	p.announce()
	killed := false
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		status, isWait := exit.Sys().(syscall.WaitStatus)
		killed = isWait && status.Signaled() && status.Signal() == syscall.SIGKILL
	}
	switch {
	case p.closed:
	case killed:
		kills.Add(1)
	case !p.asked:
		p.crashes++
		say("%s ended by itself: %v", p.name, err)
	}
}

func (p *process) announce() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// signal sends to the process if it runs.
func (p *process) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.command == nil {
		return
	}
	p.asked = p.asked || s == syscall.SIGTERM
	_ = syscall.Kill(p.command.Process.Pid, s) // one that has just died is what was wanted
}

// kill ends the running process as kill -9 does; it is started again.
func (p *process) kill() { p.signal(syscall.SIGKILL) }

// hold ends the process and keeps it dead until release.
func (p *process) hold() {
	p.mu.Lock()
	p.held = true
	p.mu.Unlock()
	p.kill()
	p.awaitRunning(false)
}

func (p *process) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = false
	p.announce()
}

func (p *process) awaitRunning(want bool) {
	for {
		p.mu.Lock()
		running, changed, closed := p.command != nil, p.changed, p.closed
		p.mu.Unlock()
		if running == want || closed {
			return
		}
		<-changed
	}
}

// pid is 0 while none runs.
func (p *process) pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.command == nil {
		return 0
	}
	return p.command.Process.Pid
}

// close ends the process for good.
func (p *process) close() {
	p.mu.Lock()
	p.closed = true
	if p.command != nil {
		_ = syscall.Kill(p.command.Process.Pid, syscall.SIGKILL) // gone already: nothing to kill
	}
	p.announce()
	p.mu.Unlock()
	<-p.done
}

// stopped says whether the process sleeps by SIGSTOP.
func (p *process) stopped() bool {
	pid := p.pid()
	if pid == 0 {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	for i, c := range stat {
		if c == ')' && i+2 < len(stat) {
			return stat[i+2] == 'T'
		}
	}
	return false
}

// tail is the end of what the process said.
func (p *process) tail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return filepath.Base(p.log) + ": " + string(text[max(0, len(text)-logTail):])
}
