// Package servers gives tests the stores they run against: a real redis-server, libchdb behind ClickHouse's HTTP interface,
// a real Apache Kafka (Broker), and kfake (Kafka).
//
// Every helper takes the test, ends what it started with the test (or with the test binary, for what is shared), and
// returns addresses only: tests reach the stores through their real clients. A child dies with the test binary, also when that is killed.
//
// A store that is not installed skips the test, and fails it when CI or CLICKTALLY_REQUIRE_SERVERS is set.
package servers

import (
	"os"
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
