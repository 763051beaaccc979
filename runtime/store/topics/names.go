// Package topics knows the Kafka topics of a pipeline: their names, and what they are created with.
// It stands apart from package store so that a tracker, which touches neither ClickHouse nor Redis,
// links neither.
package topics

import "strconv"

// Names are the Kafka topics of one pipeline.
type Names struct {
	// Prefix is spec.kafka.topicPrefix of the pipeline.
	Prefix string
}

// Catalog is the compacted configuration log, one partition.
func (n Names) Catalog() string { return n.Prefix + ".catalog" }

// Heartbeats is where processes report about themselves; compacted and deleted after 7 days.
func (n Names) Heartbeats() string { return n.Prefix + ".heartbeats" }

// DeadLetters holds records that could not be counted, with reason and source coordinates.
func (n Names) DeadLetters() string { return n.Prefix + ".dlq" }

// Events is the topic of one generation of event partitions.
func (n Names) Events(generation uint32) string {
	return n.everyEvents() + strconv.FormatUint(uint64(generation), 10)
}

// everyEvents is how the topics of all generations begin.
func (n Names) everyEvents() string { return n.Prefix + ".events." }

// Publisher is the transactional id under which the catalog is written; a new holder fences the old.
func (n Names) Publisher() string { return n.Prefix + ".catalog-publisher" }

// Aggregators is the consumer group that assigns partitions to aggregators.
func (n Names) Aggregators() string { return n.Prefix + ".aggregators" }
