package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"
)

// parentPoll is the time between two looks at whether `go run` is still there.
const parentPoll = time.Second

// stopWithGoRun ends the context when `go run` was killed. It hands no SIGTERM to the program it runs, which would live on
// without anybody to stop it.
func stopWithGoRun(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	parent := os.Getppid()
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", parent))
	if err != nil || strings.TrimSpace(string(name)) != "go" {
		return ctx, cancel
	}
	go func() {
		ticker := time.NewTicker(parentPoll)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if os.Getppid() != parent {
				cancel()
			}
		}
	}()
	return ctx, cancel
}
