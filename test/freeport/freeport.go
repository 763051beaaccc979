// Package freeport finds addresses for servers that a test starts later, also again and again on the same one.
package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// first and last bound the ports. Linux takes those of outgoing connections from 32768 on: one of these ports cannot
// become some connection's own between the moment it is found free and the moment a server listens on it.
const (
	first = 15000
	last  = 32000
	tries = 1000
)

// taken are the ports that this process has handed out. None is given twice: its server may be about to start, or to
// start again.
var (
	mu    sync.Mutex
	taken = map[int]bool{}
)

// Address is an address (host:port) of a host that nobody listens on; another process that looks in the same moment may
// still be faster.
func Address(host string) (string, error) {
	mu.Lock()
	defer mu.Unlock()
	var err error
	for range tries {
		port := first + rand.IntN(last-first)
		if taken[port] {
			continue
		}
		address := net.JoinHostPort(host, strconv.Itoa(port))
		var listener net.Listener
		if listener, err = net.Listen("tcp", address); err == nil {
			taken[port] = true
			return address, listener.Close()
		}
	}
	return "", fmt.Errorf("no free port of %s from %d to %d in %d tries: %w", host, first, last, tries, err)
}
