package servers

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"golang.org/x/sync/errgroup"
)

const (
	// brokerAnswers bounds how long a cluster may take until all its nodes answer, on a busy machine.
	brokerAnswers = 90 * time.Second
	// brokerPoll is the time between two looks.
	brokerPoll = 50 * time.Millisecond
	// brokerTries bounds the starts of a cluster: a port that was free may be taken before the node binds it.
	brokerTries = 3
	// brokerSweep names the data folders of the shared brokers.
	brokerSweep = "clicktally-kafka-"
)

// errEnded says that a node did not stay.
var errEnded = errors.New("the Kafka node ended")

// BrokerOption changes what Broker and BrokerCluster start.
type BrokerOption func(*brokerConfig)

type brokerConfig struct {
	nodes     int
	host      string // empty: loopback
	settings  map[string]string
	listeners []listener // beside the plain one
	clocks    bool       // can be set
}

// Brokers asks for n nodes of this test's own, at most 3, in place of the one that is shared.
func Brokers(n int) BrokerOption { return func(c *brokerConfig) { c.nodes = n } }

// BrokersOn has the nodes listen on another address of this machine, where pods of a test's cluster reach them.
func BrokersOn(host string) BrokerOption { return func(c *brokerConfig) { c.host = host } }

// BrokerSetting sets a property of server.properties on every node of a cluster of the test's own.
func BrokerSetting(key, value string) BrokerOption {
	return func(c *brokerConfig) { c.settings[key] = value }
}

// Broker returns the addresses (host:port) of a real Apache Kafka in KRaft mode. Without options it is one node that all
// tests of the binary share, because a start takes seconds: name topics, groups and transactional ids after Prefix.
// With options it is a cluster of this test's own.
func Broker(t testing.TB, options ...BrokerOption) []string {
	t.Helper()
	if len(options) > 0 || dieWithParent() == nil { // nothing else would end a shared one
		return BrokerCluster(t, options...).Seeds()
	}
	cluster, err := sharedBroker()
	if errors.Is(err, errNoKafka) {
		missing(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reportLogs(t, cluster) })
	return cluster.Seeds()
}

// Prefix is a name that no other test has, for what a test makes on a shared broker.
func Prefix(testing.TB) string { return "t" + strings.ToLower(rand.Text()[:12]) }

// Cluster is a Kafka of a test's own. Its methods are for one goroutine.
type Cluster struct {
	t     testing.TB
	nodes []*node
}

// BrokerCluster starts the nodes (one, unless Brokers says otherwise), waits until all answer, and stops them with the test.
func BrokerCluster(t testing.TB, options ...BrokerOption) *Cluster {
	t.Helper()
	programs, err := locateKafka()
	if errors.Is(err, errNoKafka) {
		missing(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	cfg := brokerConfig{nodes: 1, settings: map[string]string{}}
	for _, option := range options {
		option(&cfg)
	}
	cluster, dir := &Cluster{t: t}, t.TempDir() // the folder is made first, so that it is removed last
	t.Cleanup(func() { reportLogs(t, cluster); cluster.stop() })
	if err := cluster.start(t.Context(), programs, dir, cfg); err != nil {
		t.Fatal(err)
	}
	return cluster
}

// sharedBroker is never stopped: it ends with the test binary, and the next one removes its folder.
var sharedBroker = sync.OnceValues(func() (*Cluster, error) {
	programs, err := locateKafka()
	if err != nil {
		return nil, err
	}
	sweep(brokerSweep)
	dir, err := os.MkdirTemp("", fmt.Sprintf("%s%d-", brokerSweep, os.Getpid()))
	if err != nil {
		return nil, err
	}
	cluster := &Cluster{}
	if err := cluster.start(context.Background(), programs, dir, brokerConfig{nodes: 1}); err != nil {
		cluster.stop()
		return nil, err
	}
	return cluster, nil
})

// start makes the nodes in dir and waits until each knows all of them.
func (c *Cluster) start(ctx context.Context, programs kafkaPrograms, dir string, cfg brokerConfig) error {
	var err error
	for try := range brokerTries {
		if err = c.try(ctx, programs, filepath.Join(dir, strconv.Itoa(try)), cfg); !errors.Is(err, errEnded) {
			return err
		}
		c.stop()
	}
	return err
}

func (c *Cluster) try(ctx context.Context, programs kafkaPrograms, dir string, cfg brokerConfig) error {
	addresses, err := freeAddresses(cmp.Or(cfg.host, loopback), (2+len(cfg.listeners))*cfg.nodes)
	if err != nil {
		return err
	}
	clients, controllers, others := addresses[:cfg.nodes], addresses[cfg.nodes:2*cfg.nodes], addresses[2*cfg.nodes:]
	var library string
	if cfg.clocks {
		if library, err = clockLibrary(dir); err != nil {
			return err
		}
	}
	c.nodes = nil
	var making errgroup.Group
	for i := range cfg.nodes {
		n := &node{programs: programs, dir: filepath.Join(dir, fmt.Sprint("node-", i)), client: clients[i], library: library}
		c.nodes = append(c.nodes, n)
		settings := nodeSettings(i, n.dir, clients, controllers)
		for l, listener := range cfg.listeners {
			address := others[l*cfg.nodes+i]
			listener.addTo(settings, address)
			n.others = append(n.others, address)
		}
		maps.Copy(settings, cfg.settings)
		making.Go(func() error {
			if err := n.prepare(settings); err != nil {
				return err
			}
			return n.start()
		})
	}
	if err := making.Wait(); err != nil {
		return err
	}
	return c.await(ctx)
}

// await returns when every node that was not killed tells that all of those take part.
func (c *Cluster) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, brokerAnswers)
	defer cancel()
	want := 0
	for _, n := range c.nodes {
		if !n.killed {
			want++
		}
	}
	for _, n := range c.nodes {
		for !n.killed {
			seen, err := brokersSeenBy(ctx, n.client)
			if err == nil && seen == want {
				break
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("the Kafka node on %s sees %d of %d brokers: %w: %s", n.client, seen, want, errors.Join(ctx.Err(), err), n.log())
			case <-n.process.ended:
				return fmt.Errorf("%w on %s: %s", errEnded, n.client, n.log())
			case <-time.After(brokerPoll):
			}
		}
	}
	return nil
}

func brokersSeenBy(ctx context.Context, address string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(address), kgo.RequestRetries(0))
	if err != nil {
		return 0, err
	}
	defer client.Close()
	metadata, err := kadm.NewClient(client).BrokerMetadata(ctx)
	return len(metadata.Brokers), err
}

// Seeds are the addresses of all nodes, host:port.
func (c *Cluster) Seeds() []string {
	seeds := make([]string, len(c.nodes))
	for i, n := range c.nodes {
		seeds[i] = n.client
	}
	return seeds
}

// seedsOf are the addresses of a listener beside the plain one, by its number.
func (c *Cluster) seedsOf(listener int) []string {
	seeds := make([]string, len(c.nodes))
	for i, n := range c.nodes {
		seeds[i] = n.others[listener]
	}
	return seeds
}

// Kill ends node i as kill -9 does.
func (c *Cluster) Kill(i int) { c.nodes[i].kill() }

// Restart starts node i again on what it left, and waits until all nodes that were not killed know it.
func (c *Cluster) Restart(i int) {
	c.t.Helper()
	c.Kill(i)
	if err := c.nodes[i].start(); err != nil {
		c.t.Fatal(err)
	}
	if err := c.await(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
}

// Leader is the node that leads a partition now.
func (c *Cluster) Leader(topic string, partition int32) int {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), brokerAnswers)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(c.Seeds()...))
	if err != nil {
		c.t.Fatal(err)
	}
	defer client.Close()
	details, err := kadm.NewClient(client).ListTopics(ctx, topic)
	if err != nil {
		c.t.Fatal(err)
	}
	leader := details[topic].Partitions[partition].Leader
	if details[topic].Err != nil || leader < 1 {
		c.t.Fatalf("partition %d of %s has no leader: %v", partition, topic, details[topic].Err)
	}
	return int(leader) - 1
}

func (c *Cluster) stop() {
	for _, n := range c.nodes {
		n.kill()
	}
}

// reportLogs shows a failed test what the nodes said.
func reportLogs(t testing.TB, c *Cluster) {
	if !t.Failed() {
		return
	}
	for i, n := range c.nodes {
		t.Logf("the end of what Kafka node %d said: %s", i, n.log())
	}
}

// PID is the process id of node i, for signals of a test's own.
func (c *Cluster) PID(i int) int { return c.nodes[i].process.command.Process.Pid }
