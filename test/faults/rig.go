package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

const (
	// patience is how long the counts may take, after the last answer, until they are what they must be.
	patience = 4 * time.Minute
	// recoverWithin bounds how long the load of the log may take to pass where it was when the fault ended.
	recoverWithin = 3 * time.Minute
	// firstCounts bounds how long a new pipeline may take until it counts.
	firstCounts = 2 * time.Minute
)

// rig is one pipeline under load: what a fault strikes.
type rig struct {
	*stores
	bin      binaries
	pipeline *pipeline
	fleet    *fleet
	load     *load
	audit    *auditor
	seed     uint64
	before   figures // of the last balance
	// held are partitions that stand still, with the end of what was taken off the auditor's record.
	held map[int32]int64
	// shift is what a partition's rows have more than the offsets of its log, since a recovery.
	shift map[int32]int64
}

// newRig makes a pipeline, starts its processes and the load, and waits until events are counted.
func newRig(ctx context.Context, st *stores, b binaries, options options, f fault, seed uint64, number int) (*rig, error) {
	prefix := fmt.Sprintf("f%d", number)
	dir := filepath.Join(st.stage.dir, prefix)
	p, err := newPipeline(ctx, st, dir, prefix)
	if err != nil {
		return nil, err
	}
	r := &rig{stores: st, bin: b, pipeline: p, seed: seed, held: map[int32]int64{}, shift: map[int32]int64{}}
	if r.fleet, err = startFleet(b, st, p, f.disks); err != nil {
		return r, err
	}
	if err := r.fleet.ready(ctx); err != nil {
		return r, err
	}
	if r.audit, err = newAuditor(filepath.Join(dir, "audit.jsonl")); err != nil {
		return r, err
	}
	r.load = &load{client: newClient(r.fleet.visitors), audit: r.audit, planner: newPlanner(seed, rand.Uint32()), rate: options.rate}
	r.load.planner.only = f.only
	r.load.start(ctx)
	return r, await(ctx, firstCounts, "the first counts", func() error {
		ends, err := loaded(ctx, st, prefix)
		if err == nil && len(ends) == 0 {
			err = errors.New("nothing is loaded")
		}
		return err
	})
}

// close ends what the rig started. Topics and tables go with the stores.
func (r *rig) close(ctx context.Context, keep bool) {
	if r.load != nil {
		r.load.close()
	}
	if r.fleet != nil {
		r.fleet.close()
	}
	if r.audit != nil {
		if err := r.audit.close(); err != nil {
			say("the auditor's record: %v", err)
		}
	}
	r.pipeline.stop()
	if keep || ctx.Err() != nil {
		return
	}
	if err := r.history.Exec(ctx, "DROP DATABASE IF EXISTS "+r.pipeline.prefix); err != nil {
		say("drop the tables of %s: %v", r.pipeline.prefix, err)
	}
	if err := os.RemoveAll(r.pipeline.dir); err != nil {
		say("remove %s: %v", r.pipeline.dir, err)
	}
}

func (r *rig) events() string { return r.pipeline.names.Events(generation) }

// recovered waits until the load has passed the end of the log as it is now, and says how long that took.
func (r *rig) recovered(ctx context.Context) (time.Duration, error) {
	begin := time.Now()
	var ends map[int32]int64
	err := await(ctx, recoverWithin, "the load to recover", func() (err error) {
		if ends == nil {
			if ends, err = logEnds(ctx, r.stores, r.events()); err != nil {
				return err
			}
		}
		at, err := loaded(ctx, r.stores, r.pipeline.prefix)
		if err != nil {
			return err
		}
		for partition, end := range ends {
			if _, held := r.held[partition]; !held && at[partition] < end+r.shift[partition] {
				return fmt.Errorf("partition %d is loaded to %d of %d", partition, at[partition], end)
			}
		}
		return nil
	})
	return time.Since(begin), err
}

// balance waits, while the load rests, until the counts are what they must be, or patience ends, and
// returns the comparison since the last balance.
func (r *rig) balance(ctx context.Context) (figures, time.Duration, error) {
	begin := time.Now()
	var f figures
	var failed error
	var settled bool
	for {
		f, settled, failed = r.look(ctx)
		since := f.less(r.before)
		if failed == nil && settled && since.clean() || time.Since(begin) > patience || !pause(ctx, time.Second) {
			break
		}
	}
	if failed != nil {
		return f, time.Since(begin), failed
	}
	since := f.less(r.before)
	r.before = f
	if !settled {
		failed = fmt.Errorf("not settled within %v", patience)
	}
	return since, time.Since(begin), errors.Join(failed, ctx.Err())
}

// look compares once. Nothing is settled while the log is not loaded, or a minute waits for its mark.
func (r *rig) look(ctx context.Context) (f figures, settled bool, err error) {
	db := r.pipeline.prefix
	ends, err := logEnds(ctx, r.stores, r.events())
	if err != nil {
		return f, false, err
	}
	if err := r.forgiveHeld(ctx, ends); err != nil {
		return f, false, err
	}
	at, err := loaded(ctx, r.stores, db)
	if err != nil {
		return f, false, err
	}
	uncounted, dirty, err := waiting(ctx, r.stores, db)
	if err != nil {
		return f, false, err
	}
	behind := int64(0)
	for partition, end := range ends {
		if _, held := r.held[partition]; !held {
			behind += end + r.shift[partition] - at[partition]
		}
	}
	settled = uncounted == 0 && behind == 0
	raw, err := readRaw(ctx, r.stores, db)
	if err != nil {
		return f, settled, err
	}
	minutes, err := readMinutes(ctx, r.stores, db)
	if err != nil {
		return f, settled, err
	}
	r.audit.mu.Lock()
	f = compare(r.audit.entries, r.audit.twice, raw, minutes)
	r.audit.mu.Unlock()
	if !settled {
		f.name("%d records are not loaded, %d minutes hold events above their mark", behind, uncounted)
	}
	f.dirty = int(dirty)
	if r.audit.forgiven > 0 {
		return f, settled, nil // the live view may hold what was destroyed
	}
	return f, settled, f.compareLive(ctx, r.fleet.queryAddr, raw)
}
