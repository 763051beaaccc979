// Package repair does what only a person may decide: let totals fall (Restate), go on after records of
// the log were lost (Recover), and count what was refused (Letters). It works beside the running
// processes, on the stores that they use; each step may be interrupted anywhere and repeated.
package repair

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/publish"
	"github.com/clicktally/clicktally/runtime/store/topics"
)

// Pipeline is what is repaired: the stores of one pipeline.
type Pipeline struct {
	Kafka      []kgo.Opt // seed brokers, credentials
	Topics     topics.Names
	ClickHouse driver.Conn
	Database   string
	Redis      redis.UniversalClient // nil: live counters stay as they are until their minutes age out
	Now        func() time.Time      // default time.Now
	// Fault is called before each step that writes, with its name; an error stands for a process that
	// dies there. Tests only.
	Fault func(step string) error
}

func (p *Pipeline) now() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
}

// step runs one step that writes, unless a test's fault stands before it.
func (p *Pipeline) step(name string, do func() error) error {
	if p.Fault != nil {
		if err := p.Fault(name); err != nil {
			return err
		}
	}
	return do()
}

func (p *Pipeline) catalog() publish.Config {
	return publish.Config{Options: p.Kafka, Topic: p.Topics.Catalog(), TransactionalID: p.Topics.Publisher()}
}

// Records reads the catalog, by key.
func (p *Pipeline) Records(ctx context.Context) (map[string]*catalogpb.Record, error) {
	records, err := publish.Read(ctx, p.catalog())
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	if records[catalog.PipelineKey].GetPipeline() == nil {
		return nil, fmt.Errorf("%w: %s", publish.ErrNoPipeline, p.Topics.Catalog())
	}
	return records, nil
}

// maxEpoch is the last one that fits into a ver.
const maxEpoch = 1<<16 - 1

// raiseEpoch raises the epoch of the pipeline by one and returns it. Workers follow the catalog.
func (p *Pipeline) raiseEpoch(ctx context.Context) (epoch uint16, err error) {
	err = publish.Repair(ctx, p.catalog(), func(records map[string]*catalogpb.Record) ([]*catalogpb.Record, error) {
		raised := records[catalog.PipelineKey].CloneVT()
		if raised.GetPipeline().GetEpoch() >= maxEpoch {
			return nil, fmt.Errorf("the epoch is %d, and no higher one fits into a version: start a new pipeline", maxEpoch)
		}
		raised.GetPipeline().Epoch++
		catalog.SetDigest(raised)
		epoch = uint16(raised.GetPipeline().GetEpoch())
		return []*catalogpb.Record{raised}, nil
	})
	if err != nil {
		return 0, fmt.Errorf("raise the epoch: %w", err)
	}
	return epoch, nil
}
