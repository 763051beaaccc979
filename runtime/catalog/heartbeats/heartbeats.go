// Package heartbeats reads what processes report about themselves (design 5), as far as it says how much of
// the catalog they have applied.
package heartbeats

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/event"
)

const (
	// Silent is how long a process may say nothing until it no longer counts; heartbeats come every second.
	Silent = 10 * time.Second
	// look is how often processes are looked over that may have become silent.
	look = time.Second
	// retry is how soon the topic is opened again after an error.
	retry = 2 * time.Second
)

// Config says what to read.
type Config struct {
	// Options reach the brokers. Required.
	Options []kgo.Opt
	// Topic of the heartbeats, one partition. Required.
	Topic string
	// OnChange is called when what Fleets returns has changed so that an answer of Passed may, when Balance has, and
	// when the newest event becomes known or unknown. It must not block. Optional.
	OnChange func()
	// Log is required.
	Log *slog.Logger
}

// Follower knows the processes that live. Its methods are safe for concurrent use.
type Follower struct {
	config Config
	fleets atomic.Pointer[map[string]Fleet]
	judged atomic.Pointer[Balance]
	newest atomic.Pointer[newest]
}

// New makes a follower; Run fills it.
func New(config Config) *Follower {
	f := &Follower{config: config}
	f.fleets.Store(&map[string]Fleet{})
	f.judged.Store(&Balance{})
	f.newest.Store(&newest{})
	return f
}

// Fleets are the processes that live, by the StatefulSet of their pods. The map is not to be changed.
func (f *Follower) Fleets() map[string]Fleet { return *f.fleets.Load() }

// Balance is what aggregators found out, the zero Balance while none has said so lately.
func (f *Follower) Balance() Balance { return *f.judged.Load() }

// Newest is the time of the newest event that was loaded, zero while none is ahead of now. ok is false while no
// aggregator has said so lately.
func (f *Follower) Newest(now time.Time) (at time.Time, ok bool) {
	n := f.newest.Load()
	if n.ahead > 0 {
		at = now.Add(n.ahead)
	}
	return at, n.known
}

// Run reads until ctx ends. Lost connections are made again; a process that was not heard meanwhile is
// forgotten, so that nothing is concluded from what it said long ago.
func (f *Follower) Run(ctx context.Context) {
	processes, found := table{}, judgements{}
	for ctx.Err() == nil {
		if err := f.follow(ctx, processes, found); err != nil && ctx.Err() == nil {
			f.config.Log.Warn("heartbeats are not read", "error", err, "again", retry)
		}
		f.settle(processes, found)
		select {
		case <-ctx.Done():
		case <-time.After(retry):
		}
	}
}

// follow begins where processes that still count have spoken, and returns at the first error.
func (f *Follower) follow(ctx context.Context, processes table, found judgements) error {
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{
			f.config.Topic: {0: kgo.NewOffset().AfterMilli(time.Now().Add(-Silent).UnixMilli())},
		}),
	}, f.config.Options...)...)
	if err != nil {
		return fmt.Errorf("make client: %w", err)
	}
	defer client.Close()
	for {
		waiting, cancel := context.WithTimeout(ctx, look)
		fetches := client.PollFetches(waiting)
		cancel()
		if ctx.Err() != nil {
			return nil
		}
		for _, failed := range fetches.Errors() {
			if !errors.Is(failed.Err, context.DeadlineExceeded) {
				return fmt.Errorf("fetch %s: %w", f.config.Topic, failed.Err)
			}
		}
		now := time.Now()
		for record := range fetches.RecordsAll() {
			f.hear(processes, found, record, now)
		}
		f.settle(processes, found)
	}
}

func (f *Follower) hear(processes table, found judgements, record *kgo.Record, now time.Time) {
	if record.Value == nil {
		return
	}
	h := &event.Heartbeat{}
	if err := h.UnmarshalVT(record.Value); err != nil {
		f.config.Log.Error("heartbeat cannot be read", "key", string(record.Key), "offset", record.Offset, "error", err)
		return
	}
	if h.GetBalance() != nil {
		found.hear(h, now)
		return
	}
	processes.hear(h, now)
}

// settle drops who is silent and makes the state known.
func (f *Follower) settle(processes table, found judgements) {
	processes.forget(time.Now().Add(-Silent))
	next := processes.fleets()
	balance, newest := found.latest(time.Now()), found.newest(time.Now())
	same := alike(f.Fleets(), next) && f.Balance() == balance && f.newest.Load().known == newest.known
	f.fleets.Store(&next)
	f.judged.Store(&balance)
	f.newest.Store(&newest)
	if !same && f.config.OnChange != nil {
		f.config.OnChange()
	}
}
