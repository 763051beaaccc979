package servers

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/clicktally/clicktally/runtime/embedded/clickhouse"
)

const (
	childPackage = "github.com/clicktally/clicktally/test/servers/chdb"
	startTimeout = 2 * time.Minute
	// sweepPrefix names the data folders of test binaries; one whose process is gone is removed by the next.
	sweepPrefix = "clicktally-chdb-"
)

// shared is the engine of this test binary: it takes 400 MB and a second to start, so there is one, and each test gets a database of its own.
var shared = sync.OnceValues(startShared)

// ClickHouse returns the address (host:port) of the ClickHouse HTTP interface shared by the tests of this binary.
// Use it with clickhouse-go's Protocol: clickhouse.HTTP, without user and password, and a database from Database.
func ClickHouse(t testing.TB) string {
	t.Helper()
	server, err := shared()
	if errors.Is(err, clickhouse.ErrNoLibrary) {
		missing(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	return server.Addr()
}

// Database creates an empty database on the shared ClickHouse, drops it at the end of the test, and returns its name.
func Database(t testing.TB) string {
	t.Helper()
	address := ClickHouse(t)
	name := "test_" + strings.ToLower(rand.Text()[:16])
	if err := statement(address, "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := statement(address, "DROP DATABASE "+name+" SYNC"); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return name
}

func statement(address, sql string) error {
	answer, err := http.Post("http://"+address+"/?"+url.Values{"database": {"default"}}.Encode(), "text/plain", strings.NewReader(sql))
	if err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.New(string(text))
	}
	if err != nil {
		return fmt.Errorf("%s: %s: %w", sql, answer.Status, err)
	}
	return nil
}

// startShared is never followed by Close: the child ends with the test binary, and the next one removes its folder.
func startShared() (*clickhouse.Server, error) {
	if _, err := clickhouse.Locate(); err != nil {
		return nil, err
	}
	sweep(sweepPrefix)
	dir, err := os.MkdirTemp("", fmt.Sprintf("%s%d-", sweepPrefix, os.Getpid()))
	if err != nil {
		return nil, err
	}
	binary, unlock, err := buildChild()
	if err != nil {
		return nil, err
	}
	defer unlock()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return clickhouse.Start(ctx, clickhouse.Config{Dir: dir, Command: []string{binary}, Log: log})
}

// buildChild builds the child into the user's cache, where go leaves it alone while it is up to date. Another test binary waits until unlock.
func buildChild() (path string, unlock func(), err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", nil, err
	}
	dir := filepath.Join(cache, "clicktally", "test-servers")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", nil, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", nil, err
	}
	unlock = func() { _ = lock.Close() }
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		unlock()
		return "", nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	path = filepath.Join(dir, "chdb")
	build := exec.Command("go", "build", "-o", path, childPackage)
	build.Env = append(os.Environ(), "GOFLAGS=")
	if output, err := build.CombinedOutput(); err != nil {
		unlock()
		return "", nil, fmt.Errorf("build the process that holds libchdb: %w: %s", err, output)
	}
	return path, unlock, nil
}

// sweep removes the data folders, named prefix and process id, of test binaries that are gone.
func sweep(prefix string) {
	dirs, err := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		var pid int
		if _, err := fmt.Sscanf(filepath.Base(dir), prefix+"%d-", &pid); err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			_ = os.RemoveAll(dir) // the next test binary tries again
		}
	}
}
