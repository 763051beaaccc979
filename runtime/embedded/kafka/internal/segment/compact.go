package segment

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

const (
	// scratchDir holds copies while a partition is compacted; oldSuffix marks a partition that was moved away.
	scratchDir = "compacting"
	oldSuffix  = ".old"
	// minSaved is how many bytes must go before a partition is written again.
	minSaved = 64 << 10
)

// topicsFile is kfake's list of topics.
type topicsFile struct {
	Topics []struct {
		Name       string            `json:"name"`
		Partitions int               `json:"partitions"`
		Configs    map[string]string `json:"configs"`
	} `json:"topics"`
}

// Compact drops superseded batches of topics with cleanup.policy=compact. It works on whole batches: one goes when each of its
// records has a later committed record of the same key, or when its transaction was aborted. Offsets stay as they are. The first and the last
// batch always stay, so that neither end of the log moves; tombstones stay for good. A partition is written into a copy that takes its
// place by rename: a kill leaves the old or the new one.
func Compact(dir string, log *slog.Logger) error {
	if err := finishSwaps(dir); err != nil {
		return err
	}
	raw, err := os.ReadFile(filepath.Join(dir, "topics.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var topics topicsFile
	if err := json.Unmarshal(raw, &topics); err != nil {
		return fmt.Errorf("read %s: %w", filepath.Join(dir, "topics.json"), err)
	}
	for _, topic := range topics.Topics {
		if !strings.Contains(topic.Configs["cleanup.policy"], "compact") {
			continue
		}
		for p := range topic.Partitions {
			if err := compactPartition(dir, fmt.Sprintf("%s-%d", url.PathEscape(topic.Name), p), log); err != nil {
				return fmt.Errorf("compact %s-%d: %w", topic.Name, p, err)
			}
		}
	}
	return nil
}

func compactPartition(dir, name string, log *slog.Logger) error {
	files, err := readPartition(filepath.Join(dir, "partitions", name))
	if err != nil || len(files) == 0 {
		return err
	}
	var batches []batch
	var index []byte
	for _, f := range files {
		if f.valid != f.size || len(f.index) != len(f.batches)*indexBytes {
			return nil // kfake decides about what is not in order
		}
		batches, index = append(batches, f.batches...), append(index, f.index...)
	}
	keep, err := superseding(batches)
	if err != nil {
		return err
	}
	var data, kept []byte
	saved := 0
	for i := range batches {
		if !keep[i] {
			saved += len(batches[i].raw)
			continue
		}
		data = append(data, batches[i].raw...)
		kept = append(kept, index[i*indexBytes:(i+1)*indexBytes]...)
	}
	if saved < minSaved {
		return nil
	}
	log.Info("embedded Kafka compacts a partition", "partition", name, "savedBytes", saved, "keptBytes", len(data))
	return replace(dir, name, filepath.Base(files[0].path), data, kept)
}

// replace writes the new segment beside the partitions and swaps the folders.
func replace(dir, name, base string, data, index []byte) error {
	copied := filepath.Join(dir, scratchDir, name)
	if err := os.MkdirAll(copied, 0o755); err != nil {
		return err
	}
	if err := appendTo(filepath.Join(copied, base+".dat"), data); err != nil {
		return err
	}
	if err := appendTo(filepath.Join(copied, base+".idx"), index); err != nil {
		return err
	}
	partition := filepath.Join(dir, "partitions", name)
	if err := os.Rename(partition, copied+oldSuffix); err != nil {
		return err
	}
	if err := os.Rename(copied, partition); err != nil {
		return err
	}
	return finishSwaps(dir)
}

// finishSwaps puts a partition back that a kill caught between the two renames, and removes the copies.
func finishSwaps(dir string) error {
	scratch := filepath.Join(dir, scratchDir)
	entries, err := os.ReadDir(scratch)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name, moved := strings.CutSuffix(entry.Name(), oldSuffix)
		if !moved {
			continue
		}
		partition := filepath.Join(dir, "partitions", name)
		if _, err := os.Stat(partition); errors.Is(err, os.ErrNotExist) {
			if err := os.Rename(filepath.Join(scratch, entry.Name()), partition); err != nil {
				return err
			}
		}
	}
	return os.RemoveAll(scratch)
}
