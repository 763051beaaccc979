package process

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/aggregate"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/publish"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/journal"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/runtime/store/topics"
	"github.com/clicktally/clicktally/test/servers"
)

const (
	patience = 4 * time.Minute
	// clicks are sent to the log, and so many must be counted.
	clicks = 20
)

// pipeline is a pipeline on a broker where exactly the ACLs of the table exist, with a login for every role.
type pipeline struct {
	t      *testing.T
	broker *servers.SecuredKafka
	names  topics.Names
	logins map[topics.Role]*Kafka
}

func newPipeline(t *testing.T) *pipeline {
	p := &pipeline{t: t, broker: servers.SecuredBroker(t, nil), names: topics.Names{Prefix: "ct"}, logins: map[topics.Role]*Kafka{}}
	principals := map[topics.Role]string{}
	for _, role := range topics.Roles() {
		name := "login-" + string(role)
		password := p.broker.AddUser(name)
		principals[role] = "User:" + name
		p.logins[role] = &Kafka{
			Servers: p.broker.SASL, Prefix: p.names.Prefix, Mechanism: "SCRAM-SHA-512", TLS: TLS{CAFile: p.broker.Authority.CAFile},
			credentials: func() (string, string, error) { return name, password, nil },
		}
	}
	allow(t, p.broker.Admin(), topics.ACLs(p.names, principals))
	return p
}

// allow makes the ACLs of the table, and nothing else.
func allow(t *testing.T, admin *kadm.Client, acls []topics.ACL) {
	t.Helper()
	for _, acl := range acls {
		pattern := kadm.ACLPatternLiteral
		if acl.Prefixed {
			pattern = kadm.ACLPatternPrefixed
		}
		b := kadm.NewACLs().Allow(acl.Principal).AllowHosts("*").ResourcePatternType(pattern).Operations(acl.Operations...)
		switch acl.Resource {
		case topics.ResourceTopic:
			b = b.Topics(acl.Name)
		case topics.ResourceGroup:
			b = b.Groups(acl.Name)
		case topics.ResourceTransactionalID:
			b = b.TransactionalIDs(acl.Name)
		}
		made, err := admin.CreateACLs(t.Context(), b)
		for _, result := range made {
			err = errors.Join(err, result.Err)
		}
		if err != nil {
			t.Fatalf("%s: %v", acl.Command(), err)
		}
	}
}

func (p *pipeline) options(role topics.Role) []kgo.Opt {
	p.t.Helper()
	options, err := p.logins[role].Options()
	if err != nil {
		p.t.Fatal(err)
	}
	return options
}

func (p *pipeline) client(role topics.Role, more ...kgo.Opt) *kgo.Client {
	p.t.Helper()
	client, err := kgo.NewClient(append(p.options(role), more...)...)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(client.Close)
	return client
}

// TestEachRoleDoesItsWholeJobWithTheRightsOfTheTable runs what the processes run, over TLS with SCRAM, on a broker
// that refuses whatever the table does not name.
func TestEachRoleDoesItsWholeJobWithTheRightsOfTheTable(t *testing.T) {
	p := newPipeline(t)
	generation := p.publish()
	for _, role := range topics.Roles() {
		if err := p.logins[role].Check(t.Context(), role); err != nil {
			t.Errorf("the check of role %s: %v", role, err)
		}
	}
	p.follow(topics.RoleTracker)
	p.follow(topics.RoleQuery)
	p.track(generation)
	p.poison()
	p.aggregate()
	p.audit()
	p.refuse()
}

// publish makes the topics and writes the catalog in a transaction.
func (p *pipeline) publish() *catalogpb.Generation {
	p.t.Helper()
	admin := kadm.NewClient(p.client(topics.RolePublisher))
	_, err := topics.Ensure(p.t.Context(), admin, p.names, topics.Config{Generation: 1, Partitions: 2, Replication: 1, Report: func(topics.Shortfall) {}})
	if err != nil {
		p.t.Fatalf("make the topics: %v", err)
	}
	publisher, err := publish.Open(p.t.Context(), publish.Config{
		Options: p.options(topics.RolePublisher), Topic: p.names.Catalog(), TransactionalID: p.names.Publisher(), Cluster: "c", Object: "o",
	})
	if err != nil {
		p.t.Fatal(err)
	}
	defer publisher.Close()
	g := &catalogpb.Generation{Number: 1, Topic: p.names.Events(1), Partitions: 2}
	records := []*catalogpb.Record{
		{Body: &catalogpb.Record_GenerationRecord{GenerationRecord: g}},
		{Body: &catalogpb.Record_Pipeline{Pipeline: &catalogpb.Pipeline{OwnerCluster: "c", OwnerObject: "o"}}},
	}
	if _, err := publisher.Publish(p.t.Context(), publish.Batch{Records: records}); err != nil {
		p.t.Fatalf("publish: %v", err)
	}
	return g
}

// follow waits until a role serves the catalog.
func (p *pipeline) follow(role topics.Role) {
	p.t.Helper()
	follower, err := p.logins[role].Follower(slog.New(slog.NewTextHandler(p.t.Output(), nil)))
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(p.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- follower.Run(ctx) }()
	p.eventually("role "+string(role)+" follows the catalog", func() bool {
		c := follower.Current()
		return c != nil && len(c.Generations()) == 1
	})
	stop()
	if err := <-ended; err != nil {
		p.t.Errorf("follow as %s: %v", role, err)
	}
}

// track accepts clicks and reports a heartbeat, as a tracker does.
func (p *pipeline) track(g *catalogpb.Generation) {
	p.t.Helper()
	accepter, err := journal.New(journal.Config{
		Client: p.client(topics.RoleTracker, journal.ClientOpts(0, 0)...), HeartbeatTopic: p.names.Heartbeats(), Pod: "pod",
		GenerationAt: func(int64) *catalogpb.Generation { return g },
	})
	if err != nil {
		p.t.Fatal(err)
	}
	for range clicks {
		e := &event.Event{EventType: event.EventType_EVENT_TYPE_CLICK, Origin: event.Origin_ORIGIN_OWN, Timestamp: time.Now().UnixMilli(), AdId: "ad", CampaignId: "c"}
		if err := accepter.Accept(p.t.Context(), e); err != nil {
			p.t.Fatalf("accept a click: %v", err)
		}
	}
	if err := accepter.Close(p.t.Context()); err != nil {
		p.t.Errorf("the last heartbeat: %v", err)
	}
}

// poison adds what cannot be counted, from outside of ClickTally.
func (p *pipeline) poison() {
	p.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(p.broker.Plain...))
	if err != nil {
		p.t.Fatal(err)
	}
	defer client.Close()
	if err := client.ProduceSync(p.t.Context(), &kgo.Record{Topic: p.names.Events(1), Value: []byte("\xff no event")}).FirstErr(); err != nil {
		p.t.Fatal(err)
	}
}

// aggregate runs an aggregator until it has counted all clicks, put the poison away and shown its position.
func (p *pipeline) aggregate() {
	p.t.Helper()
	conn, err := clickhouse.Open(&clickhouse.Options{Protocol: clickhouse.HTTP, Addr: []string{servers.ClickHouse(p.t)}})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.Close() })
	live := redis.NewClient(&redis.Options{Addr: servers.Redis(p.t)})
	p.t.Cleanup(func() { live.Close() })
	database := servers.Database(p.t)
	list := catalog.Generations{{Number: 1, Topic: p.names.Events(1), Partitions: 2}}
	announced := func() (catalog.Generations, time.Duration) { return list, 0 }
	a, err := aggregate.New(aggregate.Config{
		Kafka: p.options(topics.RoleAggregator), Topics: p.names, Generations: announced, ClickHouse: conn, Database: database, Redis: live,
		FlushEvery: 100 * time.Millisecond, Log: slog.New(slog.NewTextHandler(p.t.Output(), nil)),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(p.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	p.eventually("the aggregator has loaded every click", func() bool {
		var rows, dead uint64
		err := conn.QueryRow(ctx, "SELECT sum(rows), sum(dead_letters) FROM "+store.Quote(database)+".manifests").Scan(&rows, &dead)
		return err == nil && rows == clicks && dead == 1
	})
	admin := p.broker.Admin()
	p.eventually("the group shows the position", func() bool {
		offsets, err := admin.FetchOffsets(ctx, p.names.Aggregators())
		sum := int64(0)
		offsets.Each(func(o kadm.OffsetResponse) { sum += max(o.At, 0) })
		return err == nil && sum == clicks+1
	})
	stop()
	if err := <-ended; err != nil {
		p.t.Errorf("aggregate: %v", err)
	}
}

// audit reads what the ledger and the commands of people read, and writes what the latter write.
func (p *pipeline) audit() {
	p.t.Helper()
	ledger := kadm.NewClient(p.client(topics.RoleLedger))
	ends, err := ledger.ListCommittedOffsets(p.t.Context(), p.names.Events(1))
	sum := int64(0)
	ends.Each(func(o kadm.ListedOffset) { sum += o.Offset })
	if err != nil || ends.Error() != nil || sum != clicks+1 {
		p.t.Errorf("the ledger sees %d records in the log: %v, %v", sum, err, ends.Error())
	}
	p.reads(topics.RoleLedger, p.names.Heartbeats())
	p.reads(topics.RoleLedger, p.names.DeadLetters())
	p.reads(topics.RoleAggregator, p.names.Heartbeats()) // its process holds a ledger too
	p.reads(topics.RoleAggregator, p.names.DeadLetters())
	p.reads(topics.RolePublisher, p.names.Heartbeats())
	p.reads(topics.RoleRepair, p.names.DeadLetters())
	if err := p.produce(topics.RoleRepair, p.names.Events(1)); err != nil {
		p.t.Errorf("replay a dead letter: %v", err)
	}
	publisher, err := publish.Open(p.t.Context(), publish.Config{
		Options: p.options(topics.RoleRepair), Topic: p.names.Catalog(), TransactionalID: p.names.Publisher(), Cluster: "c", Object: "o",
	})
	if err != nil {
		p.t.Fatalf("raise the epoch: %v", err)
	}
	publisher.Close()
}

// refuse tries what each login must not do.
func (p *pipeline) refuse() {
	p.t.Helper()
	for what, try := range map[string]func() error{
		"a tracker reads events":              func() error { return p.read(topics.RoleTracker, p.names.Events(1)) },
		"a tracker writes the catalog":        func() error { return p.produce(topics.RoleTracker, p.names.Catalog()) },
		"a tracker writes dead letters":       func() error { return p.produce(topics.RoleTracker, p.names.DeadLetters()) },
		"a tracker reads heartbeats":          func() error { return p.read(topics.RoleTracker, p.names.Heartbeats()) },
		"the query service reads events":      func() error { return p.read(topics.RoleQuery, p.names.Events(1)) },
		"the query service writes events":     func() error { return p.produce(topics.RoleQuery, p.names.Events(1)) },
		"an aggregator writes the catalog":    func() error { return p.produce(topics.RoleAggregator, p.names.Catalog()) },
		"the ledger reads events":             func() error { return p.read(topics.RoleLedger, p.names.Events(1)) },
		"the ledger writes dead letters":      func() error { return p.produce(topics.RoleLedger, p.names.DeadLetters()) },
		"the ledger writes the catalog":       func() error { return p.produce(topics.RoleLedger, p.names.Catalog()) },
		"the publisher reads events":          func() error { return p.read(topics.RolePublisher, p.names.Events(1)) },
		"a tracker takes another's topic":     func() error { return p.produce(topics.RoleTracker, "other.events.1") },
		"a tracker fences the publisher":      func() error { return p.transact(topics.RoleTracker) },
		"an aggregator fences the publisher":  func() error { return p.transact(topics.RoleAggregator) },
		"a tracker joins the aggregators":     func() error { return p.join(topics.RoleTracker) },
		"the query service joins aggregators": func() error { return p.join(topics.RoleQuery) },
	} {
		err := try()
		if !errors.Is(err, kerr.TopicAuthorizationFailed) && !errors.Is(err, kerr.TransactionalIDAuthorizationFailed) &&
			!errors.Is(err, kerr.GroupAuthorizationFailed) && !errors.Is(err, kerr.ClusterAuthorizationFailed) { // the last: no right to write anything
			p.t.Errorf("%s: %v, want a refusal", what, err)
		}
	}
}

func (p *pipeline) produce(role topics.Role, topic string) error {
	client := p.client(role, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.RecordDeliveryTimeout(patience))
	return client.ProduceSync(p.t.Context(), &kgo.Record{Topic: topic, Key: []byte("k"), Value: []byte("\xff no event")}).FirstErr()
}

// read fetches a record of the first partitions.
func (p *pipeline) read(role topics.Role, topic string) error {
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	start := kgo.NewOffset().AtStart()
	client := p.client(role, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: start}}))
	for {
		fetches := client.PollFetches(ctx)
		for _, failure := range fetches.Errors() {
			return failure.Err
		}
		if fetches.NumRecords() > 0 {
			return nil
		}
	}
}

func (p *pipeline) reads(role topics.Role, topic string) {
	p.t.Helper()
	if err := p.read(role, topic); err != nil {
		p.t.Errorf("role %s reads %s: %v", role, topic, err)
	}
}

func (p *pipeline) transact(role topics.Role) error {
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	_, _, err := p.client(role, kgo.TransactionalID(p.names.Publisher())).ProducerID(ctx)
	return err
}

func (p *pipeline) join(role topics.Role) error {
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	_, err := kadm.NewClient(p.client(role)).FetchOffsets(ctx, p.names.Aggregators())
	return err
}

func (p *pipeline) eventually(what string, done func() bool) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for !done() {
		if time.Now().After(deadline) {
			p.t.Fatalf("waited %v in vain: %s", patience, what)
		}
		<-time.After(50 * time.Millisecond)
	}
}
