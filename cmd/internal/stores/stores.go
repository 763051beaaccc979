// Package stores connects commands to the Redis and the ClickHouse of a pipeline.
package stores

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/redis/go-redis/v9"
	"github.com/spf13/pflag"

	"github.com/clicktally/clicktally/cmd/internal/process"
	"github.com/clicktally/clicktally/runtime/store"
)

// How Redis is set up, as spec.redis.mode of a pipeline spells it.
const (
	Standalone = "Standalone"
	Sentinel   = "Sentinel"
	Cluster    = "Cluster"
)

// clusterLook is the time between two looks at who holds what in a Redis Cluster. The client looks by itself when it
// is sent on, but not when a server refuses connections: with its default, after the death of a primary the live view
// stood for a minute, and the cluster had healed after 4 seconds.
const clusterLook = 2 * time.Second

// Flags say where the stores are. Credentials come from the environment under REDIS, REDIS_SENTINEL and CLICKHOUSE:
// see process.Credentials.
type Flags struct {
	Redis []string
	// RedisMode is Standalone, Sentinel or Cluster; empty is Standalone.
	RedisMode string
	// RedisMaster is the name that sentinels know the server by.
	RedisMaster string
	RedisTLS    process.TLS

	ClickHouse    []string
	HTTP          bool
	Database      string
	ClickHouseTLS process.TLS
	// ClickHouseCluster is the name of the cluster that the servers form, empty for one server.
	ClickHouseCluster string
}

// AddFlags declares them.
func (f *Flags) AddFlags(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.Redis, "redis", nil, "Redis addresses, or those of the sentinels, separated by commas (credentials: REDIS_USERNAME, REDIS_PASSWORD or ..._FILE; of sentinels: REDIS_SENTINEL_...)")
	flags.StringVar(&f.RedisMode, "redis-mode", Standalone, "Standalone, Sentinel or Cluster")
	flags.StringVar(&f.RedisMaster, "redis-master", "", "name that the sentinels know the server by")
	f.RedisTLS.AddFlags(flags, "redis")
	flags.StringSliceVar(&f.ClickHouse, "clickhouse", nil, "ClickHouse addresses; without one there is no history (credentials: CLICKHOUSE_USERNAME, CLICKHOUSE_PASSWORD or ..._FILE)")
	flags.BoolVar(&f.HTTP, "clickhouse-http", false, "speak HTTP to ClickHouse instead of the native protocol")
	flags.StringVar(&f.Database, "database", "clicktally", "ClickHouse database")
	flags.StringVar(&f.ClickHouseCluster, "clickhouse-cluster", "", "name of the cluster that the ClickHouse servers form; inserts then wait for a quorum of replicas (default: one server)")
	f.ClickHouseTLS.AddFlags(flags, "clickhouse")
}

// OpenRedis makes a client; it waits for no server. Passwords are read again at every connection, those of
// sentinels are not.
func (f *Flags) OpenRedis() (redis.UniversalClient, error) {
	if err := f.checkRedis(); err != nil {
		return nil, err
	}
	if _, _, err := process.Credentials("REDIS"); err != nil {
		return nil, err
	}
	config, err := f.RedisTLS.Config("redis")
	if err != nil {
		return nil, err
	}
	options := &redis.UniversalOptions{
		Addrs: f.Redis, MasterName: f.RedisMaster, TLSConfig: config,
		CredentialsProviderContext: func(context.Context) (string, string, error) { return process.Credentials("REDIS") },
	}
	if options.SentinelUsername, options.SentinelPassword, err = process.Credentials("REDIS_SENTINEL"); err != nil {
		return nil, err
	}
	if f.RedisMode == Cluster {
		cluster := options.Cluster()
		cluster.ClusterStateReloadInterval = clusterLook
		return redis.NewClusterClient(cluster), nil
	}
	return redis.NewUniversalClient(options), nil
}

func (f *Flags) checkRedis() error {
	if len(f.Redis) == 0 {
		return errors.New("--redis is needed")
	}
	switch mode := cmp.Or(f.RedisMode, Standalone); mode {
	case Standalone:
		if len(f.Redis) > 1 {
			return fmt.Errorf("--redis names %d servers: for a Redis Cluster add --redis-mode Cluster, for sentinels --redis-mode Sentinel", len(f.Redis))
		}
	case Sentinel:
		if f.RedisMaster == "" {
			return errors.New("--redis-mode Sentinel needs --redis-master, the name that the sentinels know the server by")
		}
		return nil
	case Cluster:
	default:
		return fmt.Errorf("--redis-mode %q: write Standalone, Sentinel or Cluster", mode)
	}
	if f.RedisMaster != "" {
		return errors.New("--redis-master is for --redis-mode Sentinel only")
	}
	return nil
}

// OpenClickHouse makes a connection, nil where no address was given; it waits for no server.
// connections bounds how many there are; 0 is the client's default.
func (f *Flags) OpenClickHouse(connections int) (driver.Conn, error) {
	if len(f.ClickHouse) == 0 {
		return nil, nil
	}
	options, err := f.clickHouseOptions()
	if err != nil {
		return nil, err
	}
	options.MaxOpenConns = connections
	conn, err := clickhouse.Open(options)
	if err != nil {
		return nil, fmt.Errorf("set up ClickHouse: %w", err)
	}
	return conn, nil
}

func (f *Flags) clickHouseOptions() (*clickhouse.Options, error) {
	username, password, err := process.Credentials("CLICKHOUSE")
	if err != nil {
		return nil, err
	}
	config, err := f.ClickHouseTLS.Config("clickhouse")
	if err != nil {
		return nil, err
	}
	protocol := clickhouse.Native
	if f.HTTP {
		protocol = clickhouse.HTTP
	}
	options := &clickhouse.Options{
		Addr: f.ClickHouse, Protocol: protocol, TLS: config,
		Auth: clickhouse.Auth{Username: username, Password: password},
	}
	if f.ClickHouseCluster != "" {
		options.Settings = store.ClusterSettings()
	}
	return options, nil
}
