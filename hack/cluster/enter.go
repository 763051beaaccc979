package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/clicktally/clicktally/hack/cluster/kube"
)

// enterScript runs a command in the namespaces of a running cluster, and in the folder it was called from.
const enterScript = `#!/bin/sh
# Runs a command, or a shell, in the cluster's namespaces.
[ $# -gt 0 ] || set -- "${SHELL:-/bin/sh}"
export KUBECONFIG='%s' %s='%s' PATH='%s':"$PATH"
exec nsenter --target %d --net --mount --pid -- /bin/sh -c 'cd "$0" && exec "$@"' "$PWD" "$@"
`

// enterPath is the path of the script.
func enterPath(dir string) string { return filepath.Join(dir, "enter") }

// writeEnterScript writes the script. It is part of the cluster's folder, so it is gone when the cluster is.
func writeEnterScript(dir, path string, pid int) error {
	script := fmt.Sprintf(enterScript, kube.Kubeconfig(dir), dirVariable, dir, path, pid)
	return os.WriteFile(enterPath(dir), []byte(script), 0o755)
}
