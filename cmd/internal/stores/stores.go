// Package stores connects commands to the Redis and the ClickHouse of a pipeline.
package stores

import (
	"errors"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/redis/go-redis/v9"
	"github.com/spf13/pflag"

	"github.com/clicktally/clicktally/cmd/internal/process"
)

// Flags say where the stores are. Credentials come from the environment under REDIS and CLICKHOUSE:
// see process.Credentials.
type Flags struct {
	Redis, ClickHouse []string
	HTTP              bool
	Database          string
}

// AddFlags declares them.
func (f *Flags) AddFlags(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.Redis, "redis", nil, "Redis addresses, separated by commas; more than one is a Cluster (credentials: REDIS_USERNAME, REDIS_PASSWORD or ..._FILE)")
	flags.StringSliceVar(&f.ClickHouse, "clickhouse", nil, "ClickHouse addresses; without one there is no history (credentials: CLICKHOUSE_USERNAME, CLICKHOUSE_PASSWORD or ..._FILE)")
	flags.BoolVar(&f.HTTP, "clickhouse-http", false, "speak HTTP to ClickHouse instead of the native protocol")
	flags.StringVar(&f.Database, "database", "clicktally", "ClickHouse database")
}

// OpenRedis makes a client; it waits for no server.
func (f *Flags) OpenRedis() (redis.UniversalClient, error) {
	if len(f.Redis) == 0 {
		return nil, errors.New("--redis is needed")
	}
	username, password, err := process.Credentials("REDIS")
	if err != nil {
		return nil, err
	}
	return redis.NewUniversalClient(&redis.UniversalOptions{Addrs: f.Redis, Username: username, Password: password}), nil
}

// OpenClickHouse makes a connection, nil where no address was given; it waits for no server.
// connections bounds how many there are; 0 is the client's default.
func (f *Flags) OpenClickHouse(connections int) (driver.Conn, error) {
	if len(f.ClickHouse) == 0 {
		return nil, nil
	}
	username, password, err := process.Credentials("CLICKHOUSE")
	if err != nil {
		return nil, err
	}
	protocol := clickhouse.Native
	if f.HTTP {
		protocol = clickhouse.HTTP
	}
	conn, err := clickhouse.Open(&clickhouse.Options{
		Addr: f.ClickHouse, Protocol: protocol, MaxOpenConns: connections,
		Auth: clickhouse.Auth{Username: username, Password: password},
	})
	if err != nil {
		return nil, fmt.Errorf("set up ClickHouse: %w", err)
	}
	return conn, nil
}
