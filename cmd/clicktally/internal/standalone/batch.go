package standalone

import (
	"context"

	"github.com/clicktally/clicktally/cmd/internal/batch"
)

// startBatch rolls minutes up and archives raw; without history there is nothing to do either with.
func (s *Standalone) startBatch(context.Context) error {
	if !s.HasHistory() {
		return nil
	}
	key, err := batch.KeyFromEnv()
	if err != nil {
		return err
	}
	s.units.start("roll-ups and archive", func(ctx context.Context) error {
		return batch.Run(ctx, batch.Config{
			Catalog: s.follower.Current, ClickHouse: s.servers.history, Database: s.source.database(), Key: key,
			Log: s.config.Log, Registry: s.registry,
		})
	})
	return nil
}
