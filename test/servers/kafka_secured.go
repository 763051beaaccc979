package servers

import (
	"crypto/rand"
	"maps"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// listener is a port of every node beside the plain one.
type listener struct {
	name, protocol string
	settings       map[string]string // without the prefix listener.name.<name>.
}

func (l listener) addTo(settings map[string]string, address string) {
	settings["listeners"] += "," + l.name + "://" + address
	settings["advertised.listeners"] += "," + l.name + "://" + address
	settings["listener.security.protocol.map"] += "," + l.name + ":" + l.protocol
	for key, value := range l.settings {
		settings["listener.name."+l.name+"."+key] = value
	}
}

// SecuredKafka is one node with an authorizer that refuses whatever no ACL allows.
type SecuredKafka struct {
	// SASL are the addresses that want TLS and a login: SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN.
	SASL []string
	// MutualTLS are the addresses that want a client certificate of Authority; its common name is the user.
	MutualTLS []string
	// Plain are addresses for the test's own preparations: who comes here is a super user.
	Plain     []string
	Authority *Authority

	t testing.TB
}

// PlainUser and PlainPassword are the one login that SecuredBroker knows for the mechanism PLAIN.
const (
	PlainUser     = "plainuser"
	PlainPassword = "plainpassword"
)

// SecuredBroker starts Apache Kafka with TLS, SASL and the StandardAuthorizer, and stops it with the test. serverCert
// makes the certificate of the node; nil: one for 127.0.0.1.
func SecuredBroker(t testing.TB, serverCert func(*Authority) (certFile, keyFile string)) *SecuredKafka {
	t.Helper()
	authority := NewAuthority(t)
	if serverCert == nil {
		serverCert = func(a *Authority) (string, string) { return a.Issue("broker", "127.0.0.1") }
	}
	store := authority.together(serverCert(authority))
	encrypted := func(more map[string]string) map[string]string {
		all := map[string]string{
			"ssl.keystore.type": "PEM", "ssl.keystore.location": store,
			"ssl.truststore.type": "PEM", "ssl.truststore.location": authority.CAFile,
		}
		maps.Copy(all, more)
		return all
	}
	const scramLogin = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
	sasl := listener{name: "logins", protocol: "SASL_SSL", settings: encrypted(map[string]string{
		"sasl.enabled.mechanisms":        "SCRAM-SHA-512,SCRAM-SHA-256,PLAIN",
		"scram-sha-512.sasl.jaas.config": scramLogin,
		"scram-sha-256.sasl.jaas.config": scramLogin,
		"plain.sasl.jaas.config":         "org.apache.kafka.common.security.plain.PlainLoginModule required user_" + PlainUser + `="` + PlainPassword + `";`,
		"ssl.client.auth":                "none",
	})}
	mutual := listener{name: "certificates", protocol: "SSL", settings: encrypted(map[string]string{
		"ssl.client.auth": "required", "ssl.principal.mapping.rules": "RULE:^CN=(.*)$/$1/",
	})}
	cluster := BrokerCluster(t, func(c *brokerConfig) {
		c.listeners = []listener{sasl, mutual}
		c.settings["authorizer.class.name"] = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
		c.settings["super.users"] = "User:ANONYMOUS" // of the plain port, which the node itself uses too
		c.settings["allow.everyone.if.no.acl.found"] = "false"
	})
	return &SecuredKafka{SASL: cluster.seedsOf(0), MutualTLS: cluster.seedsOf(1), Plain: cluster.Seeds(), Authority: authority, t: t}
}

// Admin is a client that may do everything.
func (s *SecuredKafka) Admin() *kadm.Client {
	s.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(s.Plain...))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(client.Close)
	return kadm.NewClient(client)
}

// AddUser makes a user for both SCRAM mechanisms and returns its password.
func (s *SecuredKafka) AddUser(name string) (password string) {
	s.t.Helper()
	password = rand.Text()
	for _, mechanism := range []kadm.ScramMechanism{kadm.ScramSha256, kadm.ScramSha512} {
		user := kadm.UpsertSCRAM{User: name, Mechanism: mechanism, Iterations: 4096, Password: password}
		answers, err := s.Admin().AlterUserSCRAMs(s.t.Context(), nil, []kadm.UpsertSCRAM{user}) // two at once are refused
		if err == nil {
			err = answers.Error()
		}
		if err != nil {
			s.t.Fatalf("make user %s: %v", name, err)
		}
	}
	return password
}
