package store

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/clicktally/clicktally/runtime/event"
)

// livePipeline bounds the keys that one pipelined round trip writes.
const livePipeline = 1000

// LiveWrite is one absolute value: F(minute, src_part) of an entity at ver, from a pane or from
// minute rows. Whoever writes the higher ver wins.
type LiveWrite struct {
	Minute  int64 // unix seconds
	Entity  Entity
	SrcPart event.SrcPart
	Ver     uint64
	Counts  Counts
}

//go:embed live.lua
var liveScript string

// LiveWriter writes live counters. It is safe for concurrent use.
type LiveWriter struct {
	Client redis.UniversalClient
	Keys   LiveKeys
}

var higherWins = redis.NewScript(liveScript)

// Write sends values in pipelines of a bounded size. After an error some may be missing: the caller
// writes its open panes again.
func (w *LiveWriter) Write(ctx context.Context, writes []LiveWrite) error {
	type fields struct {
		key  string
		args []any // expiry, then src_part and value in turn
	}
	var order []*fields
	byKey := map[string]*fields{}
	for i := range writes {
		write := &writes[i]
		key := w.Keys.Counts(write.Minute, write.Entity)
		f := byKey[key]
		if f == nil {
			expiry := write.Minute + int64((LiveKept+liveMargin)/time.Second)
			f = &fields{key: key, args: []any{expiry}}
			byKey[key] = f
			order = append(order, f)
		}
		f.args = append(f.args, liveField(write.SrcPart), write.Counts.appendLive(nil, write.Ver))
	}
	for len(order) > 0 {
		part := order[:min(livePipeline, len(order))]
		order = order[len(part):]
		_, err := w.Client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, f := range part {
				p.EvalSha(ctx, higherWins.Hash(), []string{f.key}, f.args...)
			}
			return nil
		})
		if redis.HasErrorPrefix(err, "NOSCRIPT") {
			_, err = w.Client.Pipelined(ctx, func(p redis.Pipeliner) error {
				for _, f := range part {
					p.Eval(ctx, liveScript, []string{f.key}, f.args...)
				}
				return nil
			})
		}
		if err != nil {
			return fmt.Errorf("write live counters: %w", err)
		}
	}
	return nil
}

// Lost returns those of parts that a marker is missing for: Redis, or one server of a Cluster, lost what they had
// written, or they write for the first time.
func (w *LiveWriter) Lost(ctx context.Context, parts []event.SrcPart) ([]event.SrcPart, error) {
	if len(parts) == 0 {
		return nil, nil
	}
	fields := liveFields(parts)
	var marks [LiveShards]*redis.SliceCmd
	_, err := w.Client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for shard := range marks {
			marks[shard] = p.HMGet(ctx, w.Keys.Marker(shard), fields...)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the markers of the live counters: %w", err)
	}
	var lost []event.SrcPart
	for i, part := range parts {
		if slices.ContainsFunc(marks[:], func(m *redis.SliceCmd) bool { return m.Val()[i] == nil }) {
			lost = append(lost, part)
		}
	}
	return lost, nil
}

// Finish sets the time until which each part's log is counted.
func (w *LiveWriter) Finish(ctx context.Context, parts []event.SrcPart, asOf []time.Time) error {
	if len(parts) != len(asOf) {
		return errors.New("finish live counters: parts and times differ in number")
	}
	if len(parts) == 0 {
		return nil
	}
	_, err := w.Client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, part := range parts {
			p.HSet(ctx, w.Keys.AsOf(), liveField(part), strconv.FormatInt(asOf[i].UnixMilli(), 10))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write the time of the live counters: %w", err)
	}
	return nil
}

// Restored sets the markers of parts that were lost, once all their open panes have been written. For
// a part that was not lost it is never set: Redis may have lost its data since, and the marker is all
// that tells.
func (w *LiveWriter) Restored(ctx context.Context, parts []event.SrcPart) error {
	if len(parts) == 0 {
		return nil
	}
	marks := make([]any, 0, 2*len(parts))
	for _, field := range liveFields(parts) {
		marks = append(marks, field, "1")
	}
	_, err := w.Client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for shard := range LiveShards {
			p.HSet(ctx, w.Keys.Marker(shard), marks...)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("write the markers of the live counters: %w", err)
	}
	return nil
}

func liveFields(parts []event.SrcPart) []string {
	names := make([]string, len(parts))
	for i, part := range parts {
		names[i] = liveField(part)
	}
	return names
}
