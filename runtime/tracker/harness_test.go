package tracker

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/fraud/score"
)

const (
	eventTopic = "ct.events.0"
	patience   = 2 * time.Minute
	browser    = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
	sourceKey  = "a-key-of-sixteen-bytes-or-more"
)

// world is a tracker on loopback between a real HTTP client and a Kafka of its own.
type world struct {
	t       *testing.T
	cluster *kfake.Cluster
	tracker *Tracker
	url     string
	client  *http.Client
	stop    func() error
}

// records is the catalog that tests start with; change may alter it.
func records() []*catalogpb.Record {
	active := catalogpb.CampaignState_CAMPAIGN_STATE_ACTIVE
	campaign := func(c *catalogpb.Campaign) *catalogpb.Record {
		c.Namespace, c.Name, c.Advertiser, c.Trackers = "ads", c.Id, "adv-1", []string{"ct/eu"}
		return &catalogpb.Record{Generation: 7, Body: &catalogpb.Record_Campaign{Campaign: c}}
	}
	deny := score.DefaultPolicy()
	deny.Namespace, deny.Name = "ct", "default"
	deny.Deny = []*catalogpb.Entry{{Cidr: "198.51.100.0/24"}}
	return []*catalogpb.Record{
		{Body: &catalogpb.Record_Pipeline{Pipeline: &catalogpb.Pipeline{Namespace: "ct", Name: "main", OwnerCluster: "test"}}},
		{Body: &catalogpb.Record_GenerationRecord{GenerationRecord: &catalogpb.Generation{Topic: eventTopic, Partitions: 4}}},
		{Body: &catalogpb.Record_Policy{Policy: deny}},
		{Body: &catalogpb.Record_Tracker{Tracker: &catalogpb.Tracker{
			Namespace: "ct", Name: "eu", Domains: []string{"t.example.com"}, FallbackUrl: "https://www.example.com/", Policy: "ct/default",
			TrustedHops: 1, Header: catalogpb.ClientAddressHeader_CLIENT_ADDRESS_HEADER_X_FORWARDED_FOR,
			AllowedHosts: []string{"*.example.org", "www.example.com"}, SigningOff: true,
		}}},
		{Body: &catalogpb.Record_Source{Source: &catalogpb.Source{Namespace: "ads", Id: "propeller", Parameters: []*catalogpb.Parameter{
			{From: "zoneid", To: "pub_id"}, {From: "price", To: "cost", Currency: "USD"}, {From: "visitor", To: "click_id"},
		}}}},
		campaign(&catalogpb.Campaign{
			Id: "spring", State: active, OfferPageUrl: "https://shop.example.org/spring?ct={clickid}&x={externalid}&s={sub1}", SafePageUrl: "https://shop.example.org/safe",
			Price:        &catalogpb.Money{Micros: 500_000, Currency: "USD"},
			LandingPages: []*catalogpb.Page{{Id: "lp-1", Url: "https://lp.example.org/a?next={out}", Active: true}, {Id: "lp-2", Url: "https://lp.example.org/b"}},
			Offers:       []*catalogpb.Page{{Id: "of-1", Url: "https://shop.example.org/x?ct={clickid}#top", Active: true}},
			Ads:          []*catalogpb.Ad{{Id: "ad-123", Publisher: "pub-001", Price: &catalogpb.Money{Micros: 400_000, Currency: "USD"}}},
		}),
		campaign(&catalogpb.Campaign{Id: "testing", State: catalogpb.CampaignState_CAMPAIGN_STATE_TEST, OfferPageUrl: "https://shop.example.org/t", Price: &catalogpb.Money{Micros: 1, Currency: "USD"}}),
		campaign(&catalogpb.Campaign{Id: "paused", State: catalogpb.CampaignState_CAMPAIGN_STATE_PAUSED, OfferPageUrl: "https://shop.example.org/p", SafePageUrl: "https://shop.example.org/p-safe", OverflowUrl: "https://shop.example.org/over"}),
		campaign(&catalogpb.Campaign{Id: "ended", State: active, OfferPageUrl: "https://shop.example.org/e", SafePageUrl: "https://shop.example.org/e-safe", ToMs: 1000}),
		campaign(&catalogpb.Campaign{Id: "bare", State: active, OfferPageUrl: "https://shop.example.org/bare"}),
		campaign(&catalogpb.Campaign{Id: "safe-only", State: active, SafePageUrl: "https://shop.example.org/only-safe"}),
	}
}

func newWorld(t *testing.T, change func(*Config)) *world {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(4, eventTopic), kfake.SeedTopics(1, "ct.catalog", "ct.heartbeats"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	seeds := kgo.SeedBrokers(cluster.ListenAddrs()...)
	publish(t, seeds, records())
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ads.propeller"), []byte(sourceKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Tracker: "ct/eu", Pod: "eu-0", Kafka: []kgo.Opt{seeds}, CatalogTopic: "ct.catalog", HeartbeatTopic: "ct.heartbeats",
		SourcesDir: dir, ClickIDKeys: [][]byte{[]byte("0123456789abcdef")}, HashKey: []byte("fedcba9876543210"),
		Log: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&cfg)
	}
	tracker, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- tracker.Run(ctx, ln) }()
	w := &world{t: t, cluster: cluster, tracker: tracker, url: "http://" + ln.Addr().String()}
	w.stop = sync.OnceValue(func() error {
		w.client.CloseIdleConnections()
		cancel()
		return <-done
	})
	w.client = &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(func() { _ = w.stop() })
	w.eventually("the tracker is ready", tracker.Ready)
	return w
}

func publish(t *testing.T, seeds kgo.Opt, records []*catalogpb.Record) {
	t.Helper()
	client, err := kgo.NewClient(seeds)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, rec := range records {
		catalog.SetDigest(rec)
		value, err := rec.MarshalVT()
		if err != nil {
			t.Fatal(err)
		}
		r := &kgo.Record{Topic: "ct.catalog", Key: []byte(catalog.KeyOf(rec)), Value: value}
		if err := client.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *world) eventually(what string, done func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); !done(); <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("did not happen within %v: %s", patience, what)
		}
	}
}

// send makes a request as a browser at a public address, unless headers ("Name: value") say otherwise.
func (w *world) send(method, path, body string, headers ...string) (answer, string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("User-Agent", browser)
	req.Header.Set("X-Forwarded-For", "203.0.113.9")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if value == "" {
			req.Header[name] = nil
			continue
		}
		req.Header.Set(name, value)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header}, string(text)
}

// answer is what is left of a response once its body was read.
type answer struct {
	StatusCode int
	Header     http.Header
}

// count is the number of records in the log.
func (w *world) count() int {
	n := 0
	for _, p := range w.cluster.PartitionInfos(eventTopic) {
		n += int(p.HighWatermark)
	}
	return n
}

// log reads all events, by event id text.
func (w *world) log() map[string]*event.Event {
	w.t.Helper()
	want, seen := w.count(), 0
	client, err := kgo.NewClient(kgo.SeedBrokers(w.cluster.ListenAddrs()...), kgo.ConsumeTopics(eventTopic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	events := map[string]*event.Event{}
	for seen < want {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			w.t.Fatalf("saw %d of %d records", seen, want)
		}
		for _, r := range fetches.Records() {
			e := &event.Event{}
			if err := event.Decode(r.Value, e); err != nil {
				w.t.Fatal(err)
			}
			events[e.EventIDText()] = e
			seen++
		}
	}
	return events
}

// recorded is the event that an answer names.
func (w *world) recorded(resp answer) *event.Event {
	w.t.Helper()
	e := w.log()[resp.Header.Get("X-Event-Id")]
	if e == nil {
		w.t.Fatalf("no record %q in the log", resp.Header.Get("X-Event-Id"))
	}
	return e
}

func decodeJSON(t *testing.T, text string, into any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	if err := d.Decode(into); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
}
