// Package process starts the programs of a cluster, each with a log file of its own.
package process

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// logTail is how much of a log, in bytes, is shown when its program ended too early.
const logTail = 2 << 10

// Spec says how a program is started.
type Spec struct {
	Name string // of the process and of its log file
	Path string
	Args []string
	Logs string // the folder of log files
}

// Process is a running program.
type Process struct {
	name string
	log  string
	cmd  *exec.Cmd
	done chan struct{}
	err  error // valid once done is closed
}

// Start starts a program whose output goes to Logs/Name.log. It has a process group of its own, so that a terminal's
// Ctrl-C stops the command that uses the cluster and not the cluster under it.
func Start(spec Spec) (*Process, error) {
	path := filepath.Join(spec.Logs, spec.Name+".log")
	log, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	defer func() { _ = log.Close() }() // the program has its own
	cmd := exec.Command(spec.Path, spec.Args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	p := &Process{name: spec.Name, log: path, cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// PID is the process id, as seen inside the cluster's namespaces.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says that and how the program ended, with the end of its log. It is nil while the program runs.
func (p *Process) Err() error {
	select {
	case <-p.done:
	default:
		return nil
	}
	how := "exit status 0"
	if p.err != nil {
		how = p.err.Error()
	}
	return fmt.Errorf("%s ended by itself (%s), log %s ends with:\n%s", p.name, how, p.log, tail(p.log))
}

// tail is the end of a file in whole lines, or the reason why it cannot be read.
func tail(path string) []byte {
	text, err := os.ReadFile(path)
	if err != nil {
		return []byte(err.Error())
	}
	if len(text) <= logTail {
		return text
	}
	text = text[len(text)-logTail:]
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		text = text[i+1:]
	}
	return text
}
