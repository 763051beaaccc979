package clickhouse_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/clicktally/clicktally/runtime/embedded/clickhouse"
	"github.com/clicktally/clicktally/runtime/embedded/clickhouse/child"
)

// parentEnv holds the data directory when the test binary runs itself as a parent to be killed.
const parentEnv = "CLICKTALLY_TEST_CHDB_PARENT"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "chdb" {
		os.Exit(child.Main(os.Args[2:]))
	}
	if dir := os.Getenv(parentEnv); dir != "" {
		runParent(dir)
	}
	code := m.Run()
	if stopShared != nil {
		stopShared()
	}
	os.Exit(code)
}

// runParent starts an engine, prints its child's process id and address, and waits to be killed.
func runParent(dir string) {
	server, err := clickhouse.Start(context.Background(), clickhouse.Config{Dir: dir})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(server.PID(), server.Addr())
	select {}
}

var stopShared func()

// shared is the engine of the tests that leave it as it was.
var shared = sync.OnceValues(func() (*clickhouse.Server, error) {
	dir, err := os.MkdirTemp("", "clicktally-chdb-test-")
	if err != nil {
		return nil, err
	}
	server, err := clickhouse.Start(context.Background(), clickhouse.Config{Dir: dir})
	stopShared = func() {
		if server != nil {
			server.Close()
		}
		os.RemoveAll(dir)
	}
	return server, err
})

func needLibrary(t testing.TB) {
	t.Helper()
	_, err := clickhouse.Locate()
	if err == nil {
		return
	}
	if errors.Is(err, clickhouse.ErrNoLibrary) && os.Getenv("CI") == "" && os.Getenv("CLICKTALLY_REQUIRE_SERVERS") == "" {
		t.Skip(err)
	}
	t.Fatal(err)
}

func sharedAddr(t testing.TB) string {
	t.Helper()
	needLibrary(t)
	server, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return server.Addr()
}

// connect opens clickhouse-go on a database of the test's own.
func connect(t testing.TB, change ...func(*driver.Options)) driver.Conn {
	t.Helper()
	return connectTo(t, sharedAddr(t), change...)
}

func connectTo(t testing.TB, addr string, change ...func(*driver.Options)) driver.Conn {
	t.Helper()
	options := &driver.Options{Protocol: driver.HTTP, Addr: []string{addr}, ReadTimeout: time.Minute}
	for _, f := range change {
		f(options)
	}
	conn, err := driver.Open(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func exec(t testing.TB, conn driver.Conn, sql string, args ...any) {
	t.Helper()
	if err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%.200s: %v", sql, err)
	}
}

// one reads a single value.
func one[T any](t testing.TB, conn driver.Conn, sql string, args ...any) T {
	t.Helper()
	var value T
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&value); err != nil {
		t.Fatalf("%.200s: %v", sql, err)
	}
	return value
}
