package standalone

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// keyBytes is the length of every generated key.
const keyBytes = 32

// keys are the secrets of one installation. They are drawn once and stay in the data directory: with
// other keys, click ids that were handed out would no longer be ours, and visitors would be others.
type keys struct {
	clickID      []byte // signs public click ids
	hash         []byte // hashes user and device ids
	installation string // owner of the catalog: the cluster's UID where there is one
}

func loadKeys(data string) (keys, error) {
	dir := filepath.Join(data, "keys")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return keys{}, fmt.Errorf("keys: %w", err)
	}
	var k keys
	var err error
	if k.clickID, err = loadKey(filepath.Join(dir, "click-id")); err != nil {
		return k, err
	}
	if k.hash, err = loadKey(filepath.Join(dir, "hash")); err != nil {
		return k, err
	}
	installation, err := loadKey(filepath.Join(dir, "installation"))
	k.installation = hex.EncodeToString(installation)
	return k, err
}

// loadKey reads a key in hex, and draws it when there is none.
func loadKey(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return drawKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) < keyBytes {
		return nil, fmt.Errorf("key %s: must be at least %d bytes in hex; put the right file back (removing it makes every click id handed out so far invalid)", path, keyBytes)
	}
	return key, nil
}

func drawKey(path string) ([]byte, error) {
	key := make([]byte, keyBytes)
	rand.Read(key)
	if err := replaceFile(path, []byte(hex.EncodeToString(key)+"\n")); err != nil {
		return nil, fmt.Errorf("key: %w", err)
	}
	return key, nil
}

// replaceFile writes a file that only this user may read, whole or not at all, also across a crash.
func replaceFile(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // there only when something below failed
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
