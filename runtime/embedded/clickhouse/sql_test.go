package clickhouse_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
)

func TestReplacingMergeTreeReadsTheHighestVersionWithFinal(t *testing.T) {
	conn := connect(t)
	exec(t, conn, "CREATE OR REPLACE TABLE minutes (minute UInt32, clicks UInt64, ver UInt64) ENGINE = ReplacingMergeTree(ver) ORDER BY minute")
	exec(t, conn, "INSERT INTO minutes VALUES (1, 10, 1), (2, 5, 1)")
	exec(t, conn, "INSERT INTO minutes VALUES (1, 12, 3)")
	exec(t, conn, "INSERT INTO minutes VALUES (1, 11, 2)")
	if got := one[uint64](t, conn, "SELECT sum(clicks) FROM minutes FINAL"); got != 17 {
		t.Errorf("sum with FINAL is %d, want 17", got)
	}
}

func TestInsertSelectAndWindowFunctions(t *testing.T) {
	conn := connect(t)
	exec(t, conn, "CREATE OR REPLACE TABLE source (n UInt64) ENGINE = MergeTree ORDER BY n")
	exec(t, conn, "CREATE OR REPLACE TABLE target (n UInt64, running UInt64) ENGINE = MergeTree ORDER BY n")
	exec(t, conn, "INSERT INTO source SELECT number FROM numbers(1000)")
	exec(t, conn, "INSERT INTO target SELECT n, sum(n) OVER (ORDER BY n ROWS UNBOUNDED PRECEDING) FROM source WHERE n < {limit:UInt64} SETTINGS max_threads = 1", driver.Named("limit", uint64(100)))
	if got := one[uint64](t, conn, "SELECT running FROM target WHERE n = 99"); got != 4950 {
		t.Errorf("running sum of 0..99 is %d, want 4950", got)
	}
	if got := one[uint64](t, conn, "SELECT count() FROM target"); got != 100 {
		t.Errorf("%d rows were copied, want 100", got)
	}
}

func TestExceptionsKeepCodeAndText(t *testing.T) {
	conn := connect(t)
	exec(t, conn, "CREATE OR REPLACE TABLE guarded (n UInt64, CONSTRAINT small CHECK n < 10) ENGINE = MergeTree ORDER BY n")
	cases := map[string]struct {
		sql  string
		code int32
		text string
	}{
		"a refused computation says why":        {"SELECT throwIf(number = 3, 'totals fell: minute 3') FROM numbers(5)", 395, "totals fell: minute 3"},
		"a refused INSERT SELECT says why":      {"INSERT INTO guarded SELECT throwIf(number = 3, 'totals fell: minute 3') FROM numbers(5)", 395, "totals fell: minute 3"},
		"a violated constraint names it":        {"INSERT INTO guarded VALUES (11)", 469, "small"},
		"a missing table is named":              {"SELECT * FROM nowhere", 60, "nowhere"},
		"a syntax error says where":             {"SELEC 1", 62, "Syntax error"},
		"an unknown setting in the statement":   {"SELECT 1 SETTINGS no_such_setting = 1", 115, "no_such_setting"},
		"two statements in one are not allowed": {"SELECT 1; SELECT 2", 62, "Multi-statements"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			err := conn.Exec(t.Context(), c.sql)
			exception, ok := errors.AsType[*driver.Exception](err)
			if !ok {
				t.Fatalf("%v is no exception", err)
			}
			if exception.Code != c.code || !strings.Contains(exception.Message, c.text) {
				t.Errorf("exception %d %q, want %d with %q", exception.Code, exception.Message, c.code, c.text)
			}
		})
	}
}

func TestSettingsHoldForTheirStatementOnly(t *testing.T) {
	conn := connect(t, func(o *driver.Options) { o.MaxOpenConns = 1 })
	const read = "SELECT value FROM system.settings WHERE name = 'max_block_size'"
	standard := one[string](t, conn, read)
	changed := driver.Settings{"max_block_size": 1234}
	for _, step := range []struct {
		settings  driver.Settings
		sql, want string
	}{
		{changed, read, "1234"},
		{nil, read, standard},
		{changed, read + " SETTINGS max_block_size = 99", "99"},
		{nil, read, standard},
	} {
		ctx := driver.Context(t.Context(), driver.WithSettings(step.settings))
		for range 8 { // every session of the engine
			var got string
			if err := conn.QueryRow(ctx, step.sql).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got != step.want {
				t.Fatalf("%s: %s, want %s", step.sql, got, step.want)
			}
		}
	}
	exec(t, conn, "SET max_block_size = 77")
	for range 8 {
		if got := one[string](t, conn, read); got != standard {
			t.Fatalf("a SET outlived its request: max_block_size is %s", got)
		}
	}
}

func TestDeduplicationTokenInTheURLReachesTheInsert(t *testing.T) {
	conn := connect(t)
	exec(t, conn, "CREATE OR REPLACE TABLE tokens (n UInt64) ENGINE = MergeTree ORDER BY n SETTINGS non_replicated_deduplication_window = 100")
	for _, token := range []string{"a", "a", "b"} {
		ctx := driver.Context(t.Context(), driver.WithSettings(driver.Settings{"insert_deduplication_token": token, "insert_deduplicate": 1}))
		batch, err := conn.PrepareBatch(ctx, "INSERT INTO tokens")
		if err != nil {
			t.Fatal(err)
		}
		if err := batch.Append(uint64(1)); err != nil {
			t.Fatal(err)
		}
		if err := batch.Send(); err != nil {
			t.Fatal(err)
		}
	}
	if got := one[uint64](t, conn, "SELECT count() FROM tokens"); got != 2 {
		t.Errorf("%d rows after tokens a, a, b; want 2", got)
	}
}

func TestACancelledStatementIsKilled(t *testing.T) {
	conn := connect(t)
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() {
		failed <- conn.Exec(ctx, "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 7")
	}()
	const running = "SELECT count() FROM system.processes WHERE query LIKE 'SELECT count() FROM numbers(1000000000000)%'"
	await(t, "the statement runs", func() bool { return one[uint64](t, conn, running) == 1 || len(failed) > 0 })
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Fatalf("cancelled statement: %v", err)
	}
	await(t, "the statement is gone", func() bool { return one[uint64](t, conn, running) == 0 })
}

// Libchdb keeps a statement that was killed until its session runs another one, and with it the tables that it reads.
func TestAKilledStatementHoldsNoTable(t *testing.T) {
	conn := connect(t)
	for range 5 {
		exec(t, conn, "CREATE TABLE held (n UInt64) ENGINE = MergeTree ORDER BY n")
		exec(t, conn, "INSERT INTO held SELECT number FROM numbers(10)")
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		err := conn.Exec(ctx, "SELECT sum(sleepEachRow(0.1)) FROM held SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0")
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("cancelled statement: %v", err)
		}
		ctx, cancel = context.WithTimeout(t.Context(), 20*time.Second)
		err = conn.Exec(ctx, "DROP TABLE held SYNC")
		cancel()
		if err != nil {
			t.Fatalf("drop the table: %v", err)
		}
	}
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline:
			t.Fatalf("waited 20 s: %s", what)
		case <-tick.C:
		}
	}
}

func TestPositionalAndNamedParameters(t *testing.T) {
	conn := connect(t)
	if got := one[string](t, conn, "SELECT concat(?, '|', toString(?))", "it's", 7); got != "it's|7" {
		t.Errorf("positional: %q", got)
	}
	tricky := "tab\tquote'back\\slash\nline"
	if got := one[string](t, conn, "SELECT {v:String}", driver.Named("v", tricky)); got != tricky {
		t.Errorf("named: %q, want %q", got, tricky)
	}
}

func TestTemporaryTablesAndDatabasesDoNotOutliveTheirRequest(t *testing.T) {
	conn := connect(t)
	exec(t, conn, "CREATE TEMPORARY TABLE scratch (n UInt64)")
	exec(t, conn, "CREATE DATABASE IF NOT EXISTS elsewhere")
	exec(t, conn, "USE elsewhere")
	for range 8 { // every session of the engine
		if got := one[string](t, conn, "SELECT currentDatabase()"); got != "default" {
			t.Fatalf("a USE outlived its request: current database is %s", got)
		}
		if err := conn.Exec(t.Context(), "SELECT * FROM scratch"); err == nil {
			t.Fatal("a temporary table outlived its request")
		}
	}
}

func TestTheEngineIsBounded(t *testing.T) {
	conn := connect(t)
	if got := one[string](t, conn, "SELECT value FROM system.server_settings WHERE name = 'max_server_memory_usage'"); got != "3221225472" {
		t.Errorf("max_server_memory_usage is %s, want 3 GiB", got)
	}
	for name, want := range map[string]string{"max_threads": "2", "max_memory_usage": "1610612736", "async_insert": "0"} {
		if got := one[string](t, conn, "SELECT value FROM system.settings WHERE name = {name:String}", driver.Named("name", name)); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	err := conn.Exec(t.Context(), "SELECT groupArray(number) FROM numbers(1000000000)")
	if exception, ok := errors.AsType[*driver.Exception](err); !ok || exception.Code != 241 {
		t.Errorf("a statement that takes all memory: %v, want code 241 (MEMORY_LIMIT_EXCEEDED)", err)
	}
	if err := conn.Ping(t.Context()); err != nil {
		t.Errorf("after it: %v", err)
	}
}
