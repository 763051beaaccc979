package local_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/follow"
	"github.com/clicktally/clicktally/runtime/catalog/internal/catalogtest"
	"github.com/clicktally/clicktally/runtime/catalog/publish"
)

// BenchmarkPublishedEditIsServed is one of 10,000 campaigns changed, from the call of Publish to the
// swap in a follower, over a Kafka in process.
func BenchmarkPublishedEditIsServed(b *testing.B) {
	cluster := catalogtest.Start(b)
	p, err := publish.Open(b.Context(), cluster.Config())
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	records := []*catalogpb.Record{catalogtest.Pipeline()}
	for i := range 10_000 {
		records = append(records, catalogtest.Campaign(fmt.Sprint("c-", i), "https://shop.example.org/?ct={clickid}"))
	}
	swapped := make(chan int64, 1024)
	f := follow.New(follow.Config{
		Options: cluster.Options, Topic: catalogtest.Topic, Log: slog.New(slog.DiscardHandler),
		OnSwap: func(c *catalog.Catalog) { swapped <- c.Offset() },
	})
	ctx, cancel := context.WithCancel(b.Context())
	var following sync.WaitGroup
	following.Go(func() { _ = f.Run(ctx) })
	defer following.Wait()
	defer cancel()
	n := 0
	for b.Loop() {
		n++
		records[1] = catalogtest.Campaign("c-0", fmt.Sprint("https://shop.example.org/?n=", n))
		outcome, err := p.Publish(b.Context(), publish.Batch{Records: records})
		if err != nil {
			b.Fatal(err)
		}
		for served := int64(-1); served < outcome.Offset; {
			served = <-swapped
		}
	}
}
