package standalone_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clicktally/clicktally/test/loadgen"
)

// announced is how a pass says that a pipeline grows.
var announced = regexp.MustCompile(`events from (\d\d:\d\d:\d\d) on go to (\d+) partitions \(generation (\d+)\)`)

// TestAPipelineGrowsUnderLoad goes from 4 partitions to 12 while events come, is killed between the
// announcement and the start, and must count every event once.
func TestAPipelineGrowsUnderLoad(t *testing.T) {
	p := newProcess(t)
	pipeline := filepath.Join(p.args[0], "aggregationpipeline.yaml")
	p.replace(pipeline, "partitions: 8", "partitions: 4")
	p.replace(pipeline, "  redis:", "  accept:\n    maxAhead: 1s\n  redis:") // the lead of an announcement is made of it
	p.start()
	scenario, err := loadgen.Load("")
	if err != nil {
		t.Fatal(err)
	}
	scenario.Events, scenario.Rate = 15_750, 150
	ledger, err := loadgen.OpenLedger("")
	if err != nil {
		t.Fatal(err)
	}
	audit := &loadgen.Audit{Reader: loadgen.Reader{Base: p.query()}, Patience: 3 * time.Minute}
	if err := audit.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	run, err := loadgen.New(loadgen.Config{Scenario: scenario, Tracker: p.tracker(), Token: token, Ledger: ledger})
	if err != nil {
		t.Fatal(err)
	}
	var sending sync.WaitGroup
	sending.Go(func() { run.Do(t.Context()) })
	eventually(t, time.Minute, "the load is under way", func() bool { return acked(ledger) >= 500 })

	p.replace(pipeline, "partitions: 4", "partitions: 12")
	p.says("on go to 12 partitions (generation 1)")
	p.replace(pipeline, "partitions: 12", "partitions: 6") // shrinking is refused, and changes nothing
	p.says(`aggregationpipeline.yaml:12: spec.kafka.partitions: is 6, and generation 1 of the events has 12: a pipeline can only grow`)
	p.kill()
	p.start() // what was announced is known, also to a folder that asks for something else
	p.replace(pipeline, "partitions: 6", "partitions: 12")
	before := acked(ledger)
	sending.Wait()

	if all := announced.FindAllString(p.output.String(), -1); len(all) != 1 {
		t.Errorf("announced: %q, want one generation", all)
	}
	balance, _, err := audit.End(t.Context(), ledger.Entries(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(balance, "unacknowledged", balance.Unacknowledged, "before the last start", before)
	if !balance.Balanced() || balance.Acked < 10_000 {
		t.Errorf("%s: %s", balance, strings.Join(balance.Differences, "; "))
	}
	// The samples' few ads do not meet every partition, but some that generation 0 does not have.
	places := placesOf(t, p, ledger)
	old, grown := slices.Sorted(maps.Keys(places[0])), slices.Sorted(maps.Keys(places[1]))
	if len(old) == 0 || len(grown) == 0 || old[len(old)-1] >= 4 || grown[len(grown)-1] < 4 || grown[len(grown)-1] >= 12 {
		t.Errorf("clicks lie in partitions %v of generation 0 and %v of generation 1, of 4 and 12", old, grown)
	}
	p.stop()
}

// placesOf are the partitions by generation in which a sample of the acknowledged clicks was counted.
func placesOf(t *testing.T, p *process, ledger *loadgen.Ledger) map[uint32]map[uint32]int {
	t.Helper()
	places := map[uint32]map[uint32]int{0: {}, 1: {}}
	entries := ledger.Entries()
	for i := 0; i < len(entries); i += max(1, len(entries)/400) {
		e := entries[i]
		if e.EventType != "click" || !e.Acked || e.EventID == "" || e.Timestamp != 0 {
			continue
		}
		response, err := http.Get(p.query() + "/v1/clicks/" + url.PathEscape(e.EventID))
		if err != nil {
			t.Fatal(err)
		}
		var click struct {
			Log struct{ Generation, Partition uint32 }
		}
		err = json.NewDecoder(response.Body).Decode(&click)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			t.Errorf("click %s: %s, %v", e.EventID, response.Status, err)
			continue
		}
		places[click.Log.Generation][click.Log.Partition]++
	}
	return places
}
