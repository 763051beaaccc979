package store

import (
	"fmt"
	"regexp"
)

// AllShards is added to the name of a database for that of its tables over all shards of a cluster.
const AllShards = "_all"

var (
	createsTable = regexp.MustCompile("(?m)^CREATE TABLE IF NOT EXISTS (`(?:[^`\\\\]|\\\\.)*`)\\.([a-z_]+) \\($")
	namesEngine  = regexp.MustCompile(`(?m)^\) ENGINE = ((?:Replacing)?MergeTree)(?:\(([a-z_]+)\))?$`)
)

// ClusterSchema is Schema for a ClickHouse cluster: the same tables with replicated engines, made on every server,
// their paths by the servers' macros {shard} and {replica}; and, in the database <db>_all, a table over all shards
// for each, for reading: it has no sharding key, so that with more than one shard ClickHouse refuses to write
// through it. What is written goes to the shard of its src_part, with insert_quorum (see ClusterSettings).
func ClusterSchema(db string, retention Retention, cluster string) ([]string, error) {
	statements := Schema(db, retention)
	onCluster := " ON CLUSTER " + Quote(cluster)
	made := []string{statements[0] + onCluster, "CREATE DATABASE IF NOT EXISTS " + Quote(db+AllShards) + onCluster}
	var over []string
	for _, statement := range statements[1:] {
		table, engine := createsTable.FindStringSubmatch(statement), namesEngine.FindStringSubmatch(statement)
		if table == nil || engine == nil {
			return nil, fmt.Errorf("schema.sql: no table or no merge tree in %.80q", statement)
		}
		name := table[2]
		statement = createsTable.ReplaceAllLiteralString(statement, "CREATE TABLE IF NOT EXISTS "+Quote(db)+"."+name+onCluster+" (")
		made = append(made, namesEngine.ReplaceAllLiteralString(statement, ") ENGINE = "+replicated(engine[1], engine[2], db, name)))
		over = append(over, fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s.%s%s AS %s.%s\nENGINE = Distributed(%s, %s, %s)",
			Quote(db+AllShards), name, onCluster, Quote(db), name, quoteText(cluster), quoteText(db), quoteText(name)))
	}
	return append(made, over...), nil
}

// replicated is the engine with its path in Keeper; version may be empty.
func replicated(engine, version, db, table string) string {
	arguments := quoteText("/clickhouse/tables/{shard}/"+db+"/"+table) + ", '{replica}'"
	if version != "" {
		arguments += ", " + version
	}
	return "Replicated" + engine + "(" + arguments + ")"
}

// ClusterSettings are those of every connection to a cluster: an insert is answered once most replicas of the shard
// have it. Quorums run side by side (the default): one at a time, workers that share a shard would refuse each other.
func ClusterSettings() map[string]any { return map[string]any{"insert_quorum": "auto"} }
