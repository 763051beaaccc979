package follow_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/follow"
	"github.com/clicktally/clicktally/runtime/catalog/internal/catalogtest"
	"github.com/clicktally/clicktally/runtime/catalog/publish"
	"github.com/clicktally/clicktally/test/servers"
)

const url = "https://shop.example.org/"

// onEach runs test on the Kafka in process and on a real broker.
func onEach(t *testing.T, test func(*testing.T, *catalogtest.Cluster)) {
	t.Run("kfake", func(t *testing.T) { test(t, catalogtest.Start(t)) })
	t.Run("broker", func(t *testing.T) { test(t, catalogtest.On(t, servers.Broker(t), servers.Prefix(t))) })
}

// start runs a follower; stop ends it and waits, and the test's end does too.
func start(t *testing.T, config follow.Config) (f *follow.Follower, stop func()) {
	t.Helper()
	if config.Topic == "" {
		config.Topic = catalogtest.Topic
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	f = follow.New(config)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := f.Run(ctx); err != nil {
			t.Errorf("follower ended with %v", err)
		}
	})
	stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(stop)
	return f, stop
}

func publishAll(t *testing.T, p *publish.Publisher, deleted []string, records ...*catalogpb.Record) publish.Outcome {
	t.Helper()
	outcome, err := p.Publish(t.Context(), publish.Batch{
		Records: append([]*catalogpb.Record{catalogtest.Pipeline()}, records...), Deleted: deleted,
	})
	if err != nil {
		t.Fatal(err)
	}
	return outcome
}

func serves(f *follow.Follower, id, want string) func() bool {
	return func() bool {
		c := f.Current()
		if c == nil || c.Campaign(id) == nil {
			return c != nil && want == ""
		}
		return c.Campaign(id).OfferPage.String() == want
	}
}

func TestAnEditIsServedAndADeletionToo(t *testing.T) {
	onEach(t, func(t *testing.T, cluster *catalogtest.Cluster) {
		p := cluster.Publisher(t)
		publishAll(t, p, nil, catalogtest.Campaign("a", url))
		var swaps []int64
		f, stop := start(t, follow.Config{Options: cluster.Options, Topic: cluster.Topic, OnSwap: func(c *catalog.Catalog) { swaps = append(swaps, c.Offset()) }})
		catalogtest.Eventually(t, "first catalog", f.Ready)
		if !serves(f, "a", url)() || !f.Synced() || f.LastContact().IsZero() {
			t.Fatalf("the first catalog lacks the campaign")
		}
		outcome := publishAll(t, p, nil, catalogtest.Campaign("a", url+"2"))
		catalogtest.Eventually(t, "the edit", serves(f, "a", url+"2"))
		if got := f.Current().Offset(); got < outcome.Offset {
			t.Errorf("applied offset %d, the record has %d", got, outcome.Offset)
		}
		publishAll(t, p, []string{"campaign/a"})
		catalogtest.Eventually(t, "the deletion", serves(f, "a", ""))
		if ns, ok := f.Current().Released("a"); !ok || ns != "ads" {
			t.Errorf("the id is not released: %q %v", ns, ok)
		}
		stop()
		for i := 1; i < len(swaps); i++ {
			if swaps[i] <= swaps[i-1] {
				t.Errorf("swaps went from offset %d to %d", swaps[i-1], swaps[i])
			}
		}
		if len(swaps) < 3 {
			t.Errorf("%d swaps were told of, want at least 3", len(swaps))
		}
	})
}

func TestALogWithoutNewsIsInContact(t *testing.T) {
	onEach(t, func(t *testing.T, cluster *catalogtest.Cluster) {
		publishAll(t, cluster.Publisher(t), nil, catalogtest.Campaign("a", url))
		options := append([]kgo.Opt{kgo.FetchMaxWait(20 * time.Millisecond)}, cluster.Options...)
		f, _ := start(t, follow.Config{Options: options, Topic: cluster.Topic})
		catalogtest.Eventually(t, "first catalog", f.Synced)
		first := f.LastContact()
		catalogtest.Eventually(t, "contact goes on while nothing is published", func() bool { return f.LastContact().After(first) })
		current := f.AsOf()
		catalogtest.Eventually(t, "so does the time as of which the catalog is", func() bool { return f.AsOf().After(current) })
	})
}

func TestAnAbortedTransactionIsInvisible(t *testing.T) {
	onEach(t, func(t *testing.T, cluster *catalogtest.Cluster) {
		p := cluster.Publisher(t)
		publishAll(t, p, nil, catalogtest.Campaign("a", url))
		f, _ := start(t, follow.Config{Options: cluster.Options, Topic: cluster.Topic})
		catalogtest.Eventually(t, "first catalog", f.Ready)

		other, err := kgo.NewClient(append([]kgo.Opt{
			kgo.TransactionalID("somebody-else"), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		}, cluster.Options...)...)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		value, err := catalogtest.Campaign("aborted", url).MarshalVT()
		if err != nil {
			t.Fatal(err)
		}
		if err := other.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		record := &kgo.Record{Topic: cluster.Topic, Key: []byte("campaign/aborted"), Value: value}
		if err := other.ProduceSync(t.Context(), record).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := other.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
			t.Fatal(err)
		}
		publishAll(t, p, nil, catalogtest.Campaign("b", url))
		catalogtest.Eventually(t, "what was committed after it", serves(f, "b", url))
		if f.Current().Campaign("aborted") != nil {
			t.Error("an aborted record is served")
		}
		late, _ := start(t, follow.Config{Options: cluster.Options, Topic: cluster.Topic})
		catalogtest.Eventually(t, "a follower that starts later", late.Ready)
		if late.Current().Campaign("aborted") != nil || late.Current().Campaign("b") == nil {
			t.Error("a follower that starts later sees something else")
		}
	})
}

func TestWhatCannotBeLoadedIsKeptOutAndReported(t *testing.T) {
	onEach(t, func(t *testing.T, cluster *catalogtest.Cluster) {
		p := cluster.Publisher(t)
		publishAll(t, p, nil, catalogtest.Campaign("a", url), catalogtest.Campaign("b", url), catalogtest.Campaign("c", url))
		f, _ := start(t, follow.Config{Options: cluster.Options, Topic: cluster.Topic})
		catalogtest.Eventually(t, "first catalog", f.Ready)

		newer := catalogtest.Campaign("a", url+"newer")
		newer.Needs = catalog.Level + 1
		value, err := newer.MarshalVT()
		if err != nil {
			t.Fatal(err)
		}
		cluster.Write(t, "campaign/a", value)
		cluster.Write(t, "campaign/b", []byte{0xff, 0xff})
		broken, err := catalogtest.Campaign("c", url+"{nonsense}").MarshalVT()
		if err != nil {
			t.Fatal(err)
		}
		cluster.Write(t, "campaign/c", broken)
		want := []string{"campaign/a", "campaign/b", "campaign/c"}
		catalogtest.Eventually(t, "three rejections", func() bool { return cmp.Equal(f.Rejected(), want) })
		for _, id := range []string{"a", "b", "c"} {
			if !serves(f, id, url)() {
				t.Errorf("campaign %s is not served as before", id)
			}
		}
		good, err := catalogtest.Campaign("b", url+"good").MarshalVT()
		if err != nil {
			t.Fatal(err)
		}
		cluster.Write(t, "campaign/b", good)
		catalogtest.Eventually(t, "the corrected record", serves(f, "b", url+"good"))
		if diff := cmp.Diff([]string{"campaign/a", "campaign/c"}, f.Rejected()); diff != "" {
			t.Errorf("rejections after the correction:\n%s", diff)
		}
		upgraded, _ := start(t, follow.Config{Options: cluster.Options, Topic: cluster.Topic, Level: catalog.Level + 1})
		catalogtest.Eventually(t, "a newer reader", serves(upgraded, "a", url+"newer"))
	})
}

func TestAStaleCopyServesAndIsReplacedNotMerged(t *testing.T) {
	onEach(t, func(t *testing.T, cluster *catalogtest.Cluster) {
		cache := filepath.Join(t.TempDir(), "catalog")
		p := cluster.Publisher(t)
		publishAll(t, p, nil, catalogtest.Campaign("gone", url), catalogtest.Campaign("a", url))
		f, stop := start(t, follow.Config{Options: cluster.Options, Topic: cluster.Topic, CacheFile: cache})
		catalogtest.Eventually(t, "first catalog", f.Synced)
		stop()

		// While the follower is away its campaign is deleted and the tombstone's traces are compacted away:
		// another log, in which the key never was.
		elsewhere := catalogtest.Start(t)
		nowhere := []kgo.Opt{kgo.SeedBrokers("127.0.0.1:1")}
		offline, stopOffline := start(t, follow.Config{Options: nowhere, CacheFile: cache})
		catalogtest.Eventually(t, "the disk copy", offline.Ready)
		if offline.Synced() || !offline.AsOf().IsZero() || !serves(offline, "gone", url)() {
			t.Fatal("the disk copy does not serve while Kafka is away")
		}
		stopOffline()

		var mu sync.Mutex
		var seen []*catalog.Catalog
		online, _ := start(t, follow.Config{Options: elsewhere.Options, CacheFile: cache, OnSwap: func(c *catalog.Catalog) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, c)
		}})
		catalogtest.Eventually(t, "the disk copy before anything is in the log", online.Ready)
		publishAll(t, elsewhere.Publisher(t), nil, catalogtest.Campaign("a", url+"2"))
		catalogtest.Eventually(t, "the log's catalog", serves(online, "a", url+"2"))
		if online.Current().Campaign("gone") != nil {
			t.Error("a campaign of the disk copy was merged into the log's catalog")
		}
		mu.Lock()
		defer mu.Unlock()
		if len(seen) < 2 || seen[0].Campaign("gone") == nil {
			t.Errorf("%d swaps, the first is not the disk copy", len(seen))
		}
	})
}

func TestADamagedCopyIsIgnored(t *testing.T) {
	onEach(t, func(t *testing.T, cluster *catalogtest.Cluster) {
		cache := filepath.Join(t.TempDir(), "catalog")
		publishAll(t, cluster.Publisher(t), nil, catalogtest.Campaign("a", url))
		f, stop := start(t, follow.Config{Options: cluster.Options, Topic: cluster.Topic, CacheFile: cache})
		catalogtest.Eventually(t, "first catalog", f.Synced)
		stop()
		copied, err := os.ReadFile(cache)
		if err != nil {
			t.Fatal(err)
		}
		copied[len(copied)-3] ^= 1
		if err := os.WriteFile(cache, copied, 0o600); err != nil {
			t.Fatal(err)
		}
		offline, _ := start(t, follow.Config{Options: []kgo.Opt{kgo.SeedBrokers("127.0.0.1:1")}, CacheFile: cache, OnSwap: func(*catalog.Catalog) {
			t.Error("a damaged copy is served")
		}})
		if offline.Ready() {
			t.Error("ready without a catalog")
		}
		if left, err := filepath.Glob(cache + ".*"); err != nil || len(left) > 0 {
			t.Errorf("temporary files are left: %v %v", left, err)
		}
	})
}

func TestALongAbsenceReadsFromTheStart(t *testing.T) {
	onEach(t, func(t *testing.T, cluster *catalogtest.Cluster) {
		p := cluster.Publisher(t)
		publishAll(t, p, nil, catalogtest.Campaign("a", url))
		var log safeBuffer
		// Every fetch comes later than a nanosecond after the one before, so each is an absence.
		f, _ := start(t, follow.Config{
			Options: cluster.Options, Topic: cluster.Topic, RebuildAfter: time.Nanosecond, Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
		catalogtest.Eventually(t, "first catalog", f.Ready)
		publishAll(t, p, nil, catalogtest.Campaign("a", url+"2"))
		catalogtest.Eventually(t, "the edit, read again from the start", serves(f, "a", url+"2"))
		if text := log.String(); !strings.Contains(text, "tombstones may have been missed") {
			t.Errorf("the log was not read again: %s", text)
		}
	})
}

// safeBuffer is a buffer for a log that another goroutine writes.
type safeBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
