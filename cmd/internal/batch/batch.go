// Package batch runs what follows the count beside an aggregator: roll-ups and the archive, as the pipeline's owner
// decides in the catalog. Any number of processes may do so at once.
package batch

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/ledger/archive"
	"github.com/clicktally/clicktally/runtime/ledger/rollup"
	"github.com/clicktally/clicktally/runtime/ledger/seal"
	"github.com/clicktally/clicktally/runtime/store"
)

// lookEvery is how often the catalog is asked whether the settings are still the same.
const lookEvery = 5 * time.Second

// Config says where roll-ups and archive are made. Everything is required but Registry.
type Config struct {
	Catalog    func() *catalog.Catalog
	ClickHouse driver.Conn
	Database   string
	Key        Key // of the archive's bucket
	Log        *slog.Logger
	Registry   *prometheus.Registry
}

// Key opens the archive's bucket; empty: ClickHouse's own identity does.
type Key struct{ ID, Secret string }

// KeyFromEnv reads S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, or the mounted files that ..._FILE name.
func KeyFromEnv() (Key, error) {
	var k Key
	for name, to := range map[string]*string{"S3_ACCESS_KEY_ID": &k.ID, "S3_SECRET_ACCESS_KEY": &k.Secret} {
		*to = os.Getenv(name)
		path := os.Getenv(name + "_FILE")
		if path == "" {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return Key{}, fmt.Errorf("read the key of the archive: %w", err)
		}
		*to = strings.TrimSpace(string(content))
	}
	return k, nil
}

// settings are what the catalog decides.
type settings struct {
	retention        store.Retention
	zones            []string
	endpoint, bucket string
	after            time.Duration
}

func settingsOf(c *catalog.Catalog) settings {
	if c == nil || c.Pipeline() == nil {
		return settings{}
	}
	p := c.Pipeline()
	a := p.GetArchive()
	return settings{
		retention: store.Retention{RawDays: int(p.GetRawDays()), AggregateDays: int(p.GetAggregateDays()), FraudLogDays: int(p.GetFraudLogDays())},
		zones:     p.GetTimeZones(), endpoint: a.GetEndpoint(), bucket: a.GetBucket(), after: time.Duration(a.GetAfterMs()) * time.Millisecond,
	}
}

// Run works until ctx ends, and begins anew when the settings change.
func Run(ctx context.Context, cfg Config) error {
	metrics := archive.NewMetrics(cfg.Registry)
	for ctx.Err() == nil {
		now := settingsOf(cfg.Catalog())
		running, stop := context.WithCancel(ctx)
		group, running := errgroup.WithContext(running)
		group.Go(func() error {
			defer stop()
			return changed(running, cfg.Catalog, now)
		})
		if now.retention != (store.Retention{}) {
			start(running, group, &cfg, now, metrics)
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// changed returns when the catalog says something else, or ctx ends.
func changed(ctx context.Context, current func() *catalog.Catalog, s settings) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for reflect.DeepEqual(settingsOf(current()), s) {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
	return nil
}

func start(ctx context.Context, group *errgroup.Group, cfg *Config, s settings, metrics *archive.Metrics) {
	rolling := rollup.Config{ClickHouse: cfg.ClickHouse, Database: cfg.Database, Retention: s.retention, Log: cfg.Log}
	for _, name := range s.zones {
		zone, err := seal.LoadZone(name)
		if err != nil {
			cfg.Log.Warn("no days are kept in a zone", "zone", name, "error", err)
			continue
		}
		rolling.Zones = append(rolling.Zones, zone)
	}
	roller, err := rollup.New(rolling)
	if err != nil {
		cfg.Log.Warn("nothing is rolled up", "error", err)
	} else {
		group.Go(func() error { return roller.Run(ctx) })
	}
	if s.bucket == "" {
		return
	}
	archiver, err := archive.New(archive.Config{
		ClickHouse: cfg.ClickHouse, Database: cfg.Database, After: s.after, Log: cfg.Log, Metrics: metrics,
		Bucket: archive.Bucket{Endpoint: s.endpoint, Name: s.bucket, AccessKeyID: cfg.Key.ID, SecretAccessKey: cfg.Key.Secret},
	})
	if err != nil {
		cfg.Log.Warn("nothing is archived", "error", err)
		return
	}
	group.Go(func() error { return archiver.Run(ctx) })
}
