package standalone

import (
	"log/slog"
	"testing"
	"time"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/embedded/kafka"
)

// What the owner of the pipeline decides about counting reaches the aggregator.
func TestTheAggregatorCountsAsThePipelineSays(t *testing.T) {
	broker, err := kafka.Start(t.Context(), kafka.Config{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = broker.Close() })
	pipeline := &v1alpha1.AggregationPipeline{}
	pipeline.Spec.Retention = &v1alpha1.Retention{RawDays: 7}
	s := &Standalone{servers: &servers{kafka: broker}, source: &source{pipeline: pipeline}}
	config := s.aggregatorConfig(&catalogpb.Pipeline{Epoch: 3, SessionGapMs: 3_600_000})
	if config.SessionGap != time.Hour || config.Epoch != 3 || config.Retention.RawDays != 7 {
		t.Errorf("session gap %s, epoch %d, raw kept %d days", config.SessionGap, config.Epoch, config.Retention.RawDays)
	}
}
