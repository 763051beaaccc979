package ledger_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

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

func TestTheLoopJudgesCompletedHours(t *testing.T) {
	r := newRig(t)
	r.honest()
	r.load()
	cfg := r.config()
	cfg.CopyEvery, cfg.JudgeEvery, cfg.Registry = 20*time.Millisecond, 50*time.Millisecond, prometheus.NewRegistry()
	reports := make(chan *ledger.Report, 100)
	cfg.OnReport = func(report *ledger.Report) {
		select {
		case reports <- report:
		default:
		}
	}
	l, err := ledger.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if v := l.Verdict(); v.Status != ledger.Unknown {
		t.Errorf("before the first judgement: %s", v)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	await := func(status string) *ledger.Report {
		t.Helper()
		deadline := time.After(time.Minute)
		for {
			select {
			case report := <-reports:
				if report.Verdict.Status == status {
					return report
				}
			case <-deadline:
				t.Fatalf("not %s within a minute; it is %s", status, l.Verdict())
			}
		}
	}
	report := await(ledger.True)
	if !report.Period.To.Equal(report.Period.To.Truncate(time.Hour)) || report.Period.To.Sub(report.Period.From) != 3*time.Hour {
		t.Errorf("judged %s, want the last three completed hours", report.Period)
	}
	r.exec("ALTER TABLE {db}.minutes UPDATE impressions = impressions + 1 WHERE minute = " + r.at(59))
	await(ledger.False)
	answer := httptest.NewRecorder()
	l.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/ledger", nil))
	var told ledger.Report
	if err := json.Unmarshal(answer.Body.Bytes(), &told); err != nil || told.Verdict.Status != ledger.False || len(told.Findings) == 0 {
		t.Errorf("the page says %+v, %v", told.Verdict, err)
	}
	families, err := cfg.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == "clicktally_ledger_balanced" && family.GetMetric()[0].GetGauge().GetValue() != 0 {
			t.Errorf("the metric is %v, want 0", family.GetMetric()[0].GetGauge().GetValue())
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestAPeriodThatCannotBeJudgedIsRefused(t *testing.T) {
	r := newRig(t)
	l, err := ledger.New(r.config())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	minute := time.Now().UTC().Truncate(time.Minute)
	for name, p := range map[string]ledger.Period{
		"empty":               {From: minute, To: minute},
		"not whole minutes":   {From: minute.Add(-time.Hour + time.Second), To: minute},
		"in the future":       {From: minute, To: minute.Add(time.Hour)},
		"older than raw days": {From: minute.AddDate(0, 0, -91), To: minute},
	} {
		if _, err := l.Check(t.Context(), p, nil); !errors.Is(err, ledger.ErrPeriod) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
