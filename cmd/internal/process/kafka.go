package process

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/clicktally/clicktally/runtime/catalog/follow"
	"github.com/clicktally/clicktally/runtime/store/topics"
)

// Kafka says where the pipeline's log is. Credentials come from the environment: see Credentials.
type Kafka struct {
	Servers []string
	Prefix  string
	// DataDir keeps the copy of the catalog over a restart; empty: none is kept.
	DataDir string
}

// AddFlags declares the flags of Kafka.
func (k *Kafka) AddFlags(flags *pflag.FlagSet) {
	flags.StringSliceVar(&k.Servers, "kafka", nil, "Kafka bootstrap servers, separated by commas (credentials: KAFKA_USERNAME, KAFKA_PASSWORD or ..._FILE, and KAFKA_MECHANISM)")
	flags.StringVar(&k.Prefix, "topic-prefix", "clicktally", "spec.kafka.topicPrefix of the pipeline")
	flags.StringVar(&k.DataDir, "data-dir", "", "folder for the copy of the catalog; empty: none is kept")
}

// Topics are the pipeline's.
func (k *Kafka) Topics() topics.Names { return topics.Names{Prefix: k.Prefix} }

// Options reach the brokers.
func (k *Kafka) Options() ([]kgo.Opt, error) {
	if len(k.Servers) == 0 {
		return nil, errors.New("--kafka is needed")
	}
	username, password, err := Credentials("KAFKA")
	if err != nil {
		return nil, err
	}
	options := []kgo.Opt{kgo.SeedBrokers(k.Servers...)}
	if username == "" {
		return options, nil
	}
	switch mechanism := os.Getenv("KAFKA_MECHANISM"); mechanism {
	case "PLAIN":
		return append(options, kgo.SASL(plain.Auth{User: username, Pass: password}.AsMechanism())), nil
	case "SCRAM-SHA-256":
		return append(options, kgo.SASL(scram.Auth{User: username, Pass: password}.AsSha256Mechanism())), nil
	case "SCRAM-SHA-512":
		return append(options, kgo.SASL(scram.Auth{User: username, Pass: password}.AsSha512Mechanism())), nil
	default:
		return nil, fmt.Errorf("KAFKA_MECHANISM is %q: write PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", mechanism)
	}
}

// Follower follows the pipeline's catalog.
func (k *Kafka) Follower(log *slog.Logger) (*follow.Follower, error) {
	options, err := k.Options()
	if err != nil {
		return nil, err
	}
	config := follow.Config{Options: options, Topic: k.Topics().Catalog(), Log: log}
	if k.DataDir != "" {
		config.CacheFile = filepath.Join(k.DataDir, "catalog")
	}
	return follow.New(config), nil
}
