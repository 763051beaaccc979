package machine

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// tunables are kernel settings that a kubelet insists on and that hold for the whole host, with the kubelet's values.
var tunables = map[string]string{
	"vm/overcommit_memory":      "1",
	"vm/panic_on_oom":           "0",
	"kernel/panic":              "10",
	"kernel/panic_on_oops":      "1",
	"kernel/keys/root_maxkeys":  "1000000",
	"kernel/keys/root_maxbytes": "25000000",
}

// shieldTunables mounts files with the wanted values over the settings: the kubelet is content, the host unchanged.
func shieldTunables(dir string) error {
	shield := filepath.Join(dir, "tunables")
	if err := os.MkdirAll(shield, 0o755); err != nil {
		return err
	}
	for name, value := range tunables {
		file := filepath.Join(shield, strings.ReplaceAll(name, "/", "."))
		if err := os.WriteFile(file, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		setting := filepath.Join("/proc/sys", name)
		if _, err := os.Stat(setting); err != nil {
			continue // a kernel without it
		}
		if err := syscall.Mount(file, setting, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("cover %s: %w", setting, err)
		}
	}
	return nil
}
