package main

import (
	"context"
	_ "embed"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/config/crd"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
	"github.com/clicktally/clicktally/runtime/catalog/folder"
	"github.com/clicktally/clicktally/runtime/catalog/local"
	"github.com/clicktally/clicktally/runtime/catalog/publish"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/runtime/store/topics"
)

const (
	generation = 0
	partitions = 4
	// partnerToken proves the partner's server: the Secret of catalog.yaml.
	partnerToken = "only-for-the-fault-harness"
	// schemaWithin and publishedWithin bound the making of a pipeline on a busy machine.
	schemaWithin    = time.Minute
	publishedWithin = 2 * time.Minute
)

//go:embed catalog.yaml
var catalogText string

// pipeline is one set of topics and tables with its published catalog: what an operator would make.
type pipeline struct {
	prefix string // of topics; the database has the same name
	dir    string
	names  topics.Names
	stop   func()
}

// newPipeline makes topics, tables and keys, and publishes the catalog from a folder until stopped.
func newPipeline(ctx context.Context, st *stores, dir, prefix string) (*pipeline, error) {
	p := &pipeline{prefix: prefix, dir: dir, names: topics.Names{Prefix: prefix}}
	files := map[string]string{
		"catalog/catalog.yaml": strings.ReplaceAll(catalogText, "PREFIX", prefix),
		"sources/ads.partner":  partnerToken,
		"keys/click-id":        strings.Repeat("click-id-key-", 3),
		"keys/hash":            strings.Repeat("hash-key-", 4),
	}
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	ids, err := topics.Ensure(ctx, st.admin, p.names, topics.Config{Generation: generation, Partitions: partitions, Replication: st.replication})
	if err != nil {
		return nil, err
	}
	err = await(ctx, schemaWithin, "the tables", func() error {
		return store.EnsureSchema(ctx, st.history, prefix, store.Retention{}.WithDefaults())
	})
	if err != nil {
		return nil, err
	}
	return p, p.publish(ctx, st, ids)
}

// publish returns once the catalog is in its topic.
func (p *pipeline) publish(ctx context.Context, st *stores, ids topics.IDs) error {
	schema, err := crd.NewValidator()
	if err != nil {
		return err
	}
	events := p.names.Events(generation)
	eventsID := ids[events]
	first := make(chan local.Report, 1)
	running, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	var cause error // of the end
	go func() {
		defer close(ended)
		cause = local.Run(running, local.Config{
			Dirs: []string{filepath.Join(p.dir, "catalog")}, Schema: schema,
			Publish: publish.Config{
				Options: []kgo.Opt{kgo.SeedBrokers(st.seeds...)}, Topic: p.names.Catalog(), TransactionalID: p.names.Publisher(),
				Cluster: "faults", Object: "clicktally/main",
			},
			Prepare: func(_ context.Context, set *folder.Set) error {
				set.Objects.Standalone = true // one tracker name, whatever its address
				set.Objects.Topics = nil
				for name, id := range ids {
					set.Objects.Topics = append(set.Objects.Topics, &catalogpb.TopicID{Topic: name, Id: id[:]})
				}
				set.Objects.Generations = []*catalogpb.Generation{{Number: generation, Topic: events, Partitions: partitions, TopicId: eventsID[:]}}
				return nil
			},
			Report: func(r local.Report) {
				select {
				case first <- r:
				default:
				}
			},
			Log: slog.New(slog.DiscardHandler),
		})
	}()
	p.stop = func() { cancel(); <-ended }
	select {
	case r := <-first:
		for _, problem := range r.Problems {
			if problem.Severity == compile.Error {
				err = fmt.Errorf("the harness's catalog: %s", problem)
			}
		}
		if err == nil {
			err = r.Err
		}
	case <-ended:
		err = fmt.Errorf("the publisher of the catalog ended: %w", cause)
	case <-time.After(publishedWithin):
		err = fmt.Errorf("the catalog was not published within %v", publishedWithin)
	}
	if err != nil {
		p.stop()
	}
	return err
}
