package servers_test

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/test/servers"
)

func TestRedisIsARealServerOfItsOwn(t *testing.T) {
	first, second := servers.Redis(t), servers.Redis(t)
	client := redis.NewClient(&redis.Options{Addr: first})
	t.Cleanup(func() { client.Close() })
	if err := client.Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	other := redis.NewClient(&redis.Options{Addr: second})
	t.Cleanup(func() { other.Close() })
	if n, err := other.Exists(t.Context(), "k").Result(); n != 0 || err != nil {
		t.Errorf("the second server sees the first one's key: %d, %v", n, err)
	}
	if info, err := client.InfoMap(t.Context(), "server").Result(); err != nil || info["Server"]["redis_version"] == "" {
		t.Errorf("INFO server: %v, %v; want a redis_version", info, err)
	}
}

func TestKafkaKeepsItsDirectoryAcrossStarts(t *testing.T) {
	dir := t.TempDir()
	server := servers.KafkaServer(t, servers.KafkaDir(dir))
	address := server.Addr()
	cl, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.AllowAutoTopicCreation())
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	if err := cl.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if again := servers.Kafka(t, servers.KafkaDir(dir), servers.KafkaListen(address)); again != address {
		t.Errorf("address %s, want %s again", again, address)
	}
	if err := cl.Ping(t.Context()); err != nil {
		t.Errorf("the client does not find the broker again: %v", err)
	}
}
