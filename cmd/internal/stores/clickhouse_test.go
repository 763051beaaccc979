package stores_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/clicktally/clicktally/cmd/internal/process"
	"github.com/clicktally/clicktally/cmd/internal/stores"
	"github.com/clicktally/clicktally/test/servers"
)

// TestClickHouseOverHTTPWithTLSAndAPassword reaches the real engine through a proxy that ends TLS and knows one user, as
// a ClickHouse behind an ingress is reached: the embedded engine has neither of its own.
func TestClickHouseOverHTTPWithTLSAndAPassword(t *testing.T) {
	authority := servers.NewAuthority(t)
	pair, err := tls.LoadX509KeyPair(authority.Issue("clickhouse", "127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	engine := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: servers.ClickHouse(t)})
	asked := make(chan url.Values, 100)
	proxy := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, key := r.Header.Get("X-ClickHouse-User"), r.Header.Get("X-ClickHouse-Key")
		if user != "aggregator" || key != "the password" {
			http.Error(w, "Code: 516. DB::Exception: Authentication failed. (AUTHENTICATION_FAILED)", http.StatusForbidden)
			return
		}
		asked <- r.URL.Query()
		query := r.URL.Query()
		query.Del("insert_quorum") // the embedded engine has no replicas to wait for
		r.URL.RawQuery = query.Encode()
		r.Header.Del("X-ClickHouse-User")
		r.Header.Del("X-ClickHouse-Key")
		engine.ServeHTTP(w, r)
	}))
	proxy.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	proxy.StartTLS()
	t.Cleanup(proxy.Close)

	flags := stores.Flags{ClickHouse: []string{proxy.Listener.Addr().String()}, HTTP: true, ClickHouseCluster: "main", ClickHouseTLS: process.TLS{CAFile: authority.CAFile}}
	answer := func(flags stores.Flags) error {
		conn, err := flags.OpenClickHouse(1)
		if err != nil {
			return err
		}
		defer conn.Close()
		return conn.Exec(t.Context(), "SELECT 1")
	}
	t.Setenv("CLICKHOUSE_USERNAME", "aggregator")
	if err := answer(flags); err == nil || !strings.Contains(err.Error(), "AUTHENTICATION_FAILED") {
		t.Errorf("without the password: %v", err)
	}
	t.Setenv("CLICKHOUSE_PASSWORD", "the password")
	if err := answer(flags); err != nil {
		t.Fatalf("with all that is wanted: %v", err)
	}
	quorum := ""
	for len(asked) > 0 {
		quorum = (<-asked).Get("insert_quorum")
	}
	if quorum != "auto" {
		t.Errorf("insert_quorum is %q in a cluster, want auto", quorum)
	}
	flags.ClickHouseTLS = process.TLS{On: true}
	if err := answer(flags); err == nil || !strings.Contains(err.Error(), "unknown authority") {
		t.Errorf("with the system's authorities: %v", err)
	}
}
