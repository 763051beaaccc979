// Package servers gives tests the servers they run against: a real redis-server, libchdb behind ClickHouse's HTTP interface,
// a real Apache Kafka (Broker), kfake (Kafka), and a real kube-apiserver (KubeAPI).
//
// Every helper takes the test, ends what it started with the test (or with the test binary, for what is shared), and
// returns addresses only: tests reach the servers through their real clients. A child dies with the test binary, also when that is killed.
//
// A server that is not installed skips the test, and fails it when CI or CLICKTALLY_REQUIRE_SERVERS is set.
package servers

import (
	"os"
	"path/filepath"
	"testing"
)

// requireEnv lists the variables that turn a missing server from a skipped test into a failed one.
var requireEnv = []string{"CI", "CLICKTALLY_REQUIRE_SERVERS"}

// missing ends the test because a server is not installed.
func missing(t testing.TB, message string) {
	t.Helper()
	for _, name := range requireEnv {
		if os.Getenv(name) != "" {
			t.Fatalf("%s (required because %s is set)", message, name)
		}
	}
	t.Skip(message)
}

// fetched is a path below the folder that the scripts of hack/ fill. That is not os.UserCacheDir, which is another
// one on macOS.
func fetched(path ...string) (string, error) {
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(home, ".cache")
	}
	return filepath.Join(append([]string{cache, "clicktally"}, path...)...), nil
}
