package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"
	"github.com/twmb/franz-go/pkg/kgo"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/clicktally/clicktally/cmd/internal/process"
	"github.com/clicktally/clicktally/runtime/journal"
	"github.com/clicktally/clicktally/runtime/tracker"
)

// journalOptions say where events wait while Kafka is away, and what makes one durable. What is empty
// follows the Tracker.
type journalOptions struct {
	dir, size, whenFull, policy string
	budget                      time.Duration
	drain                       bool
}

func (o *journalOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.dir, "journal-dir", "", "folder in which events wait while Kafka is away, for this process alone; empty: there is no journal")
	flags.StringVar(&o.size, "journal-size", "1Gi", "room of the journal, a quantity such as 4Gi; about 2 million clicks fit into 1Gi")
	flags.StringVar(&o.policy, "ack-policy", "", "what makes a click durable: Race, Kafka or Journal (default spec.ack.policy of the Tracker)")
	flags.DurationVar(&o.budget, "ack-budget", 0, "how long Race waits for Kafka (default spec.ack.budget of the Tracker)")
	flags.StringVar(&o.whenFull, "journal-when-full", "", "what happens to visitors when the journal is full: RedirectUnbilled or Reject (default spec.journal.whenFull of the Tracker)")
	flags.BoolVar(&o.drain, "drain", false, "ship what is in the journal and exit; no visitor is served")
}

// parse reads what is not empty.
func (o *journalOptions) parse() (ack tracker.AckOverride, bytes int64, err error) {
	size, err := resource.ParseQuantity(o.size)
	if err != nil || size.Value() <= 0 {
		return ack, 0, fmt.Errorf("--journal-size is %q: write a quantity such as 512Mi or 4Gi", o.size)
	}
	if o.policy != "" {
		policy, err := journal.ParsePolicy(o.policy)
		if err != nil {
			return ack, 0, fmt.Errorf("--ack-policy: %w", err)
		}
		ack.Policy = &policy
	}
	if o.whenFull != "" {
		whenFull, err := journal.ParseWhenFull(o.whenFull)
		if err != nil {
			return ack, 0, fmt.Errorf("--journal-when-full: %w", err)
		}
		ack.WhenFull = &whenFull
	}
	if o.budget < 0 {
		return ack, 0, fmt.Errorf("--ack-budget is %v: it cannot be negative", o.budget)
	}
	if o.budget > 0 {
		ack.Budget = &o.budget
	}
	return ack, size.Value(), nil
}

// drain ships a journal whose tracker is gone.
func (o *options) drain(ctx context.Context) error {
	if o.journal.dir == "" {
		return errors.New("--drain needs --journal-dir")
	}
	_, bytes, err := o.journal.parse()
	if err != nil {
		return err
	}
	brokers, err := o.kafka.Options()
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(append(journal.ClientOpts(0, 0), brokers...)...)
	if err != nil {
		return fmt.Errorf("make Kafka client: %w", err)
	}
	defer client.Close()
	ship, err := kgo.NewClient(append(journal.ShipOpts(), brokers...)...)
	if err != nil {
		return fmt.Errorf("make Kafka client: %w", err)
	}
	defer ship.Close()
	return journal.Drain(ctx, journal.Config{
		Client: client, Ship: ship, HeartbeatTopic: o.kafka.Topics().Heartbeats(), Pod: o.pod, Version: version,
		Dir: o.journal.dir, Capacity: bytes,
	}, process.Log())
}
