package process

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/clicktally/clicktally/runtime/catalog/follow"
	"github.com/clicktally/clicktally/runtime/store/topics"
)

// checkTimeout bounds one look at what Kafka lets us do.
const checkTimeout = 15 * time.Second

// Kafka says where the pipeline's log is. Credentials come from the environment: see Credentials.
type Kafka struct {
	Servers []string
	Prefix  string
	// DataDir keeps the copy of the catalog over a restart; empty: none is kept.
	DataDir string
	// Mechanism is how to log in where there are credentials; empty: KAFKA_MECHANISM.
	Mechanism string
	TLS       TLS

	credentials func() (username, password string, err error) // nil: from the environment
}

// AddFlags declares the flags of Kafka.
func (k *Kafka) AddFlags(flags *pflag.FlagSet) {
	flags.StringSliceVar(&k.Servers, "kafka", nil, "Kafka bootstrap servers, separated by commas (credentials: KAFKA_USERNAME, KAFKA_PASSWORD or ..._FILE)")
	flags.StringVar(&k.Mechanism, "kafka-mechanism", "", "how to log in to Kafka: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512 (default: KAFKA_MECHANISM)")
	k.TLS.AddFlags(flags, "kafka")
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
	options := []kgo.Opt{kgo.SeedBrokers(k.Servers...)}
	config, err := k.TLS.Config("kafka")
	if err != nil {
		return nil, err
	}
	if config != nil {
		options = append(options, kgo.DialTLSConfig(config))
	}
	username, _, err := k.login()
	if err != nil {
		return nil, err
	}
	mechanism := cmp.Or(k.Mechanism, os.Getenv("KAFKA_MECHANISM"))
	if username == "" {
		if mechanism != "" {
			return nil, fmt.Errorf("kafka mechanism %s without a user: set KAFKA_USERNAME or KAFKA_USERNAME_FILE", mechanism)
		}
		return options, nil
	}
	method, err := k.loginBy(mechanism)
	if err != nil {
		return nil, err
	}
	return append(options, kgo.SASL(method)), nil
}

func (k *Kafka) login() (username, password string, err error) {
	if k.credentials != nil {
		return k.credentials()
	}
	return Credentials("KAFKA")
}

// loginBy reads the credentials again at every login, so that a changed password needs no restart.
func (k *Kafka) loginBy(mechanism string) (sasl.Mechanism, error) {
	secret := func(context.Context) (scram.Auth, error) {
		username, password, err := k.login()
		return scram.Auth{User: username, Pass: password}, err
	}
	switch mechanism {
	case "PLAIN":
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			username, password, err := k.login()
			return plain.Auth{User: username, Pass: password}, err
		}), nil
	case "SCRAM-SHA-256":
		return scram.Sha256(secret), nil
	case "SCRAM-SHA-512":
		return scram.Sha512(secret), nil
	}
	return nil, fmt.Errorf("kafka mechanism is %q: write PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512 into --kafka-mechanism or KAFKA_MECHANISM", mechanism)
}

// Check asks Kafka once whether it lets us in, and do what the role needs.
func (k *Kafka) Check(ctx context.Context, role topics.Role) error {
	options, err := k.Options()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	client, err := kgo.NewClient(append(options, kgo.RequestRetries(2), kgo.RetryTimeout(checkTimeout))...)
	if err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	defer client.Close()
	username, _, err := k.login()
	if err != nil {
		return err
	}
	principals := map[topics.Role]string{}
	if username != "" {
		principals[role] = "User:" + username
	}
	needs := topics.ACLsOf(topics.ACLs(k.Topics(), principals), role)
	if err := topics.CheckAccess(ctx, kadm.NewClient(client), needs); err != nil {
		return fmt.Errorf("kafka at %v: %w", k.Servers, err)
	}
	return nil
}

// LogCheck says in the log what Check finds. It ends no process: a tracker redirects from its copy of the
// catalog whatever Kafka says, and a right may be granted while everything runs.
func (k *Kafka) LogCheck(ctx context.Context, role topics.Role, log *slog.Logger) {
	if err := k.Check(ctx, role); err != nil && ctx.Err() == nil {
		log.Error("kafka is not as this process needs it", "role", string(role), "error", err)
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
