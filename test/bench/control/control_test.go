// Package control measures the control plane: an operator process, tracker processes and a Kafka of three brokers on a
// real API server, with as many campaigns as asked for. `make bench-control` runs it.
package control

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"testing"
)

// number reads a variable of the run; `make bench-control` documents them.
func number(t *testing.T, name string, otherwise int) int {
	n, err := strconv.Atoi(cmp.Or(os.Getenv(name), strconv.Itoa(otherwise)))
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is not a number above 0", name, os.Getenv(name))
	}
	return n
}

// TestControl is `make bench-control`.
func TestControl(t *testing.T) {
	if os.Getenv("CLICKTALLY_BENCH") != "control" {
		t.Skip("a measurement, not a test: make bench-control")
	}
	campaigns, edits, rate := number(t, "CAMPAIGNS", 10_000), number(t, "EDITS", 300), number(t, "CHURN", 20)
	s := newStage(t)
	s.startOperator()
	s.apply(s.platform)
	s.startTrackers()
	s.measure("no campaign", func() { s.apply(campaign(0, "first")); s.awaitReady(1) })
	empty := s.operator.heap()

	created := s.measure(fmt.Sprintf("%d campaigns created and Ready", campaigns), func() {
		s.createCampaigns(1, campaigns)
		s.awaitReady(campaigns)
	})
	full := s.operator.heap()
	s.say("result: create-to-ready campaigns=%d per_second=%.0f", campaigns, float64(campaigns)/created.Seconds())
	s.say("result: operator-memory-per-campaign bytes=%d heap_mb=%d resident_mb=%d goal=8192",
		(full.heap-empty.heap)/int64(campaigns-1), full.heap>>20, full.resident>>20)

	before := s.statusWrites()
	idle := s.edits("idle", edits, campaigns)
	s.settle()
	s.say("result: edit-to-served idle p50_ms=%.0f p99_ms=%.0f max_ms=%.0f edits=%d trackers=%d goal_p99_ms=100", idle.at(50), idle.at(99), idle.at(100), len(idle), trackers)
	s.say("result: status-writes-per-edit idle=%.2f goal=2", float64(s.statusWrites()-before)/float64(len(idle)))

	stopChurn := s.churn(rate, campaigns)
	busy := s.edits("churn", edits, campaigns)
	others := stopChurn()
	s.settle()
	s.say("result: edit-to-served churn p50_ms=%.0f p99_ms=%.0f max_ms=%.0f edits=%d other_edits_per_second=%.0f goal_p99_ms=1000",
		busy.at(50), busy.at(99), busy.at(100), len(busy), others)

	s.restartTracker(campaigns)
	s.restartOperator(campaigns)
}
