package segment

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"log/slog"
	"os"
	"path/filepath"
)

const (
	// A framed entry is its length (little endian, of what follows the checksum), a CRC-32C, a version and JSON.
	entryHead    = 8
	entryVersion = 1
)

// producerEntry is an entry of pids.log that raises a producer's epoch.
type producerEntry struct {
	Type     string `json:"type"`
	Producer int64  `json:"pid"`
	Epoch    int16  `json:"epoch"`
}

// cutLog removes what is behind the last whole entry.
func cutLog(path string, log *slog.Logger) error {
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	valid := validEntries(raw)
	if valid == len(raw) {
		return nil
	}
	log.Warn("embedded Kafka removed an unacknowledged tail", "file", filepath.Base(path), "bytes", len(raw)-valid)
	return os.Truncate(path, int64(valid))
}

func validEntries(raw []byte) int {
	at := 0
	for at+entryHead <= len(raw) {
		length := int(binary.LittleEndian.Uint32(raw[at:]))
		end := at + entryHead + length
		if length < 2 || end > len(raw) || crc32.Checksum(raw[at+entryHead:end], castagnoli) != binary.LittleEndian.Uint32(raw[at+4:]) {
			break
		}
		at = end
	}
	return at
}

// fence raises the epoch of each producer above that of its aborted transaction.
func fence(path string, producers map[int64]int16) error {
	var entries []byte
	for producer, epoch := range producers {
		entry, err := json.Marshal(producerEntry{"timeout", producer, epoch + 1})
		if err != nil {
			return err
		}
		entries = append(entries, frame(entry)...)
	}
	if len(entries) == 0 {
		return nil
	}
	return appendTo(path, entries)
}

func frame(data []byte) []byte {
	entry := make([]byte, entryHead+2, entryHead+2+len(data))
	binary.LittleEndian.PutUint32(entry, uint32(2+len(data)))
	binary.LittleEndian.PutUint16(entry[entryHead:], entryVersion)
	entry = append(entry, data...)
	binary.LittleEndian.PutUint32(entry[4:], crc32.Checksum(entry[entryHead:], castagnoli))
	return entry
}
