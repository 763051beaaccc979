package servers

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// redisNodes is the number of primaries of a cluster, and of sentinels.
	redisNodes = 3
	// redisTimeout is after how many ms without an answer a server counts as gone.
	redisTimeout = "1000"
	// redisPrimary is the name that the sentinels know their server by.
	redisPrimary = "live"
	// redisForms bounds how long servers take to know each other.
	redisForms = 30 * time.Second
	// redisSlots is the number of hash slots of a cluster.
	redisSlots = 16384
)

// RedisNodes are redis-servers that know each other. Its methods are for one goroutine.
type RedisNodes struct {
	// Addrs are what a client is given: nodes of the cluster, or the sentinels.
	Addrs []string
	// Master is the name of the server that the sentinels watch; empty in a cluster.
	Master string

	t     testing.TB
	nodes map[string]*child // by address; sentinels are not among them
}

// RedisCluster starts a Redis Cluster of three primaries with one replica each, and stops it with the test.
func RedisCluster(t testing.TB) *RedisNodes {
	t.Helper()
	r := &RedisNodes{t: t, nodes: map[string]*child{}}
	ports := make([]string, 2*redisNodes)
	for i := range ports {
		address, bus := freeAddress(t), freeAddress(t)
		ports[i] = portOf(t, bus)
		r.start(address, "--cluster-enabled", "yes", "--cluster-port", ports[i], "--cluster-node-timeout", redisTimeout)
		r.Addrs = append(r.Addrs, address)
	}
	first := r.client(r.Addrs[0])
	for i, address := range r.Addrs[1:] {
		r.do(first, "CLUSTER", "MEET", "127.0.0.1", portOf(t, address), ports[i+1])
	}
	for i := range redisNodes {
		from, to := i*redisSlots/redisNodes, (i+1)*redisSlots/redisNodes-1
		r.do(r.client(r.Addrs[i]), "CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(from), strconv.Itoa(to))
	}
	for i := range redisNodes {
		primary, err := r.client(r.Addrs[i]).ClusterMyID(t.Context()).Result()
		if err != nil {
			t.Fatal(err)
		}
		replica := r.client(r.Addrs[redisNodes+i])
		r.await("a replica follows its primary", func(ctx context.Context) bool {
			return replica.Do(ctx, "CLUSTER", "REPLICATE", primary).Err() == nil // until then it does not know it
		})
	}
	for _, address := range r.Addrs {
		client := r.client(address)
		r.await("every node sees the whole cluster", func(ctx context.Context) bool {
			info, err := client.ClusterInfo(ctx).Result()
			nodes, errNodes := client.ClusterNodes(ctx).Result()
			return err == nil && errNodes == nil && strings.Contains(info, "cluster_state:ok") &&
				strings.Contains(info, "cluster_known_nodes:6") && strings.Count(nodes, "slave") == redisNodes
		})
	}
	for _, address := range r.Addrs[redisNodes:] {
		r.awaitReplica(address)
	}
	return r
}

// RedisSentinel starts a primary, a replica and three sentinels that watch them, and stops them with the test.
func RedisSentinel(t testing.TB) *RedisNodes {
	t.Helper()
	r := &RedisNodes{t: t, Master: redisPrimary, nodes: map[string]*child{}}
	primary, replica := freeAddress(t), freeAddress(t)
	r.start(primary)
	r.start(replica, "--replicaof", "127.0.0.1 "+portOf(t, primary))
	r.awaitReplica(replica)
	for range redisNodes {
		r.Addrs = append(r.Addrs, r.sentinel(primary))
	}
	for _, address := range r.Addrs {
		sentinel := redis.NewSentinelClient(&redis.Options{Addr: address})
		t.Cleanup(func() { _ = sentinel.Close() }) // the server goes with the test
		r.await("the sentinels know each other and the replica", func(ctx context.Context) bool {
			replicas, err := sentinel.Replicas(ctx, redisPrimary).Result()
			others, errOthers := sentinel.Sentinels(ctx, redisPrimary).Result()
			return err == nil && errOthers == nil && len(replicas) == 1 && len(others) == redisNodes-1
		})
	}
	return r
}

// sentinel starts one; its settings are in a file, which it writes itself.
func (r *RedisNodes) sentinel(primary string) string {
	r.t.Helper()
	address, dir := freeAddress(r.t), r.t.TempDir()
	config := fmt.Sprintf("bind 127.0.0.1\nport %s\ndir %s\nsentinel monitor %s 127.0.0.1 %s 2\n"+
		"sentinel down-after-milliseconds %s %s\nsentinel failover-timeout %s 5000\n",
		portOf(r.t, address), dir, redisPrimary, portOf(r.t, primary), redisPrimary, redisTimeout, redisPrimary)
	path := filepath.Join(dir, "sentinel.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		r.t.Fatal(err)
	}
	r.run(address, path, "--sentinel")
	return address
}

// start starts a redis-server with further settings and waits until it answers.
func (r *RedisNodes) start(address string, settings ...string) {
	r.t.Helper()
	arguments := []string{"--bind", "127.0.0.1", "--port", portOf(r.t, address), "--dir", r.t.TempDir(), "--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0"}
	r.nodes[address] = r.run(address, append(arguments, settings...)...)
}

func (r *RedisNodes) run(address string, arguments ...string) *child {
	r.t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		missing(r.t, "redis-server is not on PATH: apt-get install redis-server")
	}
	server, err := startChild(exec.Command(program, arguments...))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(server.kill)
	if err := awaitPong(r.t.Context(), address, server.ended); err != nil {
		r.t.Fatal(err)
	}
	return server
}

// KillPrimary ends, as kill -9 does, the server that now holds a key, and returns its address.
func (r *RedisNodes) KillPrimary(key string) string {
	r.t.Helper()
	address := r.Primary(key)
	if r.nodes[address] == nil {
		r.t.Fatalf("%s holds %q and is none of %d servers", address, key, len(r.nodes))
	}
	r.nodes[address].kill()
	return address
}

// Primary is the address of the server that now holds a key.
func (r *RedisNodes) Primary(key string) string {
	r.t.Helper()
	if r.Master != "" {
		sentinel := redis.NewSentinelClient(&redis.Options{Addr: r.Addrs[0]})
		defer func() { _ = sentinel.Close() }()
		hostPort, err := sentinel.GetMasterAddrByName(r.t.Context(), r.Master).Result()
		if err != nil || len(hostPort) != 2 {
			r.t.Fatalf("ask a sentinel for the primary: %v, %v", hostPort, err)
		}
		return net.JoinHostPort(hostPort[0], hostPort[1])
	}
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: r.Addrs})
	defer func() { _ = client.Close() }()
	node, err := client.MasterForKey(r.t.Context(), key)
	if err != nil {
		r.t.Fatal(err)
	}
	return node.Options().Addr
}

func (r *RedisNodes) awaitReplica(address string) {
	r.t.Helper()
	client := r.client(address)
	r.await("a replica has its primary's data", func(ctx context.Context) bool {
		info, err := client.Info(ctx, "replication").Result()
		return err == nil && strings.Contains(info, "master_link_status:up")
	})
}

func (r *RedisNodes) client(address string) *redis.Client {
	client := redis.NewClient(&redis.Options{Addr: address})
	r.t.Cleanup(func() { _ = client.Close() })
	return client
}

func (r *RedisNodes) do(client *redis.Client, command ...any) {
	r.t.Helper()
	if err := client.Do(r.t.Context(), command...).Err(); err != nil {
		r.t.Fatalf("%v: %v", command, err)
	}
}

func (r *RedisNodes) await(what string, done func(context.Context) bool) {
	r.t.Helper()
	ctx, cancel := context.WithTimeoutCause(r.t.Context(), redisForms, errors.New("waited too long"))
	defer cancel()
	for !done(ctx) {
		select {
		case <-ctx.Done():
			r.t.Fatalf("%s: %v", what, context.Cause(ctx))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func portOf(t testing.TB, address string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return port
}
