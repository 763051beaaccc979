package store_test

import (
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"

	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/test/servers"
)

var update = flag.Bool("update", false, "write golden files anew")

func openClickHouse(t *testing.T) driver.Conn {
	t.Helper()
	conn, err := clickhouse.Open(&clickhouse.Options{Protocol: clickhouse.HTTP, Addr: []string{servers.ClickHouse(t)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// oneOfEachKind are the tables whose text is compared: a version or none, replacing or not, with and without TTL.
var oneOfEachKind = []string{"minutes", "progress", "click_lookup", "sealed"}

// TestTheSchemaOfACluster compares text, and has the engine parse each statement: no cluster can be run here.
func TestTheSchemaOfACluster(t *testing.T) {
	statements, err := store.ClusterSchema("clicktally", store.Retention{}, "main")
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/cluster.sql"
	got := strings.Join(slices.DeleteFunc(slices.Clone(statements), func(s string) bool {
		return strings.Contains(s, "CREATE TABLE") && !slices.ContainsFunc(oneOfEachKind, func(name string) bool {
			return strings.Contains(s, "`."+name+" ON CLUSTER")
		})
	}), "\n;\n") + "\n"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("-want +got (go test ./runtime/store -run ACluster -update writes it anew):\n%s", diff)
	}
	conn := openClickHouse(t)
	single := store.Schema("clicktally", store.Retention{})
	if len(statements) != 2*len(single) {
		t.Errorf("%d statements, want two for each of %d", len(statements), len(single))
	}
	for _, statement := range statements {
		if err := conn.Exec(t.Context(), "EXPLAIN AST "+statement); err != nil {
			t.Errorf("the engine does not parse: %v\n%s", err, statement)
		}
		if !strings.Contains(statement, " ON CLUSTER `main`") {
			t.Errorf("not on the cluster: %s", statement)
		}
	}
	for _, statement := range statements[2 : len(single)+1] {
		if strings.Count(statement, "Replicated") != 1 || strings.Count(statement, "'/clickhouse/tables/{shard}/clicktally/") != 1 {
			t.Errorf("not replicated: %s", statement)
		}
	}
}

func TestADatabaseNameNeedsNoLuck(t *testing.T) {
	conn := openClickHouse(t)
	for _, name := range []string{"it's", "back`tick", `back\slash`, "with space"} {
		statements, err := store.ClusterSchema(name, store.Retention{}, "the "+name)
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range statements {
			if err := conn.Exec(t.Context(), "EXPLAIN AST "+statement); err != nil {
				t.Errorf("%q: %v\n%s", name, err, statement)
			}
		}
	}
}

func TestTablesOfAnotherVersionAreNamedAndLeftAlone(t *testing.T) {
	conn := openClickHouse(t)
	for name, c := range map[string]struct{ before, change, want string }{
		"a column that is missing": {
			change: "ALTER TABLE {db}.events DROP COLUMN referer", want: "lacks column referer (ALTER TABLE `{db}`.events ADD COLUMN referer String)",
		},
		"a column of another type": {
			change: "ALTER TABLE {db}.events MODIFY COLUMN score UInt64", want: "column score of table {db}.events is UInt64, not UInt8",
		},
		"another order": {
			before: "CREATE TABLE {db}.progress (src_part UInt32, complete_until DateTime64(3, 'UTC'), loaded_off UInt64, dirty UInt64, written DateTime64(3, 'UTC')) ENGINE = ReplacingMergeTree(complete_until) ORDER BY (src_part, written)",
			want:   "table {db}.progress is ordered by (src_part, written), not by (src_part)",
		},
		"another engine": {
			before: "CREATE TABLE {db}.progress (src_part UInt32, complete_until DateTime64(3, 'UTC'), loaded_off UInt64, dirty UInt64, written DateTime64(3, 'UTC')) ENGINE = MergeTree ORDER BY src_part",
			want:   "table {db}.progress has engine MergeTree, not ReplacingMergeTree",
		},
		"a column more": {
			change: "ALTER TABLE {db}.events ADD COLUMN own_remark String",
		},
		"the tables as they are": {},
	} {
		t.Run(name, func(t *testing.T) {
			db := servers.Database(t)
			run := func(sql string) {
				t.Helper()
				if sql == "" {
					return
				}
				if err := conn.Exec(t.Context(), strings.ReplaceAll(sql, "{db}", db)); err != nil {
					t.Fatal(err)
				}
			}
			run(c.before)
			if c.before == "" {
				if err := store.EnsureSchema(t.Context(), conn, db, store.Retention{}); err != nil {
					t.Fatal(err)
				}
			}
			run(c.change)
			err := store.EnsureSchema(t.Context(), conn, db, store.Retention{})
			if c.want == "" && err != nil {
				t.Errorf("got %v", err)
			}
			if want := strings.ReplaceAll(c.want, "{db}", db); want != "" && (!errors.Is(err, store.ErrOtherSchema) || !strings.Contains(err.Error(), want)) {
				t.Errorf("got %v\nwant it to say %q", err, want)
			}
		})
	}
}

// TestTheCheckReadsTheSchemaAsTheEngineDoes drops each column in turn of what the engine says it made: a table, a column
// or a type that the check read wrongly would show as a difference of a fresh database.
func TestTheCheckReadsTheSchemaAsTheEngineDoes(t *testing.T) {
	conn, db := openClickHouse(t), servers.Database(t)
	if err := store.EnsureSchema(t.Context(), conn, db, store.Retention{}); err != nil {
		t.Fatal(err)
	}
	if err := store.CheckSchema(t.Context(), conn, db); err != nil {
		t.Error(err)
	}
	rows, err := conn.Query(t.Context(), "SELECT table, name FROM system.columns WHERE database = '"+db+"' AND NOT is_in_sorting_key AND NOT is_in_partition_key AND name NOT IN ('ver', 'loader', 'written', 'complete_until', 'copy')")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	tables := map[string]string{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		tables[table] = column
	}
	for table, column := range tables {
		if err := conn.Exec(t.Context(), "ALTER TABLE "+db+"."+table+" DROP COLUMN "+column); err != nil {
			t.Logf("column %s of %s stays: %v", column, table, err)
			continue
		}
		if err := store.CheckSchema(t.Context(), conn, db); err == nil || !strings.Contains(err.Error(), db+"."+table+" lacks column "+column) {
			t.Errorf("column %s of %s is gone, and the check says %v", column, table, err)
		}
		if err := conn.Exec(t.Context(), "DROP TABLE "+db+"."+table+" SYNC"); err != nil {
			t.Fatal(err)
		}
	}
}
