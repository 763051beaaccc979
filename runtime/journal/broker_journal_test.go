package journal

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/store/topics"
	"github.com/clicktally/clicktally/test/servers"
)

// TestAKilledLeaderIsNotNoticedWithAJournal kills the leader of a partition of a real cluster under
// load: nobody is turned away, and in the end the log has all that was answered.
func TestAKilledLeaderIsNotNoticedWithAJournal(t *testing.T) {
	cluster := servers.BrokerCluster(t, append(lagging, servers.Brokers(3))...)
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.Seeds()...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_, err = topics.Ensure(t.Context(), kadm.NewClient(client), topics.Names{Prefix: "ct"}, topics.Config{
		Partitions: partitions, Replication: topics.Replication,
		Report: func(s topics.Shortfall) { t.Error(s) },
	})
	if err != nil {
		t.Fatal(err)
	}
	// The budget leaves a healthy Kafka its share also on a busy machine, where all brokers and callers are.
	a := newAccepterOn(t, cluster.Seeds(), journaling(t.TempDir(), func(cfg *Config) { cfg.Ack.Budget = 250 * time.Millisecond }))
	running(t, a)
	l := startLoad(t, a)
	l.everyPartitionGoesOn("before the kill")
	leader := cluster.Leader(topic, 0)
	l.longest.Store(0)
	cluster.Kill(leader)
	l.everyPartitionGoesOn("after the kill")
	cluster.Restart(leader)
	t.Logf("the longest accept took %v; %d turned away; %+v", time.Duration(l.longest.Load()).Round(time.Millisecond), l.turnedAway.Load(), a.Stats())
	acked := l.end()
	eventually(t, "the journal is shipped", func() bool { return a.Stats().Waiting == 0 })
	if err := a.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	copies := allInLogOn(t, cluster.Seeds(), acked)
	nothingSettledIsMissing(t, cluster.Seeds())
	t.Logf("%d answered, %d copies in the log, %+v", len(acked), copies, a.Stats())
	if l.turnedAway.Load() > 0 || a.Stats().Journaled == 0 {
		t.Errorf("%d were turned away, %+v: want none, and some journaled", l.turnedAway.Load(), a.Stats())
	}
}
