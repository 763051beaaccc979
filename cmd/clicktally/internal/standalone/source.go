package standalone

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/config/crd"
	"github.com/clicktally/clicktally/runtime/catalog/announce"
	"github.com/clicktally/clicktally/runtime/catalog/folder"
	"github.com/clicktally/clicktally/runtime/catalog/local"
	"github.com/clicktally/clicktally/runtime/catalog/publish"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/runtime/store/topics"
)

const (
	// forever keeps the embedded log whole: what is stored there is the only copy.
	forever = -1 * time.Millisecond
	// tokenKey is the key of a Secret that holds a traffic source's token.
	tokenKey = "token"
)

// source is the folder in place of the operator: it makes topics and tables for the folder's
// pipeline, publishes the catalog and hands secrets over.
type source struct {
	config    *Config
	servers   *servers
	keys      keys
	schema    *crd.Validator
	log       *slog.Logger
	pipeline  *v1alpha1.AggregationPipeline
	topics    topics.Names
	announcer *announce.Announcer
}

// newSource reads the folder once and makes ready what its pipeline needs.
func newSource(ctx context.Context, c *Config, s *servers, k keys, log *slog.Logger) (*source, error) {
	schema, err := crd.NewValidator()
	if err != nil {
		return nil, err
	}
	src := &source{config: c, servers: s, keys: k, schema: schema, log: log}
	set := (&folder.Loader{Schema: schema}).Load(ctx, c.Dirs...)
	if src.pipeline = local.Pipeline(set); src.pipeline == nil {
		for _, p := range set.Problems {
			fmt.Fprintln(c.Out, p)
		}
		return nil, fmt.Errorf("no AggregationPipeline in %v: standalone needs one, and a Tracker; see config/samples", c.Dirs)
	}
	src.topics = topics.Names{Prefix: src.pipeline.Spec.Kafka.TopicPrefix}
	if err := src.startTopics(ctx); err != nil {
		return nil, err
	}
	if s.history != nil {
		if err := store.EnsureSchema(ctx, s.history, src.database(), src.retention()); err != nil {
			return nil, err
		}
	}
	return src, nil
}

func (s *source) database() string { return string(s.pipeline.Spec.ClickHouse.Database) }

func (s *source) retention() store.Retention {
	r := s.pipeline.Spec.Retention
	if r == nil {
		return store.Retention{}.WithDefaults()
	}
	return store.Retention{
		RawDays: int(r.RawDays), AggregateDays: int(r.AggregateDays), FraudLogDays: int(r.FraudLogDays),
	}.WithDefaults()
}

// run publishes the folder and every change in it until ctx ends.
func (s *source) run(ctx context.Context, report func(local.Report)) error {
	return local.Run(ctx, local.Config{
		Dirs:   s.config.Dirs,
		Schema: s.schema,
		Publish: publish.Config{
			Options: s.servers.brokers(), Topic: s.topics.Catalog(), TransactionalID: s.topics.Publisher(),
			Cluster: s.keys.installation, Object: s.pipeline.Namespace + "/" + s.pipeline.Name,
		},
		Prepare: s.prepare,
		Report:  report,
		Log:     s.log,
	})
}

// prepare adds what a folder cannot know, and puts the tokens of traffic sources where trackers read them.
func (s *source) prepare(ctx context.Context, set *folder.Set) error {
	set.Objects.Standalone = true
	if err := s.announcer.Look(ctx); err != nil {
		return err
	}
	if err := s.announcer.Complete(ctx, &set.Objects, local.Pipeline(set)); err != nil {
		return err
	}
	return s.projectSecrets(set)
}

// projectSecrets writes the token of every traffic source to a file of its own, as the operator
// projects it into a tracker's pod.
func (s *source) projectSecrets(set *folder.Set) error {
	dir := s.config.sourcesDir()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("tokens of traffic sources: %w", err)
	}
	wanted := map[string]bool{}
	for _, ts := range set.Objects.Sources {
		name := ts.Namespace + "." + ts.Name
		token := []byte(TokenOf(set, ts))
		if len(token) == 0 {
			continue
		}
		wanted[name] = true
		path := filepath.Join(dir, name)
		if there, err := os.ReadFile(path); err == nil && string(there) == string(token) {
			continue
		}
		if err := replaceFile(path, token); err != nil {
			return fmt.Errorf("token of traffic source %s/%s: %w", ts.Namespace, ts.Name, err)
		}
	}
	if !set.Objects.Complete {
		return nil
	}
	return removeOthers(dir, wanted)
}

// removeOthers takes away the tokens that no source of a folder that was read as a whole has any more.
func removeOthers(dir string, wanted map[string]bool) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("tokens of traffic sources: %w", err)
	}
	for _, f := range files {
		if wanted[f.Name()] {
			continue
		}
		if err := os.Remove(filepath.Join(dir, f.Name())); err != nil {
			return fmt.Errorf("tokens of traffic sources: %w", err)
		}
	}
	return nil
}

// TokenOf is the token that a source's secret holds, empty without one.
func TokenOf(set *folder.Set, ts *v1alpha1.TrafficSource) string {
	if ts.Spec.Postback == nil || ts.Spec.Postback.Auth == nil {
		return ""
	}
	return string(set.Secrets[ts.Namespace+"/"+string(ts.Spec.Postback.Auth.SecretRef.Name)][tokenKey])
}
