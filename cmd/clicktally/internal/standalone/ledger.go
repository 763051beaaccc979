package standalone

import (
	"context"
	"fmt"

	"github.com/clicktally/clicktally/runtime/ledger"
)

// startLedger judges completed hours while all else runs; without history there is nothing to judge.
func (s *Standalone) startLedger(context.Context) error {
	if !s.HasHistory() {
		return nil
	}
	before := ledger.True
	var err error
	s.ledger, err = ledger.New(ledger.Config{
		Kafka: s.servers.brokers(), Topics: s.source.topics, ClickHouse: s.servers.history, Database: s.source.database(),
		Catalog: s.follower.Current, Log: s.config.Log, Registry: s.registry,
		OnReport: func(r *ledger.Report) {
			if r.Verdict.Status != before {
				before = r.Verdict.Status
				fmt.Fprintf(s.config.Out, "hours until %s: %s\n", r.Period.To.Format("2006-01-02 15:04 UTC"), r.Verdict)
			}
		},
	})
	if err != nil {
		return err
	}
	s.units.start("ledger", s.ledger.Run)
	return nil
}
