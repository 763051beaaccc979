package oracle

import (
	"io"
	"net"
	"sync"
	"testing"
)

// gate stands before a server and can be shut: then every connection through it is cut.
type gate struct {
	address string

	mu    sync.Mutex
	shut  bool
	conns map[net.Conn]struct{}
}

func newGate(t testing.TB, server string) *gate {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{address: ln.Addr().String(), conns: map[net.Conn]struct{}{}}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := ln.Accept()
			if err != nil {
				return
			}
			running.Go(func() { g.pass(client, server) })
		}
	})
	t.Cleanup(func() { ln.Close(); g.set(true); running.Wait() })
	return g
}

func (g *gate) pass(client net.Conn, server string) {
	defer client.Close()
	upstream, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	defer upstream.Close()
	g.mu.Lock()
	if g.shut {
		g.mu.Unlock()
		return
	}
	g.conns[client], g.conns[upstream] = struct{}{}, struct{}{}
	g.mu.Unlock()
	var copies sync.WaitGroup
	copies.Go(func() { _, _ = io.Copy(upstream, client); upstream.Close() })
	copies.Go(func() { _, _ = io.Copy(client, upstream); client.Close() })
	copies.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.conns, client)
	delete(g.conns, upstream)
}

// set shuts or opens the gate.
func (g *gate) set(shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = shut
	if shut {
		for conn := range g.conns {
			conn.Close()
		}
	}
}
