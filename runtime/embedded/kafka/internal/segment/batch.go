// Package segment mends and compacts kfake's data directory while no broker runs on it.
//
// A partition is a folder partitions/TOPIC-N with segments BASE.dat, Kafka record batches one after another as on the wire, and
// beside each BASE.idx, 15 bytes per batch: version 1, a checksum byte, leader epoch, highest timestamp before, flags (1: part of a transaction).
// pids.log and groups.log are framed entries. kfake, version 20260918, writes all of them.
package segment

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	indexBytes      = 15
	indexVersion    = 1
	batchHead       = 12 // first offset and length
	crcFrom         = 21 // the checksum covers what follows
	controlFlag     = 0x20
	transactionFlag = 0x10
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// batch is one record batch of a segment. raw is its wire form.
type batch struct {
	kmsg.RecordBatch
	raw []byte
}

func (b *batch) control() bool       { return b.Attributes&controlFlag != 0 }
func (b *batch) transactional() bool { return b.Attributes&transactionFlag != 0 }
func (b *batch) next() int64         { return b.FirstOffset + int64(b.LastOffsetDelta) + 1 }

// file is one segment: the batches in front of the first byte that is none.
type file struct {
	path    string // without .dat and .idx
	batches []batch
	valid   int64 // bytes that hold batches
	size    int64
	index   []byte
}

// readPartition reads the segments of a partition in offset order.
func readPartition(dir string) ([]file, error) {
	paths, err := filepath.Glob(filepath.Join(escape(dir), "*.dat"))
	if err != nil {
		return nil, err
	}
	bases := map[string]int64{}
	for _, path := range paths {
		base, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(path), ".dat"), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s is no segment: its name is no offset", path)
		}
		bases[path] = base
	}
	slices.SortFunc(paths, func(a, b string) int { return int(bases[a] - bases[b]) })
	var files []file
	for _, path := range paths {
		f, err := readSegment(strings.TrimSuffix(path, ".dat"))
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// escape quotes what filepath.Glob would take for a pattern; topic names hold none of it, folders above may.
func escape(dir string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(dir)
}

func readSegment(path string) (file, error) {
	raw, err := os.ReadFile(path + ".dat")
	if err != nil {
		return file{}, err
	}
	f := file{path: path, size: int64(len(raw))}
	for {
		b, ok := decode(raw[f.valid:])
		if !ok {
			break
		}
		f.batches = append(f.batches, b)
		f.valid += int64(len(b.raw))
	}
	f.index, err = os.ReadFile(path + ".idx")
	if err != nil && !os.IsNotExist(err) {
		return file{}, err
	}
	return f, nil
}

// decode reads the batch at the start of raw; it reports false for a cut-off or damaged one.
func decode(raw []byte) (batch, bool) {
	if len(raw) < batchHead {
		return batch{}, false
	}
	length := int64(binary.BigEndian.Uint32(raw[8:])) + batchHead
	if length <= crcFrom || length > int64(len(raw)) {
		return batch{}, false
	}
	raw = raw[:length]
	if crc32.Checksum(raw[crcFrom:], castagnoli) != binary.BigEndian.Uint32(raw[crcFrom-4:]) {
		return batch{}, false
	}
	b := batch{raw: raw}
	return b, b.ReadFrom(raw) == nil
}

func encodeIndex(b *batch) []byte {
	entry := make([]byte, indexBytes)
	entry[0] = indexVersion
	binary.LittleEndian.PutUint32(entry[2:], uint32(max(b.PartitionLeaderEpoch, 0)))
	// The highest earlier timestamp is left 0: kfake computes it anew when it loads.
	if b.transactional() && !b.control() {
		entry[14] = 1
	}
	entry[1] = byte(crc32.Checksum(entry[2:], castagnoli))
	return entry
}
