package oracle

import (
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/aggregate"
)

// shared says whether n members of the group own the partitions between them, each its share.
func shared(t *testing.T, r *rig, group string, n int) bool {
	t.Helper()
	described, err := kadm.NewClient(r.kafka).DescribeGroups(t.Context(), group)
	if err != nil {
		t.Fatal(err)
	}
	members := described[group].Members
	for _, member := range members {
		owned, ok := member.Assigned.AsConsumer()
		if !ok || len(owned.Topics) != 1 || len(owned.Topics[0].Partitions) != partitions/n {
			return false
		}
	}
	return len(members) == n
}

func TestPartitionsMoveBetweenWorkersOfOneGroup(t *testing.T) {
	rig := newRig(t, startStores(t), "moves")
	group := rig.topics.Prefix + ".workers"
	scribe := newScribe(rand.New(rand.NewPCG(*seed, 600)), time.Now())
	rig.write(scribe.entries(80))
	rig.start("workers", nil)
	var doomed atomic.Bool
	died, _ := rig.start("workers", func(c *aggregate.Config) {
		c.Fault = func(effect string) error { // it dies with rows loaded that no manifest names
			if effect == "manifest" && doomed.Load() {
				return errKilled
			}
			return nil
		}
	})
	until(t, "one partition for each of two workers", func() bool {
		rig.write(scribe.entries(2))
		return shared(t, rig, group, 2)
	})
	doomed.Store(true)
	until(t, "the second worker's death in a flush", func() bool {
		rig.write(scribe.entries(2))
		select {
		case <-died:
			return true
		default:
			return false
		}
	})
	rig.write(scribe.entries(40))
	rig.agree(patience)
	until(t, "both partitions with the worker that is left", func() bool { return shared(t, rig, group, 1) })
}

// TestHolesInTheLogAreNoGaps counts around offsets that hold no record for a reader of committed ones.
func TestHolesInTheLogAreNoGaps(t *testing.T) {
	rig := newRig(t, startStores(t), "holes")
	scribe := newScribe(rand.New(rand.NewPCG(*seed, 700)), time.Now())
	stranger, err := kgo.NewClient(append(rig.seeds, kgo.TransactionalID("stranger"), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	hole := func() {
		t.Helper()
		err := stranger.BeginTransaction()
		for _, e := range scribe.entries(4) {
			record := &kgo.Record{Topic: rig.topics.Events(generation), Partition: int32(e.at.Partition()), Value: e.value}
			err = errors.Join(err, stranger.ProduceSync(t.Context(), record).FirstErr())
		}
		if err = errors.Join(err, stranger.EndTransaction(t.Context(), kgo.TryAbort)); err != nil {
			t.Fatal(err)
		}
		scribe.written = nil // no copies of what was never in the log
	}
	hole()
	rig.write(scribe.entries(30))
	_, stop := rig.start("workers", func(c *aggregate.Config) { c.FlushRows = 3 })
	for range 4 {
		hole()
		rig.write(scribe.entries(20))
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	hole()
	rig.write(scribe.entries(20))
	rig.start("workers", nil)
	rig.agree(patience)
}
