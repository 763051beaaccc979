package topics

import (
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kadm"
)

// Role is a kind of process with a login of its own to Kafka.
type Role string

// The roles. Each is given what it does and nothing else: a tracker, which faces the internet, can add
// events and cannot read any.
const (
	RoleTracker    Role = "tracker"
	RoleAggregator Role = "aggregator"
	RoleQuery      Role = "query"
	RolePublisher  Role = "publisher" // the operator: makes topics, writes the catalog
	RoleLedger     Role = "ledger"
	RoleRepair     Role = "repair" // people: clicktally dlq, recover, restate
)

// Roles are all roles, in the order of the table.
func Roles() []Role {
	return []Role{RoleTracker, RoleAggregator, RoleQuery, RolePublisher, RoleLedger, RoleRepair}
}

// Resource is a kind of thing that Kafka guards, as kafka-acls.sh spells it.
type Resource string

// The resources that are guarded here.
const (
	ResourceTopic           Resource = "topic"
	ResourceGroup           Resource = "group"
	ResourceTransactionalID Resource = "transactional-id"
)

// ACL allows one role operations on one resource. Kafka's own implications hold: Read and Write imply Describe.
type ACL struct {
	Role       Role
	Principal  string // as Kafka names it, User:NAME
	Resource   Resource
	Name       string
	Prefixed   bool // Name is how the names begin: generations of events are made as a pipeline grows
	Operations []kadm.ACLOperation
	Why        string
}

// ACLs is everything that the roles of one pipeline need in Kafka, from any host. principals names the login of
// each role, User:NAME; a role without one is User:<prefix>-<role>.
func ACLs(names Names, principals map[Role]string) []ACL {
	events := ACL{Resource: ResourceTopic, Name: names.everyEvents(), Prefixed: true}
	catalog := ACL{Resource: ResourceTopic, Name: names.Catalog()}
	heartbeats := ACL{Resource: ResourceTopic, Name: names.Heartbeats()}
	letters := ACL{Resource: ResourceTopic, Name: names.DeadLetters()}
	group := ACL{Resource: ResourceGroup, Name: names.Aggregators()}
	transaction := ACL{Resource: ResourceTransactionalID, Name: names.Publisher()}
	pipeline := ACL{Resource: ResourceTopic, Name: names.Prefix + ".", Prefixed: true}

	const read, write, describe = kadm.OpRead, kadm.OpWrite, kadm.OpDescribe
	all := []ACL{
		events.allow(RoleTracker, "produce events", write),
		heartbeats.allow(RoleTracker, "report progress", write),
		catalog.allow(RoleTracker, "follow the configuration", read),

		events.allow(RoleAggregator, "count events, pass one on to the generation of its time", read, write),
		catalog.allow(RoleAggregator, "follow the configuration", read),
		heartbeats.allow(RoleAggregator, "report the applied configuration, and the ledger in it: know every boot", read, write),
		letters.allow(RoleAggregator, "put away what cannot be counted, and the ledger in it: know it", read, write),
		group.allow(RoleAggregator, "share the partitions, show the lag", read),

		catalog.allow(RoleQuery, "follow the configuration", read),
		heartbeats.allow(RoleQuery, "report the applied configuration", write),

		pipeline.allow(RolePublisher, "make topics, check their settings", kadm.OpCreate, describe, kadm.OpDescribeConfigs),
		catalog.allow(RolePublisher, "compare and publish the configuration", read, write),
		transaction.allow(RolePublisher, "publish in transactions, fence a predecessor", write),
		heartbeats.allow(RolePublisher, "see who serves what", read),
		group.allow(RolePublisher, "see the lag", describe),

		catalog.allow(RoleLedger, "know every generation", read),
		heartbeats.allow(RoleLedger, "know every boot and what it settled", read),
		events.allow(RoleLedger, "ask where each log ends", describe),
		letters.allow(RoleLedger, "know what could not be counted", read),

		letters.allow(RoleRepair, "look at dead letters", read),
		events.allow(RoleRepair, "replay dead letters, ask where each log begins and ends", write),
		catalog.allow(RoleRepair, "read the pipeline, raise its epoch", read, write),
		transaction.allow(RoleRepair, "raise the epoch in a transaction", write),
	}
	for i := range all {
		if all[i].Principal = principals[all[i].Role]; all[i].Principal == "" {
			all[i].Principal = "User:" + names.Prefix + "-" + string(all[i].Role)
		}
	}
	return all
}

// ACLsOf are those of one role.
func ACLsOf(all []ACL, role Role) []ACL {
	return slices.DeleteFunc(slices.Clone(all), func(a ACL) bool { return a.Role != role })
}

func (a ACL) allow(role Role, why string, operations ...kadm.ACLOperation) ACL {
	a.Role, a.Why, a.Operations = role, why, operations
	return a
}

// Pattern is how Kafka compares Name: literal or prefixed.
func (a ACL) Pattern() string {
	if a.Prefixed {
		return "prefixed"
	}
	return "literal"
}

// OperationNames are the operations as kafka-acls.sh spells them.
func (a ACL) OperationNames() []string {
	spelled := map[kadm.ACLOperation]string{
		kadm.OpRead: "Read", kadm.OpWrite: "Write", kadm.OpCreate: "Create",
		kadm.OpDescribe: "Describe", kadm.OpDescribeConfigs: "DescribeConfigs",
	}
	words := make([]string, len(a.Operations))
	for i, operation := range a.Operations {
		words[i] = spelled[operation]
	}
	return words
}

// Command is the line that makes the ACL with Kafka's own tool. The server and the administrator's login are for
// the caller to add.
func (a ACL) Command() string {
	words := []string{"kafka-acls.sh", "--add", "--allow-principal", quoted(a.Principal)}
	for _, operation := range a.OperationNames() {
		words = append(words, "--operation", operation)
	}
	words = append(words, "--"+string(a.Resource), quoted(a.Name))
	if a.Prefixed {
		words = append(words, "--resource-pattern-type", a.Pattern())
	}
	return strings.Join(words, " ")
}

// quoted is one word of a shell, whatever it holds.
func quoted(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }
