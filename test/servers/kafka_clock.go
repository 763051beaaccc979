package servers

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

//go:embed clock/clock.c
var clockSource []byte

// BrokerClocks gives every node a wall clock that SetClock sets. It needs a C compiler (cc), as the race
// detector does.
func BrokerClocks() BrokerOption { return func(c *brokerConfig) { c.clocks = true } }

// SetClock puts the wall clock of node i off by whole seconds of d, at once and also after a restart.
func (c *Cluster) SetClock(i int, d time.Duration) error {
	file, err := os.OpenFile(c.nodes[i].clock(), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(clockOffset(d), 0) // in place: the node has the file mapped
	return errors.Join(err, file.Close())
}

func clockOffset(d time.Duration) []byte {
	return binary.NativeEndian.AppendUint64(nil, uint64(d/time.Second))
}

// clockLibrary compiles what a node loads to have such a clock.
func clockLibrary(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	source, library := filepath.Join(dir, "clock.c"), filepath.Join(dir, "clock.so")
	if err := os.WriteFile(source, clockSource, 0o600); err != nil {
		return "", err
	}
	if output, err := exec.Command("cc", "-shared", "-fPIC", "-O2", "-o", library, source).CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile the brokers' clock, which needs a C compiler: %w: %s", err, output)
	}
	return library, nil
}
