package segment

import (
	"encoding/binary"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// compressionMask selects the codec of a batch's attributes.
const compressionMask = 0x07

// superseding says per batch whether it must stay. With a transaction still open everything stays.
func superseding(batches []batch) ([]bool, error) {
	keep := make([]bool, len(batches))
	outcome, open := outcomes(batches)
	if len(batches) == 0 || open {
		for i := range keep {
			keep[i] = true
		}
		return keep, nil
	}
	latest := map[string]int{} // key -> batch that holds its last committed record
	for i := range batches {
		if batches[i].control() || outcome[i] == aborted {
			continue
		}
		err := eachKey(&batches[i], func(key []byte) {
			if key == nil {
				keep[i] = true // without a key nothing supersedes it
				return
			}
			latest[string(key)] = i
		})
		if err != nil {
			return nil, fmt.Errorf("batch at offset %d: %w", batches[i].FirstOffset, err)
		}
	}
	for _, i := range latest {
		keep[i] = true
	}
	keepMarkers(batches, keep)
	keep[0], keep[len(keep)-1] = true, true
	// The first batch may be one of an aborted transaction: its marker must stay with it.
	keepMarkers(batches, keep)
	return keep, nil
}

const (
	committed = iota
	aborted
)

// outcomes says per batch whether its transaction was aborted, and whether one is still open.
func outcomes(batches []batch) (outcome []int, open bool) {
	outcome = make([]int, len(batches))
	pending := map[int64][]int{}
	for i := range batches {
		b := &batches[i]
		switch {
		case b.control():
			if !commits(b) {
				for _, j := range pending[b.ProducerID] {
					outcome[j] = aborted
				}
			}
			delete(pending, b.ProducerID)
		case b.transactional():
			pending[b.ProducerID] = append(pending[b.ProducerID], i)
		}
	}
	return outcome, len(pending) > 0
}

// keepMarkers keeps the marker of every transaction of which a batch stays.
func keepMarkers(batches []batch, keep []bool) {
	kept := map[int64]bool{}
	for i := range batches {
		switch b := &batches[i]; {
		case b.control():
			keep[i] = keep[i] || kept[b.ProducerID]
			delete(kept, b.ProducerID)
		case b.transactional():
			kept[b.ProducerID] = kept[b.ProducerID] || keep[i]
		}
	}
}

// commits reads a control batch: its record's key is a version and a type, 0 for abort and 1 for commit.
func commits(b *batch) bool {
	var record kmsg.Record
	if err := record.ReadFrom(b.Records); err != nil || len(record.Key) < 4 {
		return false
	}
	return binary.BigEndian.Uint16(record.Key[2:]) == 1
}

func eachKey(b *batch, visit func(key []byte)) error {
	rest := b.Records
	if codec := kgo.CompressionCodecType(b.Attributes & compressionMask); codec != kgo.CodecNone {
		var err error
		if rest, err = kgo.DefaultDecompressor().Decompress(rest, codec); err != nil {
			return fmt.Errorf("decompress: %w", err)
		}
	}
	for range b.NumRecords {
		var record kmsg.Record
		length, n := binary.Varint(rest)
		if n <= 0 || length < 0 || int64(len(rest)-n) < length {
			return fmt.Errorf("cut-off record")
		}
		end := n + int(length)
		if err := record.ReadFrom(rest[:end]); err != nil {
			return err
		}
		visit(record.Key)
		rest = rest[end:]
	}
	return nil
}
