package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// logAway is how long Kafka is away while journals take what trackers accept.
const logAway = 8 * time.Second

func needsJournal(c *campaignOfFaults) string {
	if !c.bin.journals {
		return "this build's tracker has no --journal-dir"
	}
	return needsBrokers(c)
}

func needsDisk(c *campaignOfFaults) string {
	if why := noDisk(); why != "" {
		return why
	}
	return needsJournal(c)
}

// withoutLog stops two of three brokers while do runs: below min.insync.replicas Kafka takes nothing.
func (r *rig) withoutLog(rng *rand.Rand, do func() error) error {
	away := rng.Perm(brokers)[:2]
	for _, i := range away {
		r.pauseBroker(i, true)
	}
	err := do()
	for _, i := range away {
		r.pauseBroker(i, false)
	}
	return err
}

// journalKilled kills trackers at every step of the journal, and at random, while only it takes events.
func journalKilled(ctx context.Context, r *rig, rng *rand.Rand, _ bool) error {
	var missed []string
	for _, step := range stepsOf("journal") {
		err := r.withoutLog(rng, func() error {
			if err := rest(ctx, 2*time.Second); err != nil {
				return err
			}
			for _, one := range r.fleet.trackers {
				r.fleet.plan(one, fmt.Sprintf("%s=kill@%d", step, 1+rng.IntN(20)))
				one.kill()
			}
			return rest(ctx, logAway)
		})
		if err != nil {
			return err
		}
		if err := rest(ctx, 4*time.Second); err != nil { // steps of producing come when the log is back
			return err
		}
		if r.fleet.planned() {
			missed = append(missed, step)
		}
	}
	if len(missed) > 0 {
		return fmt.Errorf("trackers did not start again for: %s", strings.Join(missed, ", "))
	}
	return nil
}

// journalTorn kills trackers while only their journals hold what they accepted, and leaves behind each
// what a write that the kill interrupted can leave: a frame cut short, or a file without its tail.
func journalTorn(ctx context.Context, r *rig, rng *rand.Rand, _ bool) error {
	torn := 0
	err := r.withoutLog(rng, func() error {
		for range 3 {
			if err := rest(ctx, 3*time.Second); err != nil {
				return err
			}
			i := rng.IntN(trackers)
			r.fleet.trackers[i].hold()
			n, err := tear(r.fleet.journals[i], rng)
			torn += n
			r.fleet.trackers[i].release()
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && torn == 0 {
		err = errors.New("no journal held a record to tear behind")
	}
	return err
}

// Layout of a segment (runtime/journal/wal/frame.go): a header block, then frames of a length, a checksum
// and a payload, up to the first that is none.
const (
	segmentHeader = 4096
	frameHead     = 12
)

// tear damages the newest segment behind its last whole frame, which is the last that was promised.
func tear(dir string, rng *rand.Rand) (torn int, err error) {
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return 0, err
	}
	slices.Sort(names)
	for _, name := range slices.Backward(names) {
		text, err := os.ReadFile(name)
		if err != nil || len(text) <= segmentHeader || string(text[:8]) != "ctjournl" {
			continue // a lock, a note
		}
		end := segmentHeader
		for end+frameHead < len(text) {
			length := int(binary.LittleEndian.Uint32(text[end:]))
			if length == 0 || end+frameHead+length > len(text) {
				break
			}
			end += frameHead + length
		}
		if end == segmentHeader || end+frameHead+64 > len(text) {
			continue
		}
		return 1, tearAt(name, int64(end), rng)
	}
	return 0, nil
}

func tearAt(name string, end int64, rng *rand.Rand) error {
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	frame := make([]byte, frameHead+1+rng.IntN(50))
	for i := range frame {
		frame[i] = byte(rng.Uint32())
	}
	binary.LittleEndian.PutUint32(frame, 300) // more than follows
	if _, err := file.WriteAt(frame, end); err != nil {
		return err
	}
	if rng.IntN(2) == 0 {
		return file.Truncate(end + int64(len(frame)))
	}
	return nil
}

// diskFull takes all room from the journals while only they could take events. What then cannot be made
// durable may be redirected, but nothing of it may be promised.
func diskFull(ctx context.Context, r *rig, rng *rand.Rand, _ bool) error {
	return r.withoutLog(rng, func() error {
		if err := rest(ctx, 3*time.Second); err != nil {
			return err
		}
		var fillers []string
		for _, dir := range r.fleet.journals {
			filler := filepath.Join(dir, "filler")
			fillers = append(fillers, filler)
			if err := fill(filler); err != nil {
				return err
			}
		}
		err := rest(ctx, logAway)
		for _, filler := range fillers {
			err = errors.Join(err, os.Remove(filler))
		}
		return err
	})
}

// fill writes until there is no room.
func fill(name string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	block := make([]byte, 64<<10)
	for {
		if _, err := file.Write(block); err != nil {
			return nil // the disk is full: that is the fault
		}
	}
}

// diskReadOnly makes the journals' disks fail under the trackers, as a kernel does after an error: every
// write is refused from then on. Then Kafka comes back, and the disks are mounted anew.
func diskReadOnly(ctx context.Context, r *rig, rng *rand.Rand, _ bool) error {
	err := r.withoutLog(rng, func() error {
		if err := rest(ctx, 3*time.Second); err != nil {
			return err
		}
		var err error
		for _, dir := range r.fleet.disks {
			err = errors.Join(err, abortDisk(dir))
		}
		return errors.Join(err, rest(ctx, logAway))
	})
	for i, dir := range r.fleet.disks {
		r.fleet.trackers[i].hold()
		err = errors.Join(err, unmountDisk(dir), remountDisk(dir))
		r.fleet.trackers[i].release()
	}
	return err
}
