package e2e

import (
	"context"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clicktally/clicktally/test/servers"
)

// stores run beside the cluster, on the node's address, where pods reach them: a real Kafka, and the Redis and the
// ClickHouse of `clicktally stores`.
type stores struct {
	kafka      *servers.Cluster
	bootstrap  string
	redis      string
	clickHouse string
}

func startStores(t *testing.T, clicktally string) *stores {
	t.Helper()
	host := os.Getenv("CLUSTER_NODE_ADDRESS")
	if host == "" {
		t.Fatal("CLUSTER_NODE_ADDRESS is not set: the address of this machine that pods reach")
	}
	s := &stores{kafka: servers.BrokerCluster(t, servers.Brokers(1), servers.BrokersOn(host))}
	s.bootstrap = s.kafka.Seeds()[0]
	ctx, cancel := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, clicktally, "stores", "--advertise="+host, "--listen-host="+host,
		"--kafka-port=0", "--redis-port=16379", "--clickhouse-port=18123", "--admin="+net.JoinHostPort(host, "18080"), "--data="+t.TempDir())
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 30 * time.Second
	log := &strings.Builder{}
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = command.Wait() // it was told to end
		if t.Failed() {
			t.Logf("clicktally stores said:\n%s", log)
		}
	})
	s.redis, s.clickHouse = net.JoinHostPort(host, "16379"), net.JoinHostPort(host, "18123")
	for deadline := time.Now().Add(time.Minute); ; <-time.After(100 * time.Millisecond) {
		conn, err := net.DialTimeout("tcp", net.JoinHostPort(host, "18080"), time.Second)
		if err == nil {
			conn.Close()
			return s
		}
		if time.Now().After(deadline) {
			t.Fatalf("the stores do not answer: %v", err)
		}
	}
}
