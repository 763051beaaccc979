package journal

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/journal/wal"
)

// notes are one small file for each boot that is not drained: under which name it reports and how far
// its counters were. So the next process on this directory can report it to its end, whatever Kafka
// was told before.
type notes struct {
	fs wal.FS

	mu   sync.Mutex
	last map[uint64]noted
}

// noted is what a file says, as a hash, and since when.
type noted struct {
	sum uint64
	at  int64 // ms
}

const (
	noteSuffix = ".boot"
	noteNew    = "note"
	// noteEvery is the longest time between two notes of one boot, in ms.
	noteEvery = 60_000
)

func noteName(boot uint64) string { return fmt.Sprintf("%016x%s", boot, noteSuffix) }

// note is what is known of an earlier boot.
type note struct {
	pod   string
	at    int64 // ms, by the clock of then
	parts map[uint32]*event.PartitionProgress
}

type known map[uint64]note

func (k known) settled(o wal.Origin) uint64 {
	if p := k[o.Boot].parts[o.SrcPart]; p != nil {
		return p.Settled
	}
	return 0
}

// add makes sure that there is a place for what waits of an origin.
func (k known) add(o wal.Origin, pod string) {
	if _, ok := k[o.Boot]; !ok {
		k[o.Boot] = note{pod: pod, parts: map[uint32]*event.PartitionProgress{}}
	}
	if k[o.Boot].parts[o.SrcPart] == nil {
		k[o.Boot].parts[o.SrcPart] = &event.PartitionProgress{SrcPart: o.SrcPart}
	}
}

// write notes the progress of a boot, unless it is noted already. A file is the report and its
// checksum, and is replaced as a whole.
func (n *notes) write(b *boot) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	h := event.Heartbeat{Pod: b.pod, BootId: b.id}
	h.Partitions, _ = b.progress()
	value, err := h.MarshalVT()
	if err != nil {
		return err
	}
	sum, now := xxhash.Sum64(value), time.Now().UnixMilli()
	if was := n.last[b.id]; was.sum == sum && now >= was.at && now < was.at+noteEvery {
		return nil
	}
	h.At = now
	if value, err = h.MarshalVT(); err != nil {
		return err
	}
	value = binary.LittleEndian.AppendUint64(value, xxhash.Sum64(value))
	f, err := n.fs.Create(noteNew, int64(len(value)))
	if err != nil {
		return fmt.Errorf("note of boot %016x: %w", b.id, err)
	}
	_, err = f.WriteAt(value, 0)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = n.fs.Rename(noteNew, noteName(b.id))
	}
	if err == nil {
		err = n.fs.SyncDir()
	}
	if err != nil {
		return fmt.Errorf("note of boot %016x: %w", b.id, err)
	}
	if n.last == nil {
		n.last = map[uint64]noted{}
	}
	n.last[b.id] = noted{sum, now}
	return nil
}

func (n *notes) remove(boot uint64) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.last, boot)
	return n.fs.Remove(noteName(boot))
}

// read finds what earlier boots noted. A note that cannot be read is as none: the boot is then known
// by what waits of it.
func (n *notes) read() (known, error) {
	names, err := n.fs.List()
	if err != nil {
		return nil, err
	}
	k := known{}
	for _, name := range names {
		digits, ok := strings.CutSuffix(name, noteSuffix)
		id, err := strconv.ParseUint(digits, 16, 64)
		if !ok || err != nil {
			continue
		}
		if h := n.one(name); h != nil && h.BootId == id {
			parts := map[uint32]*event.PartitionProgress{}
			for _, p := range h.Partitions {
				parts[p.SrcPart] = p
			}
			k[id] = note{h.Pod, h.At, parts}
		}
	}
	return k, nil
}

func (n *notes) one(name string) *event.Heartbeat {
	f, err := n.fs.Open(name)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }() // it was only read
	size, err := f.Size()
	if err != nil || size < 8 || size > maxNote {
		return nil
	}
	b := make([]byte, size)
	if got, err := f.ReadAt(b, 0); got < len(b) && err != nil {
		return nil
	}
	value, sum := b[:size-8], binary.LittleEndian.Uint64(b[size-8:])
	var h event.Heartbeat
	if xxhash.Sum64(value) != sum || h.UnmarshalVT(slices.Clone(value)) != nil {
		return nil
	}
	return &h
}

// maxNote bounds a note: some 40 bytes for each of 4,096 partitions of a few generations.
const maxNote = 4 << 20
