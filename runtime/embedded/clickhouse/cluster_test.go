package clickhouse_test

import (
	"fmt"
	"os"
	osexec "os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/clicktally/clicktally/runtime/embedded/clickhouse"
	"github.com/clicktally/clicktally/runtime/embedded/clickhouse/internal/chdb"
	"github.com/clicktally/clicktally/runtime/store"
)

// clusterDir names the data directory when the test binary runs itself as an engine with a Keeper of its own.
const clusterDir = "CLICKTALLY_TEST_CLUSTER_DIR"

// clusterMade is what that run says when all is as it should be.
const clusterMade = "the tables of a cluster were made"

// TestTheEngineMakesTheTablesOfACluster makes the replicated tables for real, on the Keeper that ClickHouse has in
// process for its own tests, and the ones over all shards. What cannot be had here: ON CLUSTER, which is cut off,
// because it wants servers that reach each other; and rows, because a replica of such a Keeper is read-only.
func TestTheEngineMakesTheTablesOfACluster(t *testing.T) {
	if dir := os.Getenv(clusterDir); dir != "" {
		makeCluster(t, dir)
		if !t.Failed() {
			fmt.Println(clusterMade)
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // the library's threads do not survive an orderly exit
		}
		return
	}
	needLibrary(t)
	command := osexec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	command.Env = append(os.Environ(), clusterDir+"="+t.TempDir())
	if output, err := command.CombinedOutput(); !strings.Contains(string(output), clusterMade) {
		t.Errorf("%v\n%s", err, output)
	}
}

func makeCluster(t *testing.T, dir string) {
	path, err := clickhouse.Locate()
	if err != nil {
		t.Fatal(err)
	}
	library, err := chdb.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	config := dir + "/config.xml"
	if err := os.WriteFile(config, []byte(clusterConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	conn, err := library.Open([]string{"--path=" + dir + "/data", "--config-file=" + config}, nil)
	if err != nil {
		t.Fatal(err)
	}
	statements, err := store.ClusterSchema("clicktally", store.Retention{}, "main")
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := conn.Query(strings.Replace(statement, " ON CLUSTER `main`", "", 1), "TSV", nil); err != nil {
			t.Errorf("%v\n%s", err, statement)
		}
	}
	made, err := conn.Query("SELECT countIf(engine LIKE 'Replicated%'), countIf(engine = 'Distributed') FROM system.tables WHERE database IN ('clicktally', 'clicktally_all')", "TSV", nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Fields(string(made.Body)); len(n) != 2 || n[0] != n[1] || n[0] == "0" {
		t.Errorf("replicated tables and those over all shards: %v, want as many", n)
	}
}

const clusterConfig = `<clickhouse>
<zookeeper><implementation>testkeeper</implementation></zookeeper>
<macros><shard>01</shard><replica>r1</replica></macros>
<remote_servers><main><shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard></main></remote_servers>
</clickhouse>
`
