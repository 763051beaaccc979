package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	chclient "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/embedded/clickhouse"
	"github.com/clicktally/clicktally/runtime/embedded/kafka"
	"github.com/clicktally/clicktally/test/freeport"
	"github.com/clicktally/clicktally/test/servers"
)

const (
	brokers = 3
	// answersWithin bounds how long a store that was started may take until it answers.
	answersWithin = 2 * time.Minute
	lookEvery     = 100 * time.Millisecond
)

// stores are the real servers, each behind a proxy where faults need one. Processes under test reach
// them through the proxies; the harness reads past them.
type stores struct {
	stage       *stage
	cluster     *servers.Cluster // nil without Java
	fallback    *kafka.Server    // kfake, then
	seeds       []string
	redis       *process
	redisWire   *wire
	engine      *process
	engineLiar  *liar
	redisAddr   string
	engineAddr  string
	client      *kgo.Client
	admin       *kadm.Client
	history     driver.Conn
	live        *redis.Client
	replication int16
}

func startStores(ctx context.Context, s *stage, b binaries) (*stores, error) {
	st := &stores{stage: s}
	if err := st.startKafka(ctx); err != nil {
		return nil, err
	}
	if err := st.startRedis(); err != nil {
		return nil, err
	}
	if err := st.startEngine(b); err != nil {
		return nil, err
	}
	var err error
	if st.client, err = kgo.NewClient(kgo.SeedBrokers(st.seeds...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(4<<20)); err != nil {
		return nil, err
	}
	s.Cleanup(st.client.Close)
	st.admin = kadm.NewClient(st.client)
	st.history, err = chclient.Open(&chclient.Options{Protocol: chclient.HTTP, Addr: []string{st.engineAddr}, ReadTimeout: 2 * time.Minute})
	if err != nil {
		return nil, err
	}
	s.Cleanup(func() { _ = st.history.Close() }) // the harness ends
	st.live = redis.NewClient(&redis.Options{Addr: st.redisAddr})
	s.Cleanup(func() { _ = st.live.Close() }) // the harness ends
	return st, await(ctx, answersWithin, "the stores", func() error {
		return errors.Join(st.history.Ping(ctx), st.live.Ping(ctx).Err())
	})
}

func (st *stores) startKafka(ctx context.Context) error {
	err := attempt(func() {
		st.cluster = servers.BrokerCluster(st.stage, servers.Brokers(brokers), servers.BrokerClocks())
		st.seeds = st.cluster.Seeds()
	})
	if err == nil {
		st.replication = brokers
		return nil
	}
	if st.stage.failed {
		return err
	}
	say("*** NO APACHE KAFKA (%v): running on kfake in this process; every fault of brokers is SKIPPED ***", err)
	if os.Getenv("CI") != "" || os.Getenv("CLICKTALLY_REQUIRE_SERVERS") != "" {
		return err
	}
	if st.fallback, err = kafka.Start(ctx, kafka.Config{}); err != nil {
		return err
	}
	st.stage.Cleanup(func() { _ = st.fallback.Close() }) // the harness ends
	st.seeds, st.replication = []string{st.fallback.Addr()}, 1
	return nil
}

func (st *stores) startRedis() error {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return fmt.Errorf("redis-server is not on PATH: apt-get install redis-server: %w", err)
	}
	if st.redisAddr, err = freeAddress(); err != nil {
		return err
	}
	_, port, _ := net.SplitHostPort(st.redisAddr)
	dir := st.stage.TempDir()
	st.redis = (&process{
		name: "redis", program: program, log: filepath.Join(st.stage.dir, "redis.log"),
		args: []string{"--bind", "127.0.0.1", "--port", port, "--dir", dir, "--save", "", "--appendonly", "no", "--databases", "1"},
	}).keep()
	st.stage.Cleanup(st.redis.close)
	if st.redisWire, err = newWire(st.redisAddr); err != nil {
		return err
	}
	st.stage.Cleanup(st.redisWire.close)
	return nil
}

func (st *stores) startEngine(b binaries) error {
	library, err := clickhouse.Locate()
	if err != nil {
		return err
	}
	if st.engineAddr, err = freeAddress(); err != nil {
		return err
	}
	st.engine = (&process{
		name: "clickhouse", program: b.chdb, log: filepath.Join(st.stage.dir, "clickhouse.log"),
		args: []string{"--data", st.stage.TempDir(), "--listen", st.engineAddr, "--lib", library},
	}).keep()
	st.stage.Cleanup(st.engine.close)
	if st.engineLiar, err = newLiar(st.engineAddr); err != nil {
		return err
	}
	st.stage.Cleanup(st.engineLiar.close)
	return nil
}

// killBroker ends broker i as kill -9 does, and startBroker starts it again on what it left.
func (st *stores) killBroker(i int) {
	st.cluster.Kill(i)
	kills.Add(1)
}

func (st *stores) startBroker(i int) error {
	err := attempt(func() { st.cluster.Restart(i) })
	if err != nil { // a busy machine may take longer than a test would wait
		err = attempt(func() { st.cluster.Restart(i) })
	}
	st.stage.failed = false
	return err
}

// pauseBroker stops broker i by SIGSTOP, or wakes it.
func (st *stores) pauseBroker(i int, pause bool) {
	s := syscall.SIGCONT
	if pause {
		s = syscall.SIGSTOP
	}
	_ = syscall.Kill(st.cluster.PID(i), s) // gone already: nothing to pause
}

// freeAddress is a loopback address for one of our programs.
func freeAddress() (string, error) { return freeport.Address("127.0.0.1") }

// await polls until look succeeds.
func await(ctx context.Context, within time.Duration, what string, look func() error) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		err := look()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %v in vain for %s: %w", within, what, err)
		case <-time.After(lookEvery):
		}
	}
}

// pause waits, and says whether the run goes on.
func pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
