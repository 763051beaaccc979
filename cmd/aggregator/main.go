// Command aggregator counts the event log exactly once: raw events and minute rows to ClickHouse,
// live counters to Redis.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/clicktally/clicktally/runtime/aggregate"
)

// Timeouts of the admin server.
const (
	adminHeaderTimeout   = 5 * time.Second
	adminShutdownTimeout = 2 * time.Second
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "aggregator:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	cfg, closeStores, err := connect(o)
	if err != nil {
		return err
	}
	defer closeStores()
	cfg.Log = log
	aggregator, err := aggregate.New(cfg)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	closeAdmin, err := serveAdmin(o.admin, aggregator.Admin(), log)
	if err != nil {
		return err
	}
	defer closeAdmin()
	log.Info("aggregator starts", "topic", cfg.Topics.Events(cfg.Generation), "group", cfg.Topics.Aggregators(), "admin", o.admin)
	return aggregator.Run(ctx)
}

// serveAdmin serves until the returned function is called.
func serveAdmin(address string, handler http.Handler, log *slog.Logger) (func(), error) {
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for admin: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: adminHeaderTimeout}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			log.Error("admin server stopped", "error", err)
		}
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), adminShutdownTimeout)
		defer cancel()
		_ = server.Shutdown(ctx) // the process ends either way
		<-done
	}, nil
}
