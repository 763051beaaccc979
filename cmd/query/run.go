package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"

	"github.com/clicktally/clicktally/runtime/catalog/follow"
	"github.com/clicktally/clicktally/runtime/query"
	"github.com/clicktally/clicktally/runtime/store/topics"
)

// flags say where the stores are and who may read.
type flags struct {
	listen, admin       string
	kafka               []string
	prefix, cache       string
	redis, clickHouse   []string
	clickHouseHTTP      bool
	database, tokenFile string

	opened func(api, admin string) // tells a test which ports were opened; nil otherwise
}

const historyHint = "this process was started without --clickhouse; live figures are at /v1/stats/realtime"

// run serves until the context ends. The catalog is followed beside it: a process without one answers
// live figures and is not ready.
func run(ctx context.Context, f flags) error {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	token, err := readToken(f.tokenFile)
	if err != nil {
		return err
	}
	history, err := openHistory(f)
	if err != nil {
		return err
	}
	live := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: f.redis})
	defer func() { _ = live.Close() }() // the process ends: nothing follows from a failure
	follower := follow.New(follow.Config{
		Options: []kgo.Opt{kgo.SeedBrokers(f.kafka...)}, Topic: topics.Names{Prefix: f.prefix}.Catalog(), CacheFile: f.cache, Log: log,
	})
	config := query.Config{
		Database: f.database, Redis: live, Prefix: f.prefix, Catalog: follower.Current, Token: token, HistoryHint: historyHint, Log: log,
	}
	if history != nil {
		defer func() { _ = history.Close() }()
		config.ClickHouse = history
	}
	server, err := query.New(config)
	if err != nil {
		return err
	}
	return serve(ctx, f, server, follower)
}

func serve(ctx context.Context, f flags, server *query.Server, follower *follow.Follower) error {
	api, err := net.Listen("tcp", f.listen)
	if err != nil {
		return fmt.Errorf("open the readers' port: %w", err)
	}
	admin, err := net.Listen("tcp", f.admin)
	if err != nil {
		return errors.Join(fmt.Errorf("open the admin port: %w", err), api.Close())
	}
	if f.opened != nil {
		f.opened(api.Addr().String(), admin.Addr().String())
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return follower.Run(ctx) })
	group.Go(func() error { return server.Run(ctx, api, admin) })
	return group.Wait()
}

// openHistory connects lazily: a ClickHouse that is away is a 503 to the reader, not a failed start.
func openHistory(f flags) (driver.Conn, error) {
	if len(f.clickHouse) == 0 {
		return nil, nil
	}
	protocol := clickhouse.Native
	if f.clickHouseHTTP {
		protocol = clickhouse.HTTP
	}
	conn, err := clickhouse.Open(&clickhouse.Options{
		Addr: f.clickHouse, Protocol: protocol, MaxOpenConns: query.MaxHistoryReads, ReadTimeout: query.HistoryTimeout,
		Auth: clickhouse.Auth{Username: os.Getenv("CLICKTALLY_CLICKHOUSE_USER"), Password: os.Getenv("CLICKTALLY_CLICKHOUSE_PASSWORD")},
	})
	if err != nil {
		return nil, fmt.Errorf("set up ClickHouse: %w", err)
	}
	return conn, nil
}

func readToken(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the readers' token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", fmt.Errorf("read the readers' token: %s is empty", path)
	}
	return token, nil
}
