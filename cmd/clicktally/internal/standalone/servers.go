package standalone

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	chgo "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	goredis "github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/embedded/clickhouse"
	"github.com/clicktally/clicktally/runtime/embedded/kafka"
	"github.com/clicktally/clicktally/runtime/embedded/redis"
)

// servers are the stores at the other end of the real clients (design 2).
type servers struct {
	kafka      *kafka.Server
	redis      *redis.Server
	clickHouse *clickhouse.Server // nil without libchdb

	live    goredis.UniversalClient
	history driver.Conn // nil without libchdb
	hint    string      // what is missing for history, and how to get it
}

// startServers starts all three; without libchdb the history half is left out and hint says so.
func startServers(ctx context.Context, c *Config, log *slog.Logger) (_ *servers, err error) {
	s := &servers{}
	defer func() {
		if err != nil {
			s.close(log)
		}
	}()
	if s.kafka, err = kafka.Start(ctx, kafka.Config{Dir: filepath.Join(c.Data, "kafka"), Listen: c.KafkaListen, Fsync: c.Fsync, Log: log}); err != nil {
		return nil, err
	}
	if s.redis, err = redis.Start(ctx, redis.Config{}); err != nil {
		return nil, err
	}
	s.live = goredis.NewClient(&goredis.Options{Addr: s.redis.Addr()})
	library, err := clickhouse.Locate()
	if errors.Is(err, clickhouse.ErrNoLibrary) {
		s.hint = err.Error()
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	s.clickHouse, err = clickhouse.Start(ctx, clickhouse.Config{
		Dir: filepath.Join(c.Data, "clickhouse"), Listen: c.ClickHouseListen, Library: library, Log: log,
	})
	if err != nil {
		return nil, err
	}
	s.history, err = chgo.Open(&chgo.Options{Protocol: chgo.HTTP, Addr: []string{s.clickHouse.Addr()}})
	if err != nil {
		return nil, fmt.Errorf("open ClickHouse: %w", err)
	}
	return s, nil
}

// brokers are the options of every Kafka client.
func (s *servers) brokers() []kgo.Opt {
	return []kgo.Opt{kgo.SeedBrokers(s.kafka.Addr())}
}

// close stops what was started, clients before their servers.
func (s *servers) close(log *slog.Logger) {
	stop := func(what string, err error) {
		if err != nil {
			log.Warn("could not stop cleanly", "what", what, "error", err)
		}
	}
	if s.history != nil {
		stop("ClickHouse client", s.history.Close())
	}
	if s.live != nil {
		stop("Redis client", s.live.Close())
	}
	if s.clickHouse != nil {
		stop("ClickHouse", s.clickHouse.Close())
	}
	if s.redis != nil {
		stop("Redis", s.redis.Close())
	}
	if s.kafka != nil {
		stop("Kafka", s.kafka.Close())
	}
}
