package clickhouse

import "syscall"

// dieWithParent has the kernel kill the child when the thread that started it ends, in a process group of its own so that a
// terminal's Ctrl-C reaches the parent only.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
