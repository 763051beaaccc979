package kube

import (
	"context"
	"fmt"
	"time"

	"github.com/clicktally/clicktally/hack/cluster/process"
)

// poll is the time between two looks at something that is starting.
const poll = 200 * time.Millisecond

// waitFor looks until ready returns nil, the program ends or ctx does. Its error holds the last one of ready.
func waitFor(ctx context.Context, p *process.Process, ready func(context.Context) error) error {
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.Done():
			return p.Err()
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), err)
		case <-ticker.C:
		}
	}
}
