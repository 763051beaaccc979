// Package store is the one place that knows the names and layouts of what ClickTally keeps outside
// its processes: Kafka topics, ClickHouse tables and the SQL over them, Redis keys and the script
// that writes them.
package store

import "strconv"

// Topics names the Kafka topics of one pipeline.
type Topics struct {
	// Prefix is spec.kafka.topicPrefix of the pipeline.
	Prefix string
}

// Catalog is the compacted configuration log, one partition.
func (t Topics) Catalog() string { return t.Prefix + ".catalog" }

// Heartbeats is where processes report about themselves; compacted and deleted after 7 days.
func (t Topics) Heartbeats() string { return t.Prefix + ".heartbeats" }

// DeadLetters holds records that could not be counted, with reason and source coordinates.
func (t Topics) DeadLetters() string { return t.Prefix + ".dlq" }

// Events is the topic of one generation of event partitions.
func (t Topics) Events(generation uint32) string {
	return t.Prefix + ".events." + strconv.FormatUint(uint64(generation), 10)
}

// Publisher is the transactional id under which the catalog is written; a new holder fences the old.
func (t Topics) Publisher() string { return t.Prefix + ".catalog-publisher" }

// Aggregators is the consumer group that assigns partitions to aggregators.
func (t Topics) Aggregators() string { return t.Prefix + ".aggregators" }
