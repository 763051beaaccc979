package tracker

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/journal"
)

// AckOverride is what stands above spec.ack and spec.journal.whenFull of the Tracker. What is nil
// follows the Tracker.
type AckOverride struct {
	Policy   *journal.Policy
	Budget   *time.Duration
	WhenFull *journal.WhenFull
}

// over is what holds for a Tracker.
func (o AckOverride) over(t *catalogpb.Tracker) journal.Ack {
	ack := journal.Ack{Policy: journal.Race, Budget: time.Duration(t.GetAckBudgetMs()) * time.Millisecond}
	switch t.GetAckPolicy() {
	case catalogpb.AckPolicy_ACK_POLICY_KAFKA:
		ack.Policy = journal.Kafka
	case catalogpb.AckPolicy_ACK_POLICY_JOURNAL:
		ack.Policy = journal.Journal
	}
	if t.GetJournalWhenFull() == catalogpb.WhenFull_WHEN_FULL_REJECT {
		ack.WhenFull = journal.Reject
	}
	if o.Policy != nil {
		ack.Policy = *o.Policy
	}
	if o.Budget != nil {
		ack.Budget = *o.Budget
	}
	if o.WhenFull != nil {
		ack.WhenFull = *o.WhenFull
	}
	return ack
}

// openJournal makes what accepts events durably.
func (t *Tracker) openJournal() error {
	cfg := &t.cfg
	if cfg.JournalDir != "" {
		var err error
		if t.ship, err = kgo.NewClient(append(journal.ShipOpts(), cfg.Kafka...)...); err != nil {
			return fmt.Errorf("make Kafka client: %w", err)
		}
	}
	var err error
	t.journal, err = journal.New(journal.Config{
		Client: t.client, Ship: t.ship, GenerationAt: t.generationAt, HeartbeatTopic: cfg.HeartbeatTopic, Pod: cfg.Pod, Version: cfg.Version,
		CatalogState: t.catalogState, Addresses: t.seen.counts, DeliveryTimeout: cfg.DeliveryTimeout, MaxInFlight: cfg.MaxInFlight,
		Dir: cfg.JournalDir, Capacity: cfg.JournalBytes, Ack: cfg.Ack.over(nil), Log: cfg.Log,
	})
	return err
}

func (t *Tracker) closeClients() {
	t.client.Close()
	if t.ship != nil {
		t.ship.Close()
	}
}
