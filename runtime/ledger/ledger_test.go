package ledger_test

import (
	"testing"

	"github.com/clicktally/clicktally/runtime/ledger"
)

func TestHonestDataIsBalanced(t *testing.T) {
	r := newRig(t)
	r.honest()
	r.aggregate()
	report := r.check(nil)
	if report.Verdict.Status != ledger.True {
		t.Fatalf("%s; %+v", report.Verdict, report.Findings)
	}
	// 40 clicks, a foreign one and its retry, an impression, a late click: 44 counters; 2 of the other boot.
	if g := report.Gaps; g.Counters != 46 || g.Raw != 46 || g.Lost != 0 || g.Unacknowledged != 0 {
		t.Errorf("gaps %+v, want 46 counters, all in raw", g)
	}
	if len(report.Boots) != 2 || len(report.Parts) != partitions {
		t.Errorf("%d boots and %d partitions, want 2 and %d", len(report.Boots), len(report.Parts), partitions)
	}
	var clicks int64
	for _, c := range report.Counts {
		if c.Column == "clicks_duplicate" {
			clicks += c.Raw
		}
	}
	if clicks != 4 {
		t.Errorf("%d duplicate clicks, want 3 copies and a retry", clicks)
	}
}
