package machine

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// resolverFile is what the cluster's processes, and pods that use the node's name server, read as resolv.conf.
const resolverFile = "resolv.conf"

// ResolverPath is the node's resolv.conf for a cluster in dir.
func ResolverPath(dir string) string { return filepath.Join(dir, resolverFile) }

// prepareResolver makes the cluster's DNS the name server of every process in the namespaces: the names of Services are
// known to the command that uses the cluster too. No other names are.
func prepareResolver(dir string) error {
	content := fmt.Sprintf("nameserver %s\nsearch svc.%s %s\n", Address, Domain, Domain)
	if err := os.WriteFile(ResolverPath(dir), []byte(content), 0o644); err != nil {
		return err
	}
	const system = "/etc/resolv.conf"
	target, err := os.Readlink(system)
	if err != nil { // not a link
		return syscall.Mount(ResolverPath(dir), system, "", syscall.MS_BIND, "")
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(system), target)
	}
	// A link into /run, as systemd-resolved makes it, points into the memory that covers /run.
	if !strings.HasPrefix(target, "/run/") {
		return syscall.Mount(ResolverPath(dir), target, "", syscall.MS_BIND, "")
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	return os.WriteFile(target, []byte(content), 0o644)
}
