package local_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/clicktally/clicktally/config/crd"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/folder"
	"github.com/clicktally/clicktally/runtime/catalog/follow"
	"github.com/clicktally/clicktally/runtime/catalog/internal/catalogtest"
	"github.com/clicktally/clicktally/runtime/catalog/local"
	"github.com/clicktally/clicktally/runtime/catalog/publish"
)

const platform = `apiVersion: clicktally.dev/v1alpha1
kind: AggregationPipeline
metadata: {name: main, namespace: clicktally}
spec:
  kafka: {bootstrapServers: ["kafka:9092"]}
  redis: {addresses: ["redis:6379"]}
  clickHouse: {addresses: ["clickhouse:9000"]}
---
apiVersion: clicktally.dev/v1alpha1
kind: Tracker
metadata: {name: eu, namespace: clicktally}
spec:
  pipelineRef: {name: main}
  domains: [t.example.com]
  fallbackURL: https://www.example.com/
  replicas: 1
  allowedCampaigns: {namespaces: {from: Names, names: [ads]}}
  destinations: {allowedHosts: ["*.example.org"]}
`

func campaign(name, url string) string {
	return `apiVersion: clicktally.dev/v1alpha1
kind: Campaign
metadata: {name: ` + name + `, namespace: ads}
spec:
  trackerRefs: [{name: eu, namespace: clicktally}]
  advertiser: adv-789
  offerPageURL: ` + url + "\n"
}

// validator is shared: its rules are compiled once.
var validator = sync.OnceValues(crd.NewValidator)

// system is a folder, its source, and a follower at the other end.
type system struct {
	t       *testing.T
	dir     string
	cluster *catalogtest.Cluster
	*follow.Follower

	mu      sync.Mutex
	reports []local.Report
	stop    func() error
}

func start(t *testing.T) *system {
	s := &system{t: t, dir: t.TempDir(), cluster: catalogtest.Start(t)}
	s.write("platform.yaml", platform)
	s.write("a.yaml", campaign("a", "https://shop.example.org/1"))
	s.write("b.yaml", campaign("b", "https://shop.example.org/1"))
	s.Follower = follow.New(follow.Config{
		Options: s.cluster.Options, Topic: catalogtest.Topic, Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(t.Context())
	var following sync.WaitGroup
	following.Go(func() { _ = s.Follower.Run(ctx) }) // Run never fails
	t.Cleanup(func() { cancel(); following.Wait() })
	t.Cleanup(func() {
		if t.Failed() {
			s.describe()
		}
	})
	s.run()
	return s
}

// describe says what a failed test had seen.
func (s *system) describe() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.reports {
		s.t.Logf("report: changed %v at %d, err %v, problems %v", r.Changed, r.Offset, r.Err, r.Problems)
	}
	if c := s.Current(); c != nil {
		s.t.Logf("the follower is at offset %d", c.Offset())
	}
}

// run starts the source; stop ends it and returns its error.
func (s *system) run() {
	schema, err := validator()
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- local.Run(ctx, local.Config{
			Dirs: []string{s.dir}, Schema: schema, Publish: s.cluster.Config(), Log: slog.New(slog.DiscardHandler),
			Prepare: func(_ context.Context, set *folder.Set) error {
				set.Objects.Standalone = true
				set.Objects.Generations = []*catalogpb.Generation{{Number: 1, Topic: "ct.events.1", Partitions: 4}}
				return nil
			},
			Report: func(r local.Report) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.reports = append(s.reports, r)
			},
		})
	}()
	s.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	s.t.Cleanup(func() { _ = s.stop() })
}

func (s *system) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path+".tmp", []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		s.t.Fatal(err)
	}
}

func (s *system) awaitServed(id, url string) {
	s.t.Helper()
	catalogtest.Eventually(s.t, id+" to be served as "+url, func() bool {
		c := s.Current()
		if c == nil || c.Campaign(id) == nil {
			return c != nil && url == ""
		}
		return c.Campaign(id).OfferPage.String() == url
	})
}

// awaitProblem waits for a report with a problem that contains text.
func (s *system) awaitProblem(text string) {
	s.t.Helper()
	catalogtest.Eventually(s.t, "a problem "+text, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, r := range s.reports {
			for _, p := range r.Problems {
				if strings.Contains(p.String(), text) {
					return true
				}
			}
		}
		return false
	})
}

func TestAnEditInTheFolderIsServed(t *testing.T) {
	s := start(t)
	s.awaitServed("a", "https://shop.example.org/1")
	if s.Current().GenerationAt(0).GetTopic() != "ct.events.1" || s.Current().Tracker("clicktally/eu") == nil {
		t.Error("generation or tracker is missing")
	}
	s.awaitProblem("platform.yaml:16: spec.replicas: has no effect in this version: standalone is one process")
	s.write("a.yaml", campaign("a", "https://shop.example.org/2"))
	s.awaitServed("a", "https://shop.example.org/2")
	if got := s.Current().Campaign("a").Generation; got != 2 {
		t.Errorf("generation %d, want 2", got)
	}
	if err := os.Remove(filepath.Join(s.dir, "a.yaml")); err != nil {
		t.Fatal(err)
	}
	s.awaitServed("a", "")
	if ns, ok := s.Current().Released("a"); !ok || ns != "ads" {
		t.Error("the id of a deleted campaign is not released")
	}
	if err := s.stop(); err != nil {
		t.Errorf("the source ended with %v", err)
	}
}

func TestABrokenCampaignKeepsItsLastFormAndLeavesTheOthers(t *testing.T) {
	for name, broken := range map[string]struct{ text, problem string }{
		"YAML":           {"][", "a.yaml:1: not valid YAML"},
		"schema":         {campaign("a", "https://shop.example.org/2") + "  state: Stopped\n", "a.yaml:8: spec.state: "},
		"what it may do": {campaign("a", "https://shop.example.net/2"), `a.yaml:7: spec.offerPageURL: host "shop.example.net" is not among tracker clicktally/eu's allowedHosts`},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			s.awaitServed("a", "https://shop.example.org/1")
			s.write("a.yaml", broken.text)
			s.awaitProblem(broken.problem)
			s.write("b.yaml", campaign("b", "https://shop.example.org/2"))
			s.awaitServed("b", "https://shop.example.org/2")
			s.awaitServed("a", "https://shop.example.org/1")

			// A restart has no memory but the log, and agrees.
			if err := s.stop(); err != nil {
				t.Fatal(err)
			}
			end := s.cluster.End(t)
			s.mu.Lock()
			s.reports = nil
			s.mu.Unlock()
			s.run()
			s.awaitProblem(broken.problem)
			if got := s.cluster.End(t); got != end {
				t.Errorf("the restart wrote to the log: end %d, was %d", got, end)
			}
			s.write("a.yaml", campaign("a", "https://shop.example.org/3"))
			s.awaitServed("a", "https://shop.example.org/3")
		})
	}
}

func TestAWithdrawnGrantTakesEffectAtOnce(t *testing.T) {
	s := start(t)
	s.awaitServed("a", "https://shop.example.org/1")
	s.write("a.yaml", "][") // even while the campaign itself cannot be read
	s.awaitProblem("a.yaml:1: not valid YAML")
	s.write("platform.yaml", strings.Replace(platform, "names: [ads]", "names: [other]", 1))
	s.awaitServed("a", "")
	s.awaitServed("b", "")
	s.awaitProblem(`b.yaml:5: spec.trackerRefs[0]: tracker clicktally/eu does not admit namespace "ads"`)
}

func TestASecondSourceEndsTheFirst(t *testing.T) {
	s := start(t)
	s.awaitServed("a", "https://shop.example.org/1")
	_ = s.cluster.Publisher(t)
	s.write("a.yaml", campaign("a", "https://shop.example.org/2"))
	catalogtest.Eventually(t, "the end of the first source", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return errors.Is(s.reports[len(s.reports)-1].Err, publish.ErrFenced)
	})
	if err := s.stop(); !errors.Is(err, publish.ErrFenced) {
		t.Errorf("the first source ended with %v", err)
	}
}

func TestASourceGoesOnAfterARepairOfTheCatalog(t *testing.T) {
	s := start(t)
	s.awaitServed("a", "https://shop.example.org/1")
	err := publish.Repair(t.Context(), s.cluster.Config(), func(records map[string]*catalogpb.Record) ([]*catalogpb.Record, error) {
		raised := records["pipeline"].CloneVT()
		raised.GetPipeline().Epoch = 7
		catalog.SetDigest(raised)
		return []*catalogpb.Record{raised}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.write("a.yaml", campaign("a", "https://shop.example.org/2"))
	s.awaitServed("a", "https://shop.example.org/2")
	if got := s.Current().Pipeline().GetEpoch(); got != 7 {
		t.Errorf("the source went on under epoch %d, want the raised one, 7", got)
	}
}
