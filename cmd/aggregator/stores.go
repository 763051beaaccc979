package main

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/clicktally/clicktally/runtime/aggregate"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/runtime/store/topics"
)

type options struct {
	kafka, prefix, redis, clickhouse, protocol, database, admin string
	generation, epoch                                           uint
	retention                                                   store.Retention
}

func parse(args []string) (*options, error) {
	o := &options{}
	flags := flag.NewFlagSet("aggregator", flag.ContinueOnError)
	flags.StringVar(&o.kafka, "kafka", "", "bootstrap servers, separated by commas")
	flags.StringVar(&o.prefix, "topic-prefix", "ct", "prefix of the pipeline's topics and Redis keys")
	flags.StringVar(&o.redis, "redis", "", "Redis addresses, separated by commas; more than one is a cluster")
	flags.StringVar(&o.clickhouse, "clickhouse", "", "ClickHouse addresses, separated by commas")
	flags.StringVar(&o.protocol, "clickhouse-protocol", "native", "native or http")
	flags.StringVar(&o.database, "database", "clicktally", "ClickHouse database")
	flags.StringVar(&o.admin, "admin-listen", ":9090", "address of /healthz, /readyz and /metrics")
	flags.UintVar(&o.generation, "generation", 0, "generation of event partitions to count")
	flags.UintVar(&o.epoch, "epoch", 0, "epoch of computed rows, from the pipeline")
	flags.IntVar(&o.retention.RawDays, "raw-days", 90, "days that raw events and minute rows are kept")
	flags.IntVar(&o.retention.AggregateDays, "aggregate-days", 730, "days that aggregates are kept")
	flags.IntVar(&o.retention.FraudLogDays, "fraud-log-days", 365, "days that flagged clicks are kept")
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "Usage of aggregator:")
		flags.PrintDefaults()
		fmt.Fprintln(flags.Output(), "Credentials: KAFKA_, REDIS_ and CLICKHOUSE_ followed by USERNAME and PASSWORD, or by\n"+
			"USERNAME_FILE and PASSWORD_FILE naming a mounted file; KAFKA_MECHANISM is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.")
	}
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	switch {
	case o.kafka == "" || o.redis == "" || o.clickhouse == "" || flags.NArg() > 0:
		return nil, errors.New("--kafka, --redis and --clickhouse are needed, and flags alone")
	case o.protocol != "native" && o.protocol != "http":
		return nil, fmt.Errorf("--clickhouse-protocol is %q: write native or http", o.protocol)
	case o.generation > math.MaxUint16 || o.epoch > math.MaxUint16:
		return nil, fmt.Errorf("--generation and --epoch are at most %d", math.MaxUint16)
	}
	return o, nil
}

// connect makes the clients; none of them waits for its server.
func connect(o *options) (aggregate.Config, func(), error) {
	cfg := aggregate.Config{
		Topics: topics.Names{Prefix: o.prefix}, Generation: uint32(o.generation), Epoch: uint16(o.epoch),
		Database: o.database, Retention: o.retention,
	}
	login, err := kafkaLogin()
	if err != nil {
		return cfg, nil, err
	}
	cfg.Kafka = append(login, kgo.SeedBrokers(strings.Split(o.kafka, ",")...))
	username, password, err := credentials("REDIS")
	if err != nil {
		return cfg, nil, err
	}
	cfg.Redis = redis.NewUniversalClient(&redis.UniversalOptions{Addrs: strings.Split(o.redis, ","), Username: username, Password: password})
	if username, password, err = credentials("CLICKHOUSE"); err != nil {
		return cfg, nil, err
	}
	protocol := clickhouse.Native
	if o.protocol == "http" {
		protocol = clickhouse.HTTP
	}
	cfg.ClickHouse, err = clickhouse.Open(&clickhouse.Options{
		Protocol: protocol, Addr: strings.Split(o.clickhouse, ","), Auth: clickhouse.Auth{Username: username, Password: password},
	})
	if err != nil {
		return cfg, nil, fmt.Errorf("connect to ClickHouse: %w", err)
	}
	return cfg, func() { _ = errors.Join(cfg.Redis.Close(), cfg.ClickHouse.Close()) }, nil
}

func kafkaLogin() ([]kgo.Opt, error) {
	username, password, err := credentials("KAFKA")
	if err != nil || username == "" {
		return nil, err
	}
	switch mechanism := os.Getenv("KAFKA_MECHANISM"); mechanism {
	case "PLAIN":
		return []kgo.Opt{kgo.SASL(plain.Auth{User: username, Pass: password}.AsMechanism())}, nil
	case "SCRAM-SHA-256":
		return []kgo.Opt{kgo.SASL(scram.Auth{User: username, Pass: password}.AsSha256Mechanism())}, nil
	case "SCRAM-SHA-512":
		return []kgo.Opt{kgo.SASL(scram.Auth{User: username, Pass: password}.AsSha512Mechanism())}, nil
	default:
		return nil, fmt.Errorf("KAFKA_MECHANISM is %q: write PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", mechanism)
	}
}

// credentials reads <store>_USERNAME and <store>_PASSWORD, or the files that ..._FILE name.
func credentials(store string) (username, password string, err error) {
	for name, to := range map[string]*string{"USERNAME": &username, "PASSWORD": &password} {
		*to = os.Getenv(store + "_" + name)
		path := os.Getenv(store + "_" + name + "_FILE")
		if path == "" {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return "", "", fmt.Errorf("read the credentials of %s: %w", store, err)
		}
		*to = strings.TrimSpace(string(content))
	}
	return username, password, nil
}
