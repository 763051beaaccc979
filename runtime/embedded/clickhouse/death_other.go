//go:build unix && !linux

package clickhouse

import "syscall"

// dieWithParent has nothing of the kernel to use here: the child ends when its standard input does.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
