package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/clicktally/clicktally/cmd/internal/process"
	"github.com/clicktally/clicktally/cmd/internal/stores"
)

func TestATokenFileMustHoldAToken(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := map[string]struct {
		path, want string
		fails      bool
	}{
		"no file, no token":          {"", "", false},
		"a token and a line end":     {write("token", "s3cret\n"), "s3cret", false},
		"a file without a token":     {write("empty", " \n"), "", true},
		"a file that is not there":   {filepath.Join(dir, "none"), "", true},
		"a folder instead of a file": {dir, "", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := readToken(test.path)
			if got != test.want || (err != nil) != test.fails {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestAskingTheClusterNeedsAPipelineAndACluster(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "") // no pod
	for sentence, test := range map[string]struct {
		o     options
		fails bool
	}{
		"nobody is asked":              {options{}, false},
		"no pipeline":                  {options{byCluster: true}, true},
		"a pipeline of no namespace":   {options{byCluster: true, pipeline: "main"}, true},
		"beside a token":               {options{byCluster: true, pipeline: "a/main", tokenFile: "token"}, true},
		"a process outside of cluster": {options{byCluster: true, pipeline: "a/main"}, true},
	} {
		if got, err := authorizer(&test.o); (err != nil) != test.fails || got != nil {
			t.Errorf("%s: %v, %v", sentence, got, err)
		}
	}
}

// Nothing but the process itself is there: it must serve its page, say what is away, and stop cleanly.
func TestRunStartsAndStopsWhileEveryStoreIsAway(t *testing.T) {
	const anyPort = "127.0.0.1:0"
	ctx, stop := context.WithCancel(t.Context())
	ports := make(chan [2]string, 1)
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, options{
			listen: anyPort, admin: anyPort, kafka: process.Kafka{Servers: []string{"127.0.0.1:1"}, Prefix: "ct"},
			stores: stores.Flags{Redis: []string{"127.0.0.1:1"}, ClickHouse: []string{"127.0.0.1:1"}, Database: "clicktally"},
			opened: func(api, admin string) { ports <- [2]string{api, admin} },
		})
	}()
	var port [2]string
	select {
	case port = <-ports:
	case err := <-done:
		t.Fatal(err)
	}
	for url, want := range map[string]int{
		port[0] + "/": 200, port[0] + "/v1/stats/realtime": 503, port[0] + "/v1/stats": 503, port[1] + "/healthz": 200, port[1] + "/readyz": 503,
	} {
		response, err := http.Get("http://" + url)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: %d, want %d", url, response.StatusCode, want)
		}
	}
	stop()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("run did not stop")
	}
}
