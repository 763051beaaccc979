package servers

import (
	"net"
	"os/exec"
	"runtime"
)

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

// kill ends the child as kill -9 does, and waits until it is gone.
func (c *child) kill() {
	_ = c.command.Process.Kill() // gone already: nothing to kill
	<-c.ended
}

// freeAddresses returns n loopback addresses (host:port) that nobody listens on; another process may still be faster.
func freeAddresses(n int) ([]string, error) {
	addresses := make([]string, n)
	for i := range addresses {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer listener.Close()
		addresses[i] = listener.Addr().String()
	}
	return addresses, nil
}
