// Package clickhouse runs the ClickHouse engine of `clicktally standalone`: libchdb in a child process, behind ClickHouse's HTTP interface.
//
// Others reach it with clickhouse-go (Protocol: clickhouse.HTTP) at Addr, without user and password. An acknowledged insert survives
// kill -9 of the child and of its parent; whether it survives a power cut is the table's choice (fsync_after_insert=1,
// fsync_part_directory=1). The child is started again when it dies; requests sent meanwhile wait on the socket, which the
// parent keeps open. The child ends with its parent, however the parent ends.
package clickhouse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/clicktally/clicktally/runtime/embedded/address"
)

// DefaultListen serves on a free port of the loopback address.
const DefaultListen = "127.0.0.1:0"

const (
	// startTimeout bounds how long a child may take until it answers: a large data directory is loaded first.
	startTimeout = 2 * time.Minute
	// stopTimeout bounds how long Close waits before it kills the child; the child itself gives statements 15 s.
	stopTimeout = 20 * time.Second
)

// Config says how to run the engine.
type Config struct {
	// Dir is the data directory. One process uses it at a time.
	Dir string
	// Listen is the loopback address, host:port; empty is DefaultListen. The address stays the same when the child is started again.
	Listen string
	// Host is the name or address by which other machines reach the server; with it Listen may be any address, and whoever
	// reaches it may do everything. Empty: this machine alone.
	Host string
	// Library is the path of libchdb; empty is what Locate finds.
	Library string
	// Command starts the child: a program that calls child.Main with the arguments behind it. Empty is this executable with "chdb".
	Command []string
	// MemoryMiB bounds the engine's memory; 0 is 3072. One statement may take half of it.
	MemoryMiB int
	// Log receives starts, stops and crashes; nil is slog.Default.
	Log *slog.Logger
}

// Server is a running engine.
type Server struct {
	listener *net.TCPListener
	cancel   context.CancelFunc
	done     sync.WaitGroup
	process  process
}

// Start starts the child and returns once it answers. ctx bounds the start only; Close stops the server.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	child, err := newLauncher(cfg)
	if err != nil {
		return nil, err
	}
	listener, err := listen(cfg)
	if err != nil {
		return nil, err
	}
	running, cancel := context.WithCancel(context.Background())
	s := &Server{listener: listener, cancel: cancel}
	first := make(chan error, 1)
	s.done.Go(func() { s.supervise(running, child, first) })
	select {
	case err = <-first:
	case <-ctx.Done():
		err = fmt.Errorf("start the embedded ClickHouse: %w", context.Cause(ctx))
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Addr is where the ClickHouse HTTP interface listens, host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// PID is the process id of the running child, 0 while there is none.
func (s *Server) PID() int { return s.process.pid() }

// Close stops the child and waits until it is gone: running statements get 15 seconds to end.
func (s *Server) Close() error {
	s.cancel()
	s.done.Wait()
	if err := s.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close the embedded ClickHouse: %w", err)
	}
	return nil
}

func listen(cfg Config) (*net.TCPListener, error) {
	at := cmp.Or(cfg.Listen, DefaultListen)
	if err := address.Check("embedded ClickHouse", at, cfg.Host); err != nil {
		return nil, err
	}
	resolved, err := net.ResolveTCPAddr("tcp", at)
	if err != nil {
		return nil, fmt.Errorf("address of the embedded ClickHouse: %w", err)
	}
	listener, err := net.ListenTCP("tcp", resolved)
	if err != nil {
		return nil, fmt.Errorf("listen for the embedded ClickHouse: %w", err)
	}
	return listener, nil
}

func newLauncher(cfg Config) (*launcher, error) {
	l := &launcher{command: cfg.Command, log: cfg.Log}
	if l.log == nil {
		l.log = slog.Default()
	}
	library := cfg.Library
	var err error
	if library == "" {
		if library, err = Locate(); err != nil {
			return nil, err
		}
	}
	if len(l.command) == 0 {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find this program to start it as the engine's child: %w", err)
		}
		l.command = []string{self, "chdb"}
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil || cfg.Dir == "" {
		return nil, fmt.Errorf("data directory %q of the embedded ClickHouse: %w", cfg.Dir, errors.Join(err, os.ErrInvalid))
	}
	l.arguments = []string{"--data", dir, "--listen", inheritedSocket, "--lib", library, "--exit-with-parent"}
	if cfg.Host != "" {
		l.arguments = append(l.arguments, "--host", cfg.Host)
	}
	if cfg.MemoryMiB > 0 {
		l.arguments = append(l.arguments, "--memory", strconv.Itoa(cfg.MemoryMiB))
	}
	return l, nil
}
