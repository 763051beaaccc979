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
	order := hashes(w.Keys, writes)
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

// hash is what one script call writes: expiry, then src_part and value in turn.
type hash struct {
	key  string
	args []any
}

// hashes gathers writes by their key: most have one of their own.
func hashes(keys LiveKeys, writes []LiveWrite) []hash {
	order := make([]hash, 0, len(writes))
	byKey := make(map[string]int, len(writes))
	var part event.SrcPart
	var field any // of part; the writes of a partition follow each other
	for i := range writes {
		write := &writes[i]
		key := keys.Counts(write.Minute, write.Entity)
		at, met := byKey[key]
		if !met {
			at = len(order)
			byKey[key] = at
			expiry := write.Minute + int64((LiveKept+liveMargin)/time.Second)
			order = append(order, hash{key: key, args: append(make([]any, 0, 3), expiry)})
		}
		if field == nil || part != write.SrcPart {
			part, field = write.SrcPart, liveField(write.SrcPart)
		}
		order[at].args = append(order[at].args, field, write.Counts.appendLive(make([]byte, 0, liveValue), write.Ver))
	}
	return order
}

// liveValue is room for most values.
const liveValue = 128

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
