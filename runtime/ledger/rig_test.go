package ledger_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/aggregate"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/ledger"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/runtime/store/topics"
	"github.com/clicktally/clicktally/test/oracle"
	"github.com/clicktally/clicktally/test/servers"
)

const (
	partitions = 2
	generation = 1
	epoch      = 1
	liveBoot   = 0xb001 // reports, and goes on
	deadBoot   = 0xdead // was killed
)

// rig is one pipeline on real stores, loaded by a real aggregator, with trackers played by the test.
type rig struct {
	t        *testing.T
	client   *kgo.Client
	seeds    []kgo.Opt
	ch       driver.Conn
	topics   topics.Names
	database string
	catalog  *catalog.Catalog
	hour     time.Time // a completed one
	next     map[[2]uint64]uint64
	records  []oracle.Record
	loaded   map[event.SrcPart]uint64
	born     map[uint64]bool
	topicID  [16]byte
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{
		t: t, topics: topics.Names{Prefix: "ct"}, database: servers.Database(t), next: map[[2]uint64]uint64{},
		hour: time.Now().UTC().Truncate(time.Hour).Add(-2 * time.Hour), loaded: map[event.SrcPart]uint64{}, born: map[uint64]bool{},
	}
	r.seeds = []kgo.Opt{kgo.SeedBrokers(servers.Kafka(t))}
	var err error
	if r.client, err = kgo.NewClient(append(r.seeds, kgo.RecordPartitioner(kgo.ManualPartitioner()))...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.client.Close)
	if r.ch, err = clickhouse.Open(&clickhouse.Options{Protocol: clickhouse.HTTP, Addr: []string{servers.ClickHouse(t)}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.ch.Close() })
	if err := store.EnsureSchema(t.Context(), r.ch, r.database, store.Retention{}); err != nil {
		t.Fatal(err)
	}
	ids, err := topics.Ensure(t.Context(), kadm.NewClient(r.client), r.topics, topics.Config{Generation: generation, Partitions: partitions, Replication: 1})
	if err != nil {
		t.Fatal(err)
	}
	id := ids[r.topics.Events(generation)]
	r.topicID = id
	r.catalog = catalog.New([]catalog.Change{
		catalog.Put(&catalogpb.Record{Body: &catalogpb.Record_Pipeline{Pipeline: &catalogpb.Pipeline{Name: "p", Namespace: "ads", Epoch: epoch}}}, 0),
		catalog.Put(&catalogpb.Record{Body: &catalogpb.Record_GenerationRecord{GenerationRecord: &catalogpb.Generation{
			Number: generation, Topic: r.topics.Events(generation), TopicId: id[:], Partitions: partitions,
		}}}, 1),
	})
	return r
}

func part(n uint32) uint32 { return uint32(event.NewSrcPart(generation, n)) }

// click is an own click of a boot on a partition, at a time of the rig's hour, priced in the currency.
func (r *rig) click(boot uint64, partition uint32, at time.Duration, campaign, currency string) *event.Event {
	when := r.hour.Add(at)
	key := [2]uint64{boot, uint64(partition)}
	counter := r.next[key]
	r.next[key]++
	id := event.NewID(when.UnixMilli(), partition, boot, uint32(counter))
	return &event.Event{
		Format: event.Format, EventType: event.EventType_EVENT_TYPE_CLICK, Origin: event.Origin_ORIGIN_OWN, EventId: id[:],
		BootId: boot, SrcPart: part(partition), Counter: counter, Timestamp: when.UnixMilli(), Accepted: when.UnixMilli(),
		CampaignId: campaign, AdvertiserId: "adv-" + campaign, AdId: "ad", Disposition: event.Disposition_DISPOSITION_ROUTED,
		PriceMicros: 400_000, PriceCurrency: currency, Verdict: &event.Verdict{Status: event.Status(1 + counter%3)},
	}
}

// write appends events to the log, as a tracker does, and remembers them for the oracle.
func (r *rig) write(events ...*event.Event) {
	r.t.Helper()
	for _, e := range events {
		value, err := event.Append(nil, e)
		if err != nil {
			r.t.Fatal(err)
		}
		offset := r.raw(event.SrcPart(e.SrcPart).Partition(), value)
		r.records = append(r.records, oracle.Record{SrcPart: event.SrcPart(e.SrcPart), Offset: offset, Event: e})
	}
}

func (r *rig) raw(partition uint32, value []byte) uint64 {
	r.t.Helper()
	record := &kgo.Record{Topic: r.topics.Events(generation), Partition: int32(partition), Value: value}
	if err := r.client.ProduceSync(r.t.Context(), record).FirstErr(); err != nil {
		r.t.Fatal(err)
	}
	return uint64(record.Offset)
}

// beat writes the heartbeat of a boot as of now: all its counters are settled unless change says otherwise.
func (r *rig) beat(boot uint64, change func(*event.Heartbeat)) {
	r.t.Helper()
	if !r.born[boot] { // it lived in the rig's hour, also where that was yesterday
		r.born[boot] = true
		r.beat(boot, func(h *event.Heartbeat) { h.At, h.Partitions = r.hour.UnixMilli(), nil })
	}
	h := &event.Heartbeat{Pod: fmt.Sprintf("tracker-%x", boot), BootId: boot, At: time.Now().UnixMilli(), Version: "test"}
	for n := range uint32(partitions) {
		if next := r.next[[2]uint64{boot, uint64(n)}]; next > 0 {
			h.Partitions = append(h.Partitions, &event.PartitionProgress{SrcPart: part(n), Next: next, Settled: next})
		}
	}
	if change != nil {
		change(h)
	}
	value, err := h.MarshalVT()
	if err != nil {
		r.t.Fatal(err)
	}
	record := &kgo.Record{Topic: r.topics.Heartbeats(), Key: []byte(h.Pod + strconv.FormatUint(boot, 16)), Value: value}
	if err := r.client.ProduceSync(r.t.Context(), record).FirstErr(); err != nil {
		r.t.Fatal(err)
	}
}

// aggregate runs an aggregator until the log is loaded and computed, and stops it.
func (r *rig) aggregate() {
	r.t.Helper()
	live := redis.NewClient(&redis.Options{Addr: servers.Redis(r.t)})
	defer live.Close()
	aggregator, err := aggregate.New(aggregate.Config{
		Kafka: r.seeds, Topics: r.topics, ClickHouse: r.ch, Database: r.database, Redis: live, Epoch: epoch,
		Generations: func() (catalog.Generations, time.Duration) { return r.catalog.Generations(), 0 },
		FlushEvery:  20 * time.Millisecond, FreshEvery: 30 * time.Millisecond, OldGrowth: 1e-9, RetryAfter: 50 * time.Millisecond,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(r.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- aggregator.Run(ctx) }()
	report := r.check(func(c *ledger.Config) { c.Patience = time.Minute })
	cancel()
	if err := <-ended; err != nil {
		r.t.Fatal(err)
	}
	for _, f := range report.Findings {
		if f.Kind == ledger.NotLoaded || f.Kind == ledger.MinutesDirty {
			r.t.Fatalf("not loaded within a minute: %s", f.Message)
		}
	}
}

// load does in one step what an aggregator does with what was written since the last time: raw rows,
// manifests, minute rows, marks. Nothing is there afterwards that would repair a damage.
func (r *rig) load() {
	r.t.Helper()
	var rows []store.Row
	manifests := map[event.SrcPart]*store.Manifest{}
	for n := range uint32(partitions) {
		src := event.SrcPart(part(n))
		if end := r.end(n); end > r.loaded[src] {
			manifests[src] = &store.Manifest{SrcPart: src, From: r.loaded[src], To: end, Written: time.Now(), TopicID: r.topicID}
		}
	}
	for _, record := range r.records {
		if record.Offset < r.loaded[record.SrcPart] {
			continue
		}
		row := store.Row{SrcPart: record.SrcPart, Offset: record.Offset, Logged: time.Now().UnixMilli(), Event: record.Event}
		rows = append(rows, row)
		m := manifests[record.SrcPart]
		m.Rows, m.Offsets, m.Minutes = m.Rows+1, m.Offsets+1, append(m.Minutes, row.Minute())
	}
	var list []store.Manifest
	var cuts []store.Cut
	for src, m := range manifests {
		slices.Sort(m.Minutes)
		m.Minutes, m.DeadLetters = slices.Compact(m.Minutes), m.To-m.From-m.Offsets
		list, r.loaded[src] = append(list, *m), m.To
		for _, minute := range m.Minutes {
			cuts = append(cuts, store.Cut{SrcPart: src, Minute: minute, Offset: m.To})
		}
	}
	if err := store.InsertEvents(r.t.Context(), r.ch, r.database, rows); err != nil {
		r.t.Fatal(err)
	}
	if err := store.InsertManifests(r.t.Context(), r.ch, r.database, list); err != nil {
		r.t.Fatal(err)
	}
	r.exec(store.InsertMinutes(r.database, epoch, store.MaxStated, cuts))
	r.exec(store.InsertMarks(r.database, time.Now(), cuts))
}

func (r *rig) config() ledger.Config {
	return ledger.Config{
		Kafka: r.seeds, Topics: r.topics, ClickHouse: r.ch, Database: r.database,
		Catalog: func() *catalog.Catalog { return r.catalog }, Patience: 50 * time.Millisecond,
	}
}

// period is the rig's hour.
func (r *rig) period() ledger.Period { return ledger.Period{From: r.hour, To: r.hour.Add(time.Hour)} }

func (r *rig) check(change func(*ledger.Config)) *ledger.Report {
	r.t.Helper()
	cfg := r.config()
	if change != nil {
		change(&cfg)
	}
	l, err := ledger.New(cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	defer l.Close()
	report, err := l.Check(r.t.Context(), r.period(), nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return report
}

// exec runs a statement on the rig's tables, {db} being the database; mutations are waited for.
func (r *rig) exec(statement string) {
	r.t.Helper()
	statement = strings.ReplaceAll(statement, "{db}", store.Quote(r.database))
	if strings.HasPrefix(statement, "ALTER") {
		statement += " SETTINGS mutations_sync = 2"
	}
	if err := r.ch.Exec(r.t.Context(), statement); err != nil {
		r.t.Fatalf("%s: %v", statement, err)
	}
}

// honest writes traffic with everything that is no mistake: duplicates, a late event, a foreign id
// that was retried, every status and disposition, two currencies, an impression, a dead letter, a
// drained boot.
func (r *rig) honest() {
	r.t.Helper()
	var events []*event.Event
	for i := range 40 {
		e := r.click(liveBoot, uint32(i%partitions), time.Duration(i)*time.Minute, []string{"spring", "autumn"}[i%2], []string{"USD", "EUR"}[i/2%2])
		e.Disposition = event.Disposition([]int{1, 1, 1, 2, 3, 4}[i%6])
		events = append(events, e)
	}
	events = append(events, events[3], events[5], events[5])
	foreign := r.click(liveBoot, 0, 7*time.Minute, "spring", "USD")
	foreign.Origin, foreign.EventId, foreign.Caller = event.Origin_ORIGIN_FOREIGN, []byte("order-1"), "partner"
	retried := foreign.CloneVT()
	retried.Counter = r.click(liveBoot, 0, 0, "", "").Counter
	view := r.click(liveBoot, 1, 59*time.Minute, "spring", "USD")
	view.EventType = event.EventType_EVENT_TYPE_IMPRESSION
	late := r.click(liveBoot, 1, 2*time.Minute, "autumn", "EUR") // by then the log is 40 minutes further
	r.write(append(events, foreign, retried, view, late)...)
	drained := []*event.Event{r.click(deadBoot, 0, time.Minute, "spring", "USD"), r.click(deadBoot, 0, 2*time.Minute, "spring", "USD")}
	r.write(drained...)
	r.raw(0, []byte("\xff not protobuf"))
	r.beat(liveBoot, nil)
	r.beat(deadBoot, func(h *event.Heartbeat) { h.Drained = true })
}

// finding returns the one finding of a kind.
func (r *rig) finding(report *ledger.Report, kind ledger.Kind) ledger.Finding {
	r.t.Helper()
	for _, f := range report.Findings {
		if f.Kind == kind {
			return f
		}
	}
	r.t.Fatalf("%s was not found; %s, findings %+v", kind, report.Verdict, report.Findings)
	return ledger.Finding{}
}

// end is the offset after the last record of a partition.
func (r *rig) end(partition uint32) uint64 {
	r.t.Helper()
	ends, err := kadm.NewClient(r.client).ListEndOffsets(r.t.Context(), r.topics.Events(generation))
	if err != nil {
		r.t.Fatal(err)
	}
	end, _ := ends.Lookup(r.topics.Events(generation), int32(partition))
	return uint64(end.Offset)
}

// manifest writes a manifest of partition 0, as a broken loader would.
func (r *rig) manifest(m store.Manifest) {
	r.t.Helper()
	m.SrcPart, m.Written = event.SrcPart(part(0)), time.Now()
	if err := store.InsertManifests(r.t.Context(), r.ch, r.database, []store.Manifest{m}); err != nil {
		r.t.Fatal(err)
	}
	for i, minute := range m.Minutes { // and marks as if the minutes had been computed over them
		r.exec(fmt.Sprintf("INSERT INTO {db}.marks (src_part, minute, ver, written) VALUES (%d, toDateTime(%d, 'UTC'), %d, %d)",
			part(0), minute, store.Ver(epoch, m.To), i))
	}
}

func (r *rig) replaceTopic() {
	r.t.Helper()
	admin, topic := kadm.NewClient(r.client), r.topics.Events(generation)
	if _, err := admin.DeleteTopic(r.t.Context(), topic); err != nil {
		r.t.Fatal(err)
	}
	if _, err := topics.Ensure(r.t.Context(), admin, r.topics, topics.Config{Generation: generation, Partitions: partitions, Replication: 1}); err != nil {
		r.t.Fatal(err)
	}
}
