package tracker

import (
	"bytes"
	"fmt"
	"os"
)

// maxKeyFile bounds a file of keys, in bytes.
const maxKeyFile = 64 << 10

// ReadKeys reads a mounted file of keys, one a line; spaces around a key and empty lines do not count.
// The error names the file and never a key.
func ReadKeys(file string) ([][]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	if len(text) > maxKeyFile {
		return nil, fmt.Errorf("read keys: %s has %d bytes, at most %d are taken", file, len(text), maxKeyFile)
	}
	var keys [][]byte
	for line := range bytes.Lines(text) {
		if key := bytes.TrimSpace(line); len(key) > 0 {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("read keys: %s holds none", file)
	}
	return keys, nil
}
