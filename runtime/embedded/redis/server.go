// Package redis runs the Redis of `clicktally standalone`: miniredis in this process, reached with go-redis at Addr.
//
// It keeps everything in memory and begins empty: live counters are rebuilt by their owners. Lua scripts run by EVAL and EVALSHA, one
// at a time, as on a real server. Keys and hash fields expire up to ExpireEvery late (a real server: about a millisecond), and later when
// there are so many that looking at all of them takes long: expiry uses at most a twentieth of one core.
package redis

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/clicktally/clicktally/runtime/embedded/address"
)

const (
	// DefaultListen serves on a free port of the loopback address.
	DefaultListen = "127.0.0.1:0"
	// ExpireEvery is how often keys whose time is over are removed.
	ExpireEvery = 100 * time.Millisecond
	// expireShare is how many times as long as expiry took it rests afterwards.
	expireShare = 19
)

// Config says how to run the server.
type Config struct {
	// Listen is the loopback address, host:port; empty is DefaultListen.
	Listen string
	// Host is the name or address by which other machines reach the server; with it Listen may be any address, and whoever
	// reaches it may do everything. Empty: this machine alone.
	Host string
}

// Server is a running Redis.
type Server struct {
	mini   *miniredis.Miniredis
	stop   context.CancelFunc
	expiry sync.WaitGroup
}

// Start starts the server. ctx bounds the start only; Close stops it.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, fmt.Errorf("start the embedded Redis: %w", err)
	}
	listen := cmp.Or(cfg.Listen, DefaultListen)
	if err := address.Check("embedded Redis", listen, cfg.Host); err != nil {
		return nil, err
	}
	mini := miniredis.NewMiniRedis()
	if err := mini.StartAddr(listen); err != nil {
		return nil, fmt.Errorf("start the embedded Redis: %w", err)
	}
	running, stop := context.WithCancel(context.Background())
	s := &Server{mini: mini, stop: stop}
	s.expiry.Go(func() { expire(running, mini.FastForward) })
	return s, nil
}

// Addr is the server's address, host:port.
func (s *Server) Addr() string { return s.mini.Addr() }

// Close stops the server and forgets its data.
func (s *Server) Close() error {
	s.stop()
	s.expiry.Wait()
	s.mini.Close()
	return nil
}

// expire moves miniredis' clock for TTLs on, which stands still by itself. Its own switch for that (ClockTTL) looks at every key
// on every command.
func expire(ctx context.Context, forward func(time.Duration)) {
	last, pause := time.Now(), ExpireEvery
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		now := time.Now()
		forward(now.Sub(last))
		last = now
		pause = max(ExpireEvery, expireShare*time.Since(now))
	}
}
