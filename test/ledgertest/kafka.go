package ledgertest

import (
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/ledger"
	"github.com/clicktally/clicktally/runtime/store/topics"
	"github.com/clicktally/clicktally/test/servers"
)

// Generation and Partitions are those of a pipeline with a log in Kafka.
const (
	Generation = 1
	Partitions = 2
)

// Part is a src_part of such a pipeline.
func Part(partition uint32) event.SrcPart { return event.NewSrcPart(Generation, partition) }

// kafka is the log as others see it.
type kafka struct {
	client  *kgo.Client
	seeds   []kgo.Opt
	topics  topics.Names
	catalog *catalog.Catalog
}

// NewWithKafka is New with the log, heartbeats and dead letters in Kafka, and a catalog that knows them.
func NewWithKafka(t testing.TB) *Pipeline {
	t.Helper()
	p := New(t)
	k := &kafka{seeds: []kgo.Opt{kgo.SeedBrokers(servers.Kafka(t))}, topics: topics.Names{Prefix: "ct"}}
	var err error
	if k.client, err = kgo.NewClient(append(k.seeds, kgo.RecordPartitioner(kgo.ManualPartitioner()))...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.client.Close)
	ids, err := topics.Ensure(t.Context(), kadm.NewClient(k.client), k.topics, topics.Config{Generation: Generation, Partitions: Partitions, Replication: 1})
	if err != nil {
		t.Fatal(err)
	}
	id := ids[k.topics.Events(Generation)]
	k.catalog = catalog.New([]catalog.Change{
		catalog.Put(&catalogpb.Record{Body: &catalogpb.Record_Pipeline{Pipeline: &catalogpb.Pipeline{Name: "p", Namespace: "ads", Epoch: uint32(p.Epoch)}}}, 0),
		catalog.Put(&catalogpb.Record{Body: &catalogpb.Record_GenerationRecord{GenerationRecord: &catalogpb.Generation{
			Number: Generation, Topic: k.topics.Events(Generation), TopicId: id[:], Partitions: Partitions,
		}}}, 1),
	})
	p.kafka = k
	return p
}

// Catalog is the one that knows the log.
func (p *Pipeline) Catalog() *catalog.Catalog { return p.kafka.catalog }

// Ledger judges periods of this pipeline; it waits for nobody.
func (p *Pipeline) Ledger() *ledger.Ledger {
	p.T.Helper()
	l, err := ledger.New(ledger.Config{
		Kafka: p.kafka.seeds, Topics: p.kafka.topics, ClickHouse: p.Conn, Database: p.Database, Catalog: p.Catalog,
		Patience: time.Millisecond,
	})
	if err != nil {
		p.T.Fatal(err)
	}
	p.T.Cleanup(l.Close)
	return l
}

func (k *kafka) produce(t testing.TB, part event.SrcPart, e *event.Event, want int) {
	t.Helper()
	value, err := event.Append(nil, e)
	if err != nil {
		t.Fatal(err)
	}
	record := &kgo.Record{Topic: k.topics.Events(Generation), Partition: int32(part.Partition()), Value: value}
	if err := k.client.ProduceSync(t.Context(), record).FirstErr(); err != nil {
		t.Fatal(err)
	}
	if record.Offset != int64(want) {
		t.Fatalf("a record got offset %d, want %d", record.Offset, want)
	}
}

// Beat writes the heartbeat of a boot as of now. For Boot all counters so far are settled.
func (p *Pipeline) Beat(boot uint64, change func(*event.Heartbeat)) {
	p.T.Helper()
	h := &event.Heartbeat{Pod: "tracker-" + strconv.FormatUint(boot, 16), BootId: boot, At: time.Now().UnixMilli()}
	if boot == Boot {
		for part, next := range p.counters {
			h.Partitions = append(h.Partitions, &event.PartitionProgress{SrcPart: uint32(part), Next: uint64(next), Settled: uint64(next)})
		}
	}
	if change != nil {
		change(h)
	}
	value, err := h.MarshalVT()
	if err != nil {
		p.T.Fatal(err)
	}
	record := &kgo.Record{Topic: p.kafka.topics.Heartbeats(), Key: []byte(h.Pod), Value: value}
	if err := p.kafka.client.ProduceSync(p.T.Context(), record).FirstErr(); err != nil {
		p.T.Fatal(err)
	}
}
