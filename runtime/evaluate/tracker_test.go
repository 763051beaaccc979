package evaluate

import (
	"cmp"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/clicktally/clicktally/config/crd"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
	"github.com/clicktally/clicktally/runtime/catalog/folder"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/tracker"
)

const (
	samples    = "../../config/samples"
	local      = "clicktally/local"
	eventTopic = "ct.events.0"

	onPhone   = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
	onDesktop = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"
	crawler   = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
)

// TestATrackerDoesTheSame sends visits to a real tracker that serves the samples: what explain and a
// campaign's tests say must be what visitors get.
func TestATrackerDoesTheSame(t *testing.T) {
	result := compileSamples(t)
	e, err := New(Catalog(&result), local)
	if err != nil {
		t.Fatal(err)
	}
	world := startTracker(t, &result)
	person := Visit{UserAgent: onDesktop, Address: netip.MustParseAddr("192.0.2.7")}
	phone := Visit{UserAgent: onPhone, Address: netip.MustParseAddr("203.0.113.99")}
	cases := map[string]struct {
		visit Visit
		query string
	}{
		"a person on a desktop":               {person, "cid=spring-sale&sub1=x"},
		"a phone in a split":                  {phone, "cid=spring-sale&sub1=a+b%26c"},
		"a script":                            {Visit{UserAgent: "curl/8.0", Address: person.Address}, "cid=spring-sale"},
		"a denied address":                    {Visit{UserAgent: "curl/8.0", Address: netip.MustParseAddr("198.51.100.7")}, "cid=spring-sale"},
		"an allowed address":                  {Visit{UserAgent: "curl/8.0", Address: netip.MustParseAddr("203.0.113.7")}, "cid=spring-sale"},
		"a crawler that declares itself":      {Visit{UserAgent: crawler, Address: person.Address}, "cid=spring-sale"},
		"a referrer from outside":             {Visit{UserAgent: onDesktop, Referrer: "https://elsewhere.example/", Address: person.Address}, "cid=spring-sale"},
		"an active landing page":              {person, "cid=spring-sale&lp_id=lp-1"},
		"a paused landing page":               {person, "cid=spring-sale&lp_id=lp-2"},
		"an offer with its macros":            {person, "cid=spring-sale&offer_id=of-1&sub1=%C3%A4%2F.."},
		"a macro that was not expanded":       {person, "cid=spring-sale&offer_id=of-1&sub1={sub}"},
		"a repeated parameter":                {person, "cid=spring-sale&offer_id=of-1&sub1=first&sub1=second"},
		"a broken escape":                     {person, "cid=spring-sale&offer_id=of-1&sub1=%zz"},
		"a text that is too long":             {person, "cid=spring-sale&offer_id=of-1&sub1=" + strings.Repeat("x", 300)},
		"click ids of networks and utm":       {person, "cid=spring-sale&gclid=G&utm_source=n&utm_=x&other=1&ct=mine"},
		"a network's id for a URL without ?":  {person, "cid=winter-clearance&fbclid=F"},
		"a traffic source maps its own names": {person, "cid=spring-sale&ts_id=propeller&visitor=v&zoneid=z&price=0.5"},
		"a paused campaign":                   {person, "cid=winter-clearance"},
		"a campaign in test":                  {person, "cid=app-launch"},
		"an unknown campaign":                 {person, "cid=no-such"},
		"no campaign at all":                  {person, "sub1=x"},
		"an id that is none":                  {person, "cid=a%20b"},
		"nothing known of the visitor":        {Visit{}, "cid=newsletter"},
		"a device that is stated":             {person, "cid=newsletter&did=d&uid=u"},
		"a referrer's host behind 1024 bytes": {Visit{UserAgent: onDesktop, Referrer: "https://" + strings.Repeat("x", 1024) + "@www.publisher.example/", Address: person.Address}, "cid=spring-sale"},
		"an empty id before a good one":       {person, "cid=&cid=spring-sale"},
	}
	next := person.Address
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			visit := c.visit
			if visit.Address == person.Address { // each a visitor of its own, or they count together
				next = next.Next()
				visit.Address = next
			}
			visit.Query, visit.Now = c.query, time.Now().UnixMilli()
			outcome, err := e.Click(&visit)
			if err != nil {
				t.Fatal(err)
			}
			answer := world.visit(t, &visit)
			got := strings.ReplaceAll(answer.Get("Location"), cmp.Or(answer.Get("X-Click-Id"), "none"), "{clickid}")
			if !slices.ContainsFunc(outcome.Destinations(), func(want string) bool { return sameURL(want, got) }) {
				t.Errorf("the tracker sends to %s, evaluated were %q", got, outcome.Destinations())
			}
			recorded := world.recorded(t, answer.Get("X-Event-Id"))
			if diff := gocmp.Diff(recorded.GetSignals(), outcome.Signals.Proto(), protocmp.Transform()); diff != "" {
				t.Errorf("signals (-recorded +evaluated):\n%s", diff)
			}
			if diff := gocmp.Diff(recorded.GetVerdict().GetReasons(), outcome.Result.Reasons, protocmp.Transform()); diff != "" {
				t.Errorf("reasons (-recorded +evaluated):\n%s", diff)
			}
			if v, r := recorded.GetVerdict(), &outcome.Result; v.GetScore() != r.Score || v.GetStatus() != r.Status {
				t.Errorf("recorded is %d %s, evaluated %d %s", v.GetScore(), v.GetStatus().Name(), r.Score, r.Status.Name())
			}
		})
	}
}

// sameURL compares a destination with what a tracker answered. {out} stands for the URL of the next
// step, percent-encoded as any value is.
func sameURL(want, got string) bool {
	before, after, next := strings.Cut(want, "{out}")
	if !next {
		return want == got
	}
	step := strings.TrimSuffix(strings.TrimPrefix(got, before), after)
	return strings.HasPrefix(got, before) && strings.HasPrefix(step, "http") && strings.Contains(step, "%2Fv1%2Fout%3F") && !strings.ContainsAny(step, "&?#")
}

func compileSamples(t *testing.T) compile.Result {
	t.Helper()
	schema, err := crd.NewValidator()
	if err != nil {
		t.Fatal(err)
	}
	set := (&folder.Loader{Schema: schema}).Load(t.Context(), samples)
	objects := set.Objects
	objects.Generations = []*catalogpb.Generation{{Topic: eventTopic, Partitions: 2}}
	objects.OwnerCluster = "test"
	result := compile.Compile(objects)
	if len(set.Problems) > 0 || result.Errors() > 0 {
		t.Fatalf("the samples have problems: %v %v", set.Problems, result.Problems)
	}
	return result
}

// world is a tracker on loopback with a Kafka of its own.
type world struct {
	base string
	log  *kgo.Client
	seen map[string]*event.Event
}

func startTracker(t *testing.T, result *compile.Result) *world {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(2, eventTopic), kfake.SeedTopics(1, "ct.catalog", "ct.heartbeats"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	seeds := kgo.SeedBrokers(cluster.ListenAddrs()...)
	publish(t, seeds, result.Records)
	served, err := tracker.New(tracker.Config{
		Tracker: local, Pod: "local-0", Kafka: []kgo.Opt{seeds}, CatalogTopic: "ct.catalog", HeartbeatTopic: "ct.heartbeats",
		ClickIDKeys: [][]byte{[]byte("0123456789abcdef")}, HashKey: []byte("fedcba9876543210"), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- served.Run(ctx, listener) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		stop()
		if err := <-done; err != nil {
			t.Errorf("tracker: %v", err)
		}
	})
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for deadline := time.After(20 * time.Second); !served.Ready(); {
		select {
		case <-poll.C:
		case <-deadline:
			t.Fatal("the tracker did not become ready")
		}
	}
	log, err := kgo.NewClient(seeds, kgo.ConsumeTopics(eventTopic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(log.Close)
	return &world{"http://" + listener.Addr().String(), log, map[string]*event.Event{}}
}

func publish(t *testing.T, seeds kgo.Opt, records []*catalogpb.Record) {
	t.Helper()
	client, err := kgo.NewClient(seeds)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, record := range records {
		value, err := record.MarshalVT()
		if err != nil {
			t.Fatal(err)
		}
		r := &kgo.Record{Topic: "ct.catalog", Key: []byte(catalog.KeyOf(record)), Value: value}
		if err := client.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

// visit makes the visit and returns the headers of the redirect.
func (w *world) visit(t *testing.T, v *Visit) http.Header {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.base+"/v1/click?"+v.Query, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("User-Agent", v.UserAgent)
	if v.Address.IsValid() {
		request.Header.Set("X-Forwarded-For", v.Address.String())
	}
	if v.Referrer != "" {
		request.Header.Set("Referer", v.Referrer)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusFound {
		t.Fatalf("the tracker answered %s", response.Status)
	}
	return response.Header
}

// recorded is the event that an answer names, read from the log.
func (w *world) recorded(t *testing.T, id string) *event.Event {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for w.seen[id] == nil {
		fetches := w.log.PollFetches(ctx)
		if ctx.Err() != nil {
			t.Fatalf("event %q is not in the log", id)
		}
		for _, record := range fetches.Records() {
			e := &event.Event{}
			if err := event.Decode(record.Value, e); err != nil {
				t.Fatal(err)
			}
			w.seen[e.EventIDText()] = e
		}
	}
	return w.seen[id]
}
