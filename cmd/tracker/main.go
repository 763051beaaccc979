// Command tracker answers visitors: clicks, impressions, events and links of one Tracker.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/clicktally/clicktally/cmd/internal/process"
	"github.com/clicktally/clicktally/runtime/store/topics"
	"github.com/clicktally/clicktally/runtime/tracker"
)

var version = "unknown" // set by the linker

type options struct {
	kafka                        process.Kafka
	listen, admin                string
	clickIDKeysFile, hashKeyFile string
	tracker, pod, sourcesDir     string
	unreadyFor                   time.Duration
	journal                      journalOptions
}

func main() { process.Main(command()) }

func command() *cobra.Command {
	o := options{}
	pod, _ := os.Hostname() // an empty name is refused by the tracker
	cmd := &cobra.Command{
		Use:     "tracker",
		Short:   "Answer the visitors of one Tracker",
		Args:    cobra.NoArgs,
		Version: version,
		RunE:    func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) },
	}
	o.kafka.AddFlags(cmd.Flags())
	flags := cmd.Flags()
	flags.StringVar(&o.tracker, "tracker", "", "the Tracker served, namespace/name")
	flags.StringVar(&o.listen, "listen", ":8080", "address for visitors")
	flags.StringVar(&o.admin, "admin-listen", ":9090", "address of /healthz, /readyz and /metrics")
	flags.StringVar(&o.sourcesDir, "sources-dir", "", "folder with the tokens of traffic sources, files named namespace.ts_id")
	flags.StringVar(&o.clickIDKeysFile, "click-id-keys-file", "", "keys of click ids, one a line, the first one signs")
	flags.StringVar(&o.hashKeyFile, "hash-key-file", "", "key of user and device hashes")
	flags.StringVar(&o.pod, "pod", pod, "name of this process in heartbeats")
	flags.DurationVar(&o.unreadyFor, "unready-for", 5*time.Second, "time between unready and the end of new requests at shutdown")
	o.journal.addFlags(flags)
	_ = cmd.MarkFlagRequired("kafka") // fails only for a flag that is not there
	return cmd
}

func run(ctx context.Context, o options) error {
	if o.journal.drain {
		return o.drain(ctx)
	}
	config, err := o.config()
	if err != nil {
		return err
	}
	t, err := tracker.New(config)
	if err != nil {
		return err
	}
	visitors, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fmt.Errorf("listen for visitors: %w", err)
	}
	stop, err := process.ServeAdmin(o.admin, t.Admin(), config.Log)
	if err != nil {
		return errors.Join(err, visitors.Close())
	}
	defer stop()
	checking, stopCheck := context.WithCancel(ctx)
	var check sync.WaitGroup
	check.Go(func() { o.kafka.LogCheck(checking, topics.RoleTracker, config.Log) })
	defer check.Wait()
	defer stopCheck()
	config.Log.Info("tracker listens", "visitors", visitors.Addr().String(), "tracker", config.Tracker)
	return t.Run(ctx, visitors)
}

// config reads the keys and puts together what a tracker needs.
func (o *options) config() (tracker.Config, error) {
	names := o.kafka.Topics()
	c := tracker.Config{
		Tracker: o.tracker, Pod: o.pod, Version: version, CatalogTopic: names.Catalog(), HeartbeatTopic: names.Heartbeats(),
		DataDir: o.kafka.DataDir, SourcesDir: o.sourcesDir, UnreadyFor: o.unreadyFor, Log: process.Log(), JournalDir: o.journal.dir,
	}
	for flag, value := range map[string]string{"tracker": o.tracker, "click-id-keys-file": o.clickIDKeysFile, "hash-key-file": o.hashKeyFile} {
		if value == "" {
			return c, fmt.Errorf("--%s is needed", flag)
		}
	}
	var err error
	if c.Ack, c.JournalBytes, err = o.journal.parse(); err != nil {
		return c, err
	}
	if c.Kafka, err = o.kafka.Options(); err != nil {
		return c, err
	}
	if c.ClickIDKeys, err = tracker.ReadKeys(o.clickIDKeysFile); err != nil {
		return c, err
	}
	hashKeys, err := tracker.ReadKeys(o.hashKeyFile)
	if err != nil {
		return c, err
	}
	c.HashKey = hashKeys[0]
	return c, nil
}
