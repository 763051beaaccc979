package oracle

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/aggregate"
	"github.com/clicktally/clicktally/runtime/catalog"
)

// hold stops a worker's loop when it asks for the generations, and lets go of it again.
type hold struct {
	generations   func() (catalog.Generations, time.Duration)
	held, release chan struct{}
}

func newHold(r *rig) hold {
	return hold{generations: r.announced, held: make(chan struct{}), release: make(chan struct{})}
}

// announced hands itself to who waits for it on held, and then waits for release.
func (h hold) announced() (catalog.Generations, time.Duration) {
	select {
	case h.held <- struct{}{}:
		<-h.release
	default:
	}
	return h.generations()
}

// buffered tells of records that a client has fetched.
type buffered chan struct{}

func (b buffered) OnFetchRecordBuffered(*kgo.Record) {
	select {
	case b <- struct{}{}:
	default:
	}
}

// A worker may be at the log's end when records before its next fetch are deleted, and no look at the
// log's bounds comes between: the client must say so and not go on where the log begins now.
func TestALogThatIsCutUnderAReaderStops(t *testing.T) {
	rig := newRig(t, startStores(t), "cut")
	scribe := newScribe(rand.New(rand.NewPCG(3, 3)), time.Now())
	write := func(n int) {
		t.Helper()
		for n > 0 {
			if e := onlyRecent(scribe, 1); e[0].at.Partition() == 0 {
				rig.write(e)
				n--
			}
		}
	}
	write(20)
	h, fetched, conditions := newHold(rig), make(buffered, 1), make(chan aggregate.Condition, 1)
	rig.start("workers", func(c *aggregate.Config) {
		telling(conditions)(c)
		c.Generations, c.ProbeEvery = h.announced, time.Hour
		c.Kafka = append(c.Kafka, kgo.WithHooks(fetched))
	})
	rig.agree(patience)

	<-h.held
	for len(fetched) > 0 {
		<-fetched
	}
	write(1)
	<-fetched // the client asks for no more before the loop has taken this one
	write(20)
	admin, topic := kadm.NewClient(rig.kafka), rig.topics.Events(generation)
	ends, err := admin.ListEndOffsets(t.Context(), topic)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.DeleteRecords(t.Context(), ends.Offsets()); err != nil {
		t.Fatal(err)
	}
	write(20)
	close(h.release)
	stopped(t, conditions, aggregate.ConditionLogTruncated)
}
