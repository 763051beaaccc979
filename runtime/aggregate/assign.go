package aggregate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// assignment is the membership in the consumer group, which spans the topics of all generations. The
// group only says who owns what: reading starts where the manifests end, with a client of its own, so
// its fetches are paused.
type assignment struct {
	client *kgo.Client

	mu     sync.Mutex
	owned  map[topicPartition]struct{}
	joined bool
}

// sessionTimeout is how long a worker may be silent before its partitions go to others.
const sessionTimeout = 10 * time.Second

// newAssignment makes a member that joins the group with its first topic.
func newAssignment(opts []kgo.Opt, group string) (*assignment, error) {
	a := &assignment{owned: map[topicPartition]struct{}{}}
	got := func(_ context.Context, _ *kgo.Client, list map[string][]int32) { a.change(list, true) }
	lost := func(_ context.Context, _ *kgo.Client, list map[string][]int32) { a.change(list, false) }
	client, err := kgo.NewClient(append(slices.Clip(opts),
		kgo.ConsumerGroup(group),
		kgo.Balancers(kgo.CooperativeStickyBalancer()),
		kgo.SessionTimeout(sessionTimeout), kgo.HeartbeatInterval(sessionTimeout/5), kgo.RebalanceTimeout(sessionTimeout),
		kgo.DisableAutoCommit(), kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()),
		kgo.OnPartitionsAssigned(got), kgo.OnPartitionsRevoked(lost), kgo.OnPartitionsLost(lost),
	)...)
	if err != nil {
		return nil, fmt.Errorf("join the group %s: %w", group, err)
	}
	a.client = client
	return a, nil
}

// join takes part in the sharing of a topic's partitions, too.
func (a *assignment) join(topic string) {
	a.client.PauseFetchTopics(topic)
	a.client.AddConsumeTopics(topic)
}

// leave gives up a topic.
func (a *assignment) leave(topic string) {
	a.client.PurgeTopicsFromConsuming(topic)
	a.mu.Lock()
	defer a.mu.Unlock()
	maps.DeleteFunc(a.owned, func(at topicPartition, _ struct{}) bool { return at.topic == topic })
}

func (a *assignment) change(list map[string][]int32, owned bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.joined = true
	for topic, numbers := range list {
		for _, number := range numbers {
			if owned {
				a.owned[topicPartition{topic, number}] = struct{}{}
			} else {
				delete(a.owned, topicPartition{topic, number})
			}
		}
	}
}

// current returns the partitions owned now, and whether the group was joined at all.
func (a *assignment) current() (map[topicPartition]struct{}, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.owned), a.joined
}

// commit shows the load position to lag displays; nothing reads it back.
func (a *assignment) commit(ctx context.Context, loaded map[topicPartition]uint64) {
	offsets := map[string]map[int32]kgo.EpochOffset{}
	for at, offset := range loaded {
		if offsets[at.topic] == nil {
			offsets[at.topic] = map[int32]kgo.EpochOffset{}
		}
		offsets[at.topic][at.number] = kgo.EpochOffset{Epoch: -1, Offset: int64(offset)}
	}
	a.client.CommitOffsets(ctx, offsets, nil)
}
