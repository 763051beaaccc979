// Package address says where an embedded server may listen: none of them has users or passwords.
package address

import (
	"fmt"
	"net"
)

// Check refuses a listening address, host:port, that other machines reach, unless host, the name they know the
// server by, shows that this is wanted. what is the server, for the error.
func Check(what, listen, host string) error {
	name, _, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("address of the %s: %w", what, err)
	}
	if host == "" && !Loopback(name) {
		return fmt.Errorf("address of the %s: %s is no loopback address, and the server has no password: use 127.0.0.1", what, listen)
	}
	return nil
}

// Loopback says whether a host, without a port, is this machine alone.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
