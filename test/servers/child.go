package servers

import (
	"bytes"
	"os"
	"os/exec"
	"runtime"

	"github.com/clicktally/clicktally/test/freeport"
)

// logTail is how much of a child's log a failure shows, in bytes.
const logTail = 4096

// child is a process that a test started.
type child struct {
	command *exec.Cmd
	ended   chan struct{}
}

// startChild starts command from a goroutine that keeps its thread until the child ends, because the kernel kills
// the child when that thread ends.
func startChild(command *exec.Cmd) (*child, error) {
	command.SysProcAttr = dieWithParent()
	c, started := &child{command: command, ended: make(chan struct{})}, make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		if started <- err; err != nil {
			return
		}
		_ = command.Wait() // it is killed: its exit status says so
		close(c.ended)
	}()
	return c, <-started
}

// startLogged is startChild of a command whose output is appended to a file.
func startLogged(command *exec.Cmd, file string) (*child, error) {
	log, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the child has it open for itself
	command.Stdout, command.Stderr = log, log
	return startChild(command)
}

// endOfLog is the end of what a child said.
func endOfLog(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	if len(text) > logTail {
		text = text[len(text)-logTail:]
	}
	return string(bytes.TrimSpace(text))
}

// kill ends the child as kill -9 does, and waits until it is gone.
func (c *child) kill() {
	_ = c.command.Process.Kill() // gone already: nothing to kill
	<-c.ended
}

// loopback is where servers listen unless a test says otherwise.
const loopback = "127.0.0.1"

// freeAddresses returns n addresses (host:port) of a host that nobody listens on; another process may still be faster.
func freeAddresses(host string, n int) ([]string, error) {
	addresses := make([]string, n)
	for i := range addresses {
		var err error
		if addresses[i], err = freeport.Address(host); err != nil {
			return nil, err
		}
	}
	return addresses, nil
}
