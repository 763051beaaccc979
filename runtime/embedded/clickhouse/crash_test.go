package clickhouse_test

import (
	"bufio"
	"errors"
	"fmt"
	"log/slog"
	"os"
	osexec "os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"github.com/clicktally/clicktally/runtime/embedded/clickhouse"
)

var quiet = slog.New(slog.DiscardHandler)

func startOwn(t *testing.T, dir string) *clickhouse.Server {
	t.Helper()
	needLibrary(t)
	server, err := clickhouse.Start(t.Context(), clickhouse.Config{Dir: dir, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if pid == 0 {
		t.Fatal("there is no child to kill")
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

func insertNumber(t *testing.T, conn driver.Conn, n uint64) error {
	batch, err := conn.PrepareBatch(driver.Context(t.Context(), driver.WithColumnNamesAndTypes([]driver.ColumnNameAndType{{Name: "n", Type: "UInt64"}})), "INSERT INTO acked (n)")
	if err != nil {
		return err
	}
	if err := batch.Append(n); err != nil {
		return err
	}
	return batch.Send()
}

func TestAcknowledgedRowsSurviveKillAndTheChildComesBack(t *testing.T) {
	server := startOwn(t, t.TempDir())
	addr, pid := server.Addr(), server.PID()
	conn := connectTo(t, addr)
	exec(t, conn, "CREATE TABLE acked (n UInt64) ENGINE = MergeTree ORDER BY n SETTINGS fsync_after_insert = 1, fsync_part_directory = 1")
	var acked atomic.Int64
	var inserting sync.WaitGroup
	stop := make(chan struct{})
	highest := make([]uint64, 2)
	for worker := range uint64(2) {
		inserting.Go(func() {
			for i := uint64(1); ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if insertNumber(t, conn, worker<<32|i) != nil {
					return
				}
				highest[worker] = i
				acked.Add(1)
			}
		})
	}
	await(t, "60 rows are acknowledged", func() bool { return acked.Load() >= 60 })
	kill(t, pid)
	inserting.Wait()
	close(stop)
	await(t, "another child answers", func() bool {
		return server.PID() != pid && server.PID() != 0 && connectTo(t, addr).Ping(t.Context()) == nil
	})
	fresh := connectTo(t, server.Addr())
	if server.Addr() != addr {
		t.Errorf("address %s after the restart, want %s", server.Addr(), addr)
	}
	for worker, n := range highest {
		got := one[uint64](t, fresh, "SELECT uniqExact(n) FROM acked WHERE n > {from:UInt64} AND n <= {to:UInt64}",
			driver.Named("from", uint64(worker)<<32), driver.Named("to", uint64(worker)<<32|n))
		if got != n {
			t.Errorf("%d of %d acknowledged rows are there after the kill", got, n)
		}
	}
	if err := insertNumber(t, fresh, 1<<40); err != nil {
		t.Errorf("insert after the restart: %v", err)
	}
}

func TestStateSurvivesAnOrderlyRestart(t *testing.T) {
	dir := t.TempDir()
	server := startOwn(t, dir)
	conn := connectTo(t, server.Addr())
	exec(t, conn, "CREATE DATABASE clicktally")
	exec(t, conn, "CREATE TABLE clicktally.events (n UInt64) ENGINE = MergeTree ORDER BY n")
	exec(t, conn, "INSERT INTO clicktally.events VALUES (7)")
	pid := server.PID()
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if !gone(pid) {
		t.Errorf("child %d still runs after Close", pid)
	}
	again := startOwn(t, dir)
	if got := one[uint64](t, connectTo(t, again.Addr()), "SELECT sum(n) FROM clicktally.events"); got != 7 {
		t.Errorf("sum after the restart is %d, want 7", got)
	}
}

func TestSecondProcessOnTheDirectoryIsRefused(t *testing.T) {
	dir := t.TempDir()
	first := startOwn(t, dir)
	_, err := clickhouse.Start(t.Context(), clickhouse.Config{Dir: dir, Log: quiet})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprint("in use by process ", first.PID())) || !strings.Contains(err.Error(), dir) {
		t.Errorf("second start: %v, want an error with the directory and the process that holds it", err)
	}
}

func TestTheChildDiesWithItsParent(t *testing.T) {
	needLibrary(t)
	parent := osexec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentEnv+"="+t.TempDir())
	output, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	defer parent.Wait()
	defer parent.Process.Kill()
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	var addr string
	if _, err := fmt.Sscan(line, &pid, &addr); err != nil {
		t.Fatal(err)
	}
	if err := connectTo(t, addr).Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	kill(t, parent.Process.Pid)
	await(t, "the child is gone", func() bool { return gone(pid) || zombie(pid) })
}

// zombie says that a process ended and nobody asked for its exit status: in a container without an init process that stays so.
func zombie(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(status), ") Z ")
}

func TestAMissingLibraryIsExplained(t *testing.T) {
	t.Setenv(clickhouse.LibraryEnv, "")
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	_, err := clickhouse.Locate()
	if err == nil {
		t.Skip("libchdb is installed on this system")
	}
	for _, want := range []string{"libchdb", "make chdb", clickhouse.LibraryEnv} {
		if !errors.Is(err, clickhouse.ErrNoLibrary) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
	t.Setenv(clickhouse.LibraryEnv, "/no/such/libchdb.so")
	if _, err := clickhouse.Locate(); err == nil || !strings.Contains(err.Error(), "/no/such/libchdb.so") {
		t.Errorf("%v does not name the file that %s says", err, clickhouse.LibraryEnv)
	}
}

func TestTheFetchedVersionIsTheOneThatIsLookedFor(t *testing.T) {
	script, err := os.ReadFile("../../../hack/fetch-chdb")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(script), "\nversion="+clickhouse.LibraryVersion+"\n") {
		t.Errorf("hack/fetch-chdb does not fetch version %s", clickhouse.LibraryVersion)
	}
}

func TestAChildThatCannotStartSaysWhy(t *testing.T) {
	began := time.Now()
	_, err := clickhouse.Start(t.Context(), clickhouse.Config{Dir: t.TempDir(), Library: "/no/such/libchdb.so", Log: quiet})
	if err == nil || !strings.Contains(err.Error(), "/no/such/libchdb.so") {
		t.Errorf("%v does not name the library", err)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("took %v to say so", took)
	}
}
