package segment

import (
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Repair makes the directory of a process that was killed consistent. kfake mends less on its own:
//   - A batch cut off at the end of the last segment, which was not acknowledged, is removed.
//   - An index shorter than its segment is completed; kfake would give every later entry to the wrong batch.
//   - A transaction left open gets an abort marker. kfake aborts it in memory only: after a second kill the next commit of the same producer would have committed it.
//     Its producer's epoch is raised in pids.log, so that a producer from before the kill is fenced.
//   - A cut-off entry at the end of pids.log and groups.log is removed; kfake would append behind it and never read that again.
//
// Damage anywhere else is an error that names the file: nothing acknowledged is dropped silently.
func Repair(dir string, log *slog.Logger) error {
	partitions, err := partitionDirs(dir)
	if err != nil {
		return err
	}
	fenced := map[int64]int16{}
	for _, partition := range partitions {
		if err := repairPartition(partition, fenced, log); err != nil {
			return err
		}
	}
	if err := cutLog(filepath.Join(dir, "groups.log"), log); err != nil {
		return err
	}
	pids := filepath.Join(dir, "pids.log")
	if err := cutLog(pids, log); err != nil {
		return err
	}
	return fence(pids, fenced)
}

func partitionDirs(dir string) ([]string, error) {
	root := filepath.Join(dir, "partitions")
	entries, err := os.ReadDir(root)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var dirs []string
	for _, entry := range entries {
		if entry.IsDir() {
			dirs = append(dirs, filepath.Join(root, entry.Name()))
		}
	}
	return dirs, err
}

func repairPartition(dir string, fenced map[int64]int16, log *slog.Logger) error {
	files, err := readPartition(dir)
	if err != nil {
		return err
	}
	for i := range files {
		last := i == len(files)-1
		if err := mend(&files[i], last, log); err != nil {
			return err
		}
	}
	open := openTransactions(files)
	for producer, epoch := range open {
		if err := appendAbort(&files[len(files)-1], producer, epoch, lastBatch(files)); err != nil {
			return err
		}
		files, err = readPartition(dir)
		if err != nil {
			return err
		}
		fenced[producer] = max(fenced[producer], epoch)
		log.Info("embedded Kafka aborted a transaction that a killed process left open", "partition", filepath.Base(dir), "producer", producer)
	}
	return nil
}

// mend removes a cut-off tail and completes the index.
func mend(f *file, last bool, log *slog.Logger) error {
	if f.valid < f.size {
		if !last {
			return fmt.Errorf("%s.dat is damaged at byte %d of %d: restore the data directory from a copy, or remove it to start afresh", f.path, f.valid, f.size)
		}
		log.Warn("embedded Kafka removed an unacknowledged tail", "segment", filepath.Base(filepath.Dir(f.path)), "bytes", f.size-f.valid)
		if err := os.Truncate(f.path+".dat", f.valid); err != nil {
			return err
		}
	}
	return mendIndex(f)
}

func mendIndex(f *file) error {
	wanted := len(f.batches) * indexBytes
	if len(f.index) == wanted {
		return nil
	}
	kept := min(len(f.index)/indexBytes, len(f.batches))
	index := f.index[: kept*indexBytes : kept*indexBytes]
	for i := kept; i < len(f.batches); i++ {
		index = append(index, encodeIndex(&f.batches[i])...)
	}
	f.index = index
	return os.WriteFile(f.path+".idx", index, 0o644)
}

// openTransactions returns the producers whose last batch of a transaction has no marker behind it, with their epoch.
func openTransactions(files []file) map[int64]int16 {
	open := map[int64]int16{}
	for _, f := range files {
		for i := range f.batches {
			switch b := &f.batches[i]; {
			case b.control():
				delete(open, b.ProducerID)
			case b.transactional():
				open[b.ProducerID] = b.ProducerEpoch
			}
		}
	}
	return open
}

func lastBatch(files []file) *batch {
	for _, file := range slices.Backward(files) {
		if n := len(file.batches); n > 0 {
			return &file.batches[n-1]
		}
	}
	return nil
}

// appendAbort writes the control batch a broker would have written for an aborted transaction.
func appendAbort(f *file, producer int64, epoch int16, last *batch) error {
	marker := abortMarker(producer, epoch, last)
	if err := appendTo(f.path+".dat", marker.raw); err != nil {
		return err
	}
	return appendTo(f.path+".idx", encodeIndex(&marker))
}

func abortMarker(producer int64, epoch int16, last *batch) batch {
	key := kmsg.ControlRecordKey{Type: kmsg.ControlRecordKeyTypeAbort}
	value := kmsg.EndTxnMarker{}
	record := kmsg.Record{Key: key.AppendTo(nil), Value: value.AppendTo(nil)}
	record.Length = int32(len(record.AppendTo(nil)) - 1) // the length's own varint takes one byte
	now := time.Now().UnixMilli()
	b := kmsg.RecordBatch{
		FirstOffset: last.next(), PartitionLeaderEpoch: last.PartitionLeaderEpoch, Magic: 2, Attributes: controlFlag | transactionFlag,
		FirstTimestamp: now, MaxTimestamp: now, ProducerID: producer, ProducerEpoch: epoch, FirstSequence: -1,
		NumRecords: 1, Records: record.AppendTo(nil),
	}
	b.Length = int32(len(b.AppendTo(nil)) - batchHead)
	b.CRC = int32(crc32.Checksum(b.AppendTo(nil)[crcFrom:], castagnoli))
	return batch{RecordBatch: b, raw: b.AppendTo(nil)}
}

func appendTo(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}
