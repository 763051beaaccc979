package stores_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clicktally/clicktally/cmd/internal/process"
	"github.com/clicktally/clicktally/cmd/internal/stores"
	"github.com/clicktally/clicktally/test/servers"
)

func TestRedisFlagsThatDoNotGoTogether(t *testing.T) {
	for name, c := range map[string]struct {
		flags stores.Flags
		want  string
	}{
		"no server":                     {stores.Flags{}, "--redis is needed"},
		"two servers that are no group": {stores.Flags{Redis: []string{"a:1", "b:1"}}, "--redis-mode Cluster"},
		"sentinels without a name":      {stores.Flags{Redis: []string{"a:1"}, RedisMode: stores.Sentinel}, "needs --redis-master"},
		"a name without sentinels":      {stores.Flags{Redis: []string{"a:1"}, RedisMaster: "live"}, "for --redis-mode Sentinel only"},
		"another mode":                  {stores.Flags{Redis: []string{"a:1"}, RedisMode: "cluster"}, `"cluster": write Standalone, Sentinel or Cluster`},
		"no such file":                  {stores.Flags{Redis: []string{"a:1"}, RedisTLS: process.TLS{CAFile: "gone.crt"}}, "--redis-ca-file"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := c.flags.OpenRedis(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
		})
	}
}

// TestRedisOverTLSWithAPassword talks to a real server that wants both, and a client certificate.
func TestRedisOverTLSWithAPassword(t *testing.T) {
	authority := servers.NewAuthority(t)
	address := servers.RedisTLS(t, authority, "the password")
	certFile, keyFile := authority.Issue("query")
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("the password\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	secured := process.TLS{CAFile: authority.CAFile, CertFile: certFile, KeyFile: keyFile}
	ping := func(flags stores.Flags) error {
		client, err := flags.OpenRedis()
		if err != nil {
			return err
		}
		defer client.Close()
		return client.Ping(t.Context()).Err()
	}
	if err := ping(stores.Flags{Redis: []string{address}, RedisTLS: secured}); err == nil || !strings.Contains(err.Error(), "NOAUTH") {
		t.Errorf("without a password: %v", err)
	}
	t.Setenv("REDIS_PASSWORD_FILE", password)
	if err := ping(stores.Flags{Redis: []string{address}, RedisTLS: secured}); err != nil {
		t.Errorf("with all that is wanted: %v", err)
	}
	if err := ping(stores.Flags{Redis: []string{address}, RedisTLS: process.TLS{On: true}}); err == nil || !strings.Contains(err.Error(), "unknown authority") {
		t.Errorf("with the system's authorities: %v", err)
	}
	elsewhere := secured
	elsewhere.ServerName = "elsewhere.example"
	if err := ping(stores.Flags{Redis: []string{address}, RedisTLS: elsewhere}); err == nil || !strings.Contains(err.Error(), "elsewhere.example") {
		t.Errorf("under another name: %v", err)
	}
}
