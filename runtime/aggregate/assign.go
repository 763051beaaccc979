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

// assignment is the membership in the consumer group. The group only says who owns what: reading
// starts where the manifests end, with a client of its own, so its fetches are paused.
type assignment struct {
	client *kgo.Client
	topic  string

	mu     sync.Mutex
	owned  map[int32]struct{}
	joined bool
}

// sessionTimeout is how long a worker may be silent before its partitions go to others.
const sessionTimeout = 10 * time.Second

func joinGroup(opts []kgo.Opt, group, topic string) (*assignment, error) {
	a := &assignment{topic: topic, owned: map[int32]struct{}{}}
	client, err := kgo.NewClient(append(slices.Clip(opts),
		kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic),
		kgo.Balancers(kgo.CooperativeStickyBalancer()),
		kgo.SessionTimeout(sessionTimeout), kgo.HeartbeatInterval(sessionTimeout/5), kgo.RebalanceTimeout(sessionTimeout),
		kgo.DisableAutoCommit(), kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, got map[string][]int32) { a.change(got[topic], true) }),
		kgo.OnPartitionsRevoked(func(_ context.Context, _ *kgo.Client, lost map[string][]int32) { a.change(lost[topic], false) }),
		kgo.OnPartitionsLost(func(_ context.Context, _ *kgo.Client, lost map[string][]int32) { a.change(lost[topic], false) }),
	)...)
	if err != nil {
		return nil, fmt.Errorf("join the group %s: %w", group, err)
	}
	client.PauseFetchTopics(topic)
	a.client = client
	return a, nil
}

func (a *assignment) change(partitions []int32, owned bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.joined = true
	for _, partition := range partitions {
		if owned {
			a.owned[partition] = struct{}{}
		} else {
			delete(a.owned, partition)
		}
	}
}

// current returns the partitions owned now, and whether the group was joined at all.
func (a *assignment) current() (map[int32]struct{}, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.owned), a.joined
}

// commit shows the load position to lag displays; nothing reads it back.
func (a *assignment) commit(ctx context.Context, loaded map[int32]uint64) {
	offsets := make(map[int32]kgo.EpochOffset, len(loaded))
	for partition, offset := range loaded {
		offsets[partition] = kgo.EpochOffset{Epoch: -1, Offset: int64(offset)}
	}
	a.client.CommitOffsets(ctx, map[string]map[int32]kgo.EpochOffset{a.topic: offsets}, nil)
}
