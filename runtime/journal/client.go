package journal

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Bounds of the Kafka client.
const (
	// linger collects a batch. With lz4 it costs the least CPU of what BenchmarkAccept compares
	// (2.9 us an event, 4.9 without both, broker included), and 3 ms cost more.
	linger         = time.Millisecond
	retryBackoff   = 50 * time.Millisecond
	maxBackoff     = 400 * time.Millisecond
	metadataMinAge = 250 * time.Millisecond
	dialTimeout    = 2 * time.Second
	// giveUpEarlier is how much sooner franz-go gives a record up than its caller does, so that
	// a caller's 503 finds the fate known wherever it can be known.
	giveUpEarlier = 500 * time.Millisecond
	// heartbeatRoom is room in the client's buffer beyond the records of callers.
	heartbeatRoom = 64
	// shipRoom is how many shipped records may lie unanswered, those of stuck partitions included.
	shipRoom = 16 * shipBurst
)

// ClientOpts are the producer options an Accepter relies on: idempotent, acks of all replicas, the
// partition chosen by us, lz4. Zero bounds take the defaults. Brokers, TLS and SASL are the caller's.
func ClientOpts(deliveryTimeout time.Duration, maxInFlight int) []kgo.Opt {
	if deliveryTimeout == 0 {
		deliveryTimeout = DefaultDeliveryTimeout
	}
	if maxInFlight == 0 {
		maxInFlight = DefaultMaxInFlight
	}
	return append(producerOpts(deliveryTimeout),
		kgo.RecordDeliveryTimeout(max(deliveryTimeout-giveUpEarlier, time.Second)),
		kgo.MaxBufferedRecords(maxInFlight+heartbeatRoom),
	)
}

// ShipOpts are the options of the client that ships a journal. It is a client of its own, because
// franz-go measures how long it may keep a record from the record's timestamp: an old one would be given
// up at once, and the visitors' records of its partition with it. Here a record's context bounds it.
func ShipOpts() []kgo.Opt {
	return append(producerOpts(DefaultDeliveryTimeout), kgo.MaxBufferedRecords(shipRoom))
}

func producerOpts(requestTimeout time.Duration) []kgo.Opt {
	return []kgo.Opt{
		kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.RecordPartitioner(partitioner{byKey: kgo.StickyKeyPartitioner(nil), manual: kgo.ManualPartitioner()}),
		kgo.ProducerBatchCompression(kgo.Lz4Compression(), kgo.NoCompression()),
		kgo.ProducerLinger(linger),
		kgo.ProduceRequestTimeout(requestTimeout),
		kgo.RetryBackoffFn(backoff),
		kgo.MetadataMinAge(metadataMinAge),
		kgo.DialTimeout(dialTimeout),
	}
}

func backoff(tries int) time.Duration {
	return min(retryBackoff<<min(tries, 8), maxBackoff)
}

// partitioner takes events where Accept put them and everything else by its key.
type partitioner struct{ byKey, manual kgo.Partitioner }

// ForTopic is kgo.Partitioner.
func (p partitioner) ForTopic(topic string) kgo.TopicPartitioner {
	return topicPartitioner{byKey: p.byKey.ForTopic(topic), manual: p.manual.ForTopic(topic)}
}

type topicPartitioner struct{ byKey, manual kgo.TopicPartitioner }

// RequiresConsistency is kgo.TopicPartitioner: a record never goes to another partition because
// its own has no leader.
func (topicPartitioner) RequiresConsistency(*kgo.Record) bool { return true }

// Partition is kgo.TopicPartitioner.
func (p topicPartitioner) Partition(r *kgo.Record, n int) int {
	if r.Key != nil {
		return p.byKey.Partition(r, n)
	}
	return p.manual.Partition(r, n)
}
