//go:build unix

// Package kafka runs the Kafka of `clicktally standalone`: kfake in this process, with a data directory.
//
// Others reach it with franz-go at Addr. Topic ids, records, offsets, producer ids, committed transactions and group offsets
// survive a restart and a kill -9 of the process: an acknowledged record was written to its file before the ack. A power cut is
// another matter: without Fsync it loses what the operating system had not written yet (about 30 seconds by default); with
// Fsync every batch is synced before its ack, and what may still be lost is a file that was created moments before, on file
// systems where syncing a new file does not make its name durable (ext4, xfs and apfs do).
//
// Different from a broker, and from kfake as it comes:
//   - Nothing is compacted or expired while the server runs: kfake's cleaner deletes the old files before it writes the new
//     ones, so a kill in between loses the log. Start compacts topics of cleanup.policy=compact instead (package segment
//     says what it keeps); other topics are kept whole, whatever their retention says: remove the data directory to start afresh.
//   - kfake accepts message.timestamp.type=LogAppendTime and ignores it: a record's timestamp is its producer's.
//   - One broker, no users: loopback addresses only, unless Config.Host says how others reach it.
//   - A transaction that was open at a kill is aborted at the next start, on each partition by itself: when the kill fell between the commit
//     markers of two partitions, one half stays committed. Its commit had not been answered.
package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/clicktally/clicktally/runtime/embedded/address"
	"github.com/clicktally/clicktally/runtime/embedded/dirlock"
	"github.com/clicktally/clicktally/runtime/embedded/kafka/internal/segment"
)

const (
	// DefaultListen serves on a free port of the loopback address.
	DefaultListen = "127.0.0.1:0"
	// never is the longest interval in milliseconds that Go's clock can hold: the cleaner's first turn comes after 292 years.
	never = "9223372036854"
	// cleanMark is a file that says the last stop was an orderly one: nothing to repair.
	cleanMark = "clean-stop"
)

// Config says how to run the broker.
type Config struct {
	// Dir is the data directory; one process uses it at a time. Empty keeps everything in memory.
	Dir string
	// Listen is the loopback address, host:port; empty is DefaultListen. Give a fixed port where clients live longer than the server.
	Listen string
	// Host is the name or address by which other machines reach the server; with it Listen may be any address, and whoever
	// reaches it may do everything. Empty: this machine alone.
	Host string
	// Fsync syncs every batch before it is acknowledged: half the throughput, and an acknowledged record survives a power cut.
	Fsync bool
	// Log receives kfake's warnings; nil is slog.Default.
	Log *slog.Logger
}

// Server is a running broker.
type Server struct {
	cluster *kfake.Cluster
	lock    *dirlock.Lock
	dir     string
	close   sync.Once
}

// Start repairs what a kill left behind, compacts, loads the directory and returns once the broker answers.
// ctx bounds the start only; Close stops the server.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	s := &Server{dir: cfg.Dir}
	if cfg.Dir != "" {
		lock, err := dirlock.Acquire(cfg.Dir)
		if err != nil {
			return nil, fmt.Errorf("embedded Kafka: %w", err)
		}
		s.lock = lock
	}
	err := context.Cause(ctx)
	if err == nil && cfg.Dir != "" {
		err = prepare(cfg)
	}
	if err == nil {
		s.cluster, err = kfake.NewCluster(options(cfg)...)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the embedded Kafka: %w", err), s.unlock())
	}
	return s, nil
}

// Addr is the broker's address, host:port.
func (s *Server) Addr() string { return s.cluster.ListenAddrs()[0] }

// Close writes the last state and stops the broker. Clients are cut off.
func (s *Server) Close() error {
	var err error
	s.close.Do(func() {
		s.cluster.Close()
		if s.dir != "" {
			err = os.WriteFile(filepath.Join(s.dir, cleanMark), nil, 0o600)
		}
		err = errors.Join(err, s.unlock())
	})
	return err
}

func (s *Server) unlock() error {
	if s.lock == nil {
		return nil
	}
	return s.lock.Unlock()
}

// prepare leaves a directory that kfake loads as it was acknowledged.
func prepare(cfg Config) error {
	mark := filepath.Join(cfg.Dir, cleanMark)
	_, err := os.Stat(mark)
	clean := err == nil
	if err := os.Remove(mark); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if !clean {
		if err := segment.Repair(cfg.Dir, cfg.Log); err != nil {
			return fmt.Errorf("repair %s after the last process ended without closing it: %w", cfg.Dir, err)
		}
	}
	return segment.Compact(cfg.Dir, cfg.Log)
}

func options(cfg Config) []kfake.Opt {
	opts := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.ListenFn(func(network, _ string) (net.Listener, error) { return listen(network, cfg) }),
		kfake.WithLogger(logger{cfg.Log}),
		kfake.BrokerConfigs(map[string]string{
			"log.cleaner.backoff.ms":     never,
			"log.retention.ms":           "-1",
			"log.retention.bytes":        "-1",
			"default.replication.factor": "1",
			"min.insync.replicas":        "1",
		}),
	}
	if cfg.Dir != "" {
		opts = append(opts, kfake.DataDir(cfg.Dir))
	}
	if cfg.Fsync {
		opts = append(opts, kfake.SyncWrites())
	}
	return opts
}

func listen(network string, cfg Config) (net.Listener, error) {
	at := cmp.Or(cfg.Listen, DefaultListen)
	if err := address.Check("embedded Kafka", at, cfg.Host); err != nil {
		return nil, err
	}
	listener, err := net.Listen(network, at)
	if err != nil || cfg.Host == "" {
		return listener, err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return advertised{Listener: listener, at: net.JoinHostPort(cfg.Host, port)}, err
}

// advertised is a listener that says it is where clients are sent to: kfake tells them its listener's address.
type advertised struct {
	net.Listener

	at string // host:port
}

// Addr is where clients reach the listener.
func (a advertised) Addr() net.Addr { return a }

// Network is TCP, as the listener's.
func (a advertised) Network() string { return a.Listener.Addr().Network() }

// String is the address as clients are told it.
func (a advertised) String() string { return a.at }

// logger hands kfake's warnings to slog; the rest is one line per request.
type logger struct{ log *slog.Logger }

func (l logger) Logf(level kfake.LogLevel, format string, args ...any) {
	if level == kfake.LogLevelError || level == kfake.LogLevelWarn {
		l.log.Warn("embedded Kafka", "text", fmt.Sprintf(format, args...))
	}
}
