//go:build !linux

package servers

import "syscall"

// dieWithParent has nothing of the kernel to use here: the child ends with the test, not with a killed test binary.
func dieWithParent() *syscall.SysProcAttr { return nil }
