package process

import (
	"crypto/tls"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/store/topics"
	"github.com/clicktally/clicktally/test/servers"
)

// TestKafkaLetsInWhoShowsWhatItAsksFor logs in in every way there is, and in the ways that go wrong: each says what
// is wrong, where, and what to do.
func TestKafkaLetsInWhoShowsWhatItAsksFor(t *testing.T) {
	broker := servers.SecuredBroker(t, nil)
	password := broker.AddUser("query")
	certFile, keyFile := broker.Authority.Issue("query")
	strangerCert, strangerKey := servers.NewAuthority(t).Issue("query")
	ca := TLS{CAFile: broker.Authority.CAFile}
	allow(t, broker.Admin(), topics.ACLs(topics.Names{Prefix: "ct"}, map[topics.Role]string{topics.RoleQuery: "User:query"}))
	allow(t, broker.Admin(), topics.ACLsOf(topics.ACLs(topics.Names{Prefix: "ct"}, map[topics.Role]string{topics.RoleQuery: "User:" + servers.PlainUser}), topics.RoleQuery))
	for _, name := range []string{"ct.catalog", "ct.heartbeats"} {
		if _, err := broker.Admin().CreateTopic(t.Context(), 1, 1, nil, name); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		kafka          Kafka
		user, password string
		want           string // empty: let in
	}{
		"SCRAM-SHA-512 over TLS": {
			kafka: Kafka{Servers: broker.SASL, Mechanism: "SCRAM-SHA-512", TLS: ca}, user: "query", password: password,
		},
		"SCRAM-SHA-256 over TLS": {
			kafka: Kafka{Servers: broker.SASL, Mechanism: "SCRAM-SHA-256", TLS: ca}, user: "query", password: password,
		},
		"PLAIN over TLS": {
			kafka: Kafka{Servers: broker.SASL, Mechanism: "PLAIN", TLS: ca}, user: servers.PlainUser, password: servers.PlainPassword,
		},
		"a client certificate": {
			kafka: Kafka{Servers: broker.MutualTLS, TLS: TLS{CAFile: ca.CAFile, CertFile: certFile, KeyFile: keyFile}},
		},
		"an authority that is not known here": {
			kafka: Kafka{Servers: broker.SASL, Mechanism: "SCRAM-SHA-512", TLS: TLS{On: true}}, user: "query", password: password,
			want: "--kafka-ca-file",
		},
		"a broker under another name": {
			kafka: Kafka{Servers: broker.SASL, Mechanism: "SCRAM-SHA-512", TLS: TLS{CAFile: ca.CAFile, ServerName: "elsewhere.example"}},
			user:  "query", password: password, want: "--kafka-server-name",
		},
		"TLS to the plain port": {
			kafka: Kafka{Servers: broker.Plain, TLS: ca}, want: "TLS",
		},
		"no TLS to the TLS port": {
			kafka: Kafka{Servers: broker.SASL, Mechanism: "SCRAM-SHA-512"}, user: "query", password: password, want: "--kafka-tls",
		},
		"no login where one is wanted": {
			kafka: Kafka{Servers: broker.SASL, TLS: ca}, want: "KAFKA_USERNAME",
		},
		"a wrong password": {
			kafka: Kafka{Servers: broker.SASL, Mechanism: "SCRAM-SHA-512", TLS: ca}, user: "query", password: "guessed",
			want: "user name or password is wrong",
		},
		"a user that is not there": {
			kafka: Kafka{Servers: broker.SASL, Mechanism: "PLAIN", TLS: ca}, user: "nobody", password: "guessed",
			want: "user name or password is wrong",
		},
		"a login where certificates are wanted": {
			kafka: Kafka{Servers: broker.MutualTLS, Mechanism: "PLAIN", TLS: TLS{CAFile: ca.CAFile, CertFile: certFile, KeyFile: keyFile}},
			user:  "query", password: password, want: "KAFKA_MECHANISM",
		},
		"no client certificate": {
			kafka: Kafka{Servers: broker.MutualTLS, TLS: ca}, want: "--kafka-cert-file",
		},
		"a client certificate of a stranger": {
			kafka: Kafka{Servers: broker.MutualTLS, TLS: TLS{CAFile: ca.CAFile, CertFile: strangerCert, KeyFile: strangerKey}},
			want:  "--kafka-cert-file",
		},
		"an address where nobody listens": {
			kafka: Kafka{Servers: []string{"127.0.0.1:1"}, TLS: ca}, want: "127.0.0.1:1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.kafka.Prefix = "ct"
			c.kafka.credentials = func() (string, string, error) { return c.user, c.password, nil }
			err := c.kafka.Check(t.Context(), topics.RoleQuery)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("not let in: %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
			if err != nil {
				t.Log(err)
			}
		})
	}
	t.Run("a login without rights is told which are missing", func(t *testing.T) {
		stranger := Kafka{Servers: broker.SASL, Prefix: "ct", Mechanism: "SCRAM-SHA-512", TLS: ca}
		secret := broker.AddUser("stranger")
		stranger.credentials = func() (string, string, error) { return "stranger", secret, nil }
		err := stranger.Check(t.Context(), topics.RoleTracker)
		for _, want := range []string{"User:stranger", "Read on topic ct.catalog", "Write on topic ct.heartbeats", "clicktally acls"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want it to say %q", err, want)
			}
		}
	})
}

// TestABrokerWhoseCertificateIsOverIsNamedSo meets a TLS server only: the handshake is as far as it goes.
func TestABrokerWhoseCertificateIsOverIsNamedSo(t *testing.T) {
	authority := servers.NewAuthority(t)
	pair, err := tls.LoadX509KeyPair(authority.IssueExpired("broker", "127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for conn, err := listener.Accept(); err == nil; conn, err = listener.Accept() {
			_, _ = io.Copy(io.Discard, conn)
			_ = conn.Close()
		}
	}()
	k := Kafka{Servers: []string{listener.Addr().String()}, Prefix: "ct", TLS: TLS{CAFile: authority.CAFile}}
	if err := k.Check(t.Context(), topics.RoleQuery); err == nil || !strings.Contains(err.Error(), "renew it") {
		t.Errorf("got %v, want it to say that the certificate must be renewed", err)
	}
}

// TestAChangedPasswordNeedsNoRestart changes the file with the password while a process runs.
func TestAChangedPasswordNeedsNoRestart(t *testing.T) {
	broker := servers.SecuredBroker(t, nil)
	file := filepath.Join(t.TempDir(), "password")
	keep := func(password string) {
		if err := os.WriteFile(file, []byte(password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	keep(broker.AddUser("query"))
	t.Setenv("KAFKA_USERNAME", "query")
	t.Setenv("KAFKA_PASSWORD_FILE", file)
	t.Setenv("KAFKA_MECHANISM", "SCRAM-SHA-512")
	k := Kafka{Servers: broker.SASL, TLS: TLS{CAFile: broker.Authority.CAFile}}
	options, err := k.Options()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second connection is made with the options of the first, after the change
		client, err := kgo.NewClient(options...)
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		client.Close()
		keep(broker.AddUser("query"))
	}
}
