package servers

import (
	"testing"

	"github.com/clicktally/clicktally/runtime/embedded/kafka"
)

// KafkaOption changes how Kafka starts the broker.
type KafkaOption func(*kafka.Config)

// KafkaDir keeps the broker's data in dir, so that a test can start it again.
func KafkaDir(dir string) KafkaOption { return func(c *kafka.Config) { c.Dir = dir } }

// KafkaListen gives the broker a fixed address, so that clients find it again.
func KafkaListen(address string) KafkaOption { return func(c *kafka.Config) { c.Listen = address } }

// Kafka starts kfake in this process, in memory unless KafkaDir is given, stops it with the test, and returns its address (host:port).
func Kafka(t testing.TB, options ...KafkaOption) string {
	t.Helper()
	return KafkaServer(t, options...).Addr()
}

// KafkaServer is Kafka for tests that stop the broker themselves.
func KafkaServer(t testing.TB, options ...KafkaOption) *kafka.Server {
	t.Helper()
	var cfg kafka.Config
	for _, option := range options {
		option(&cfg)
	}
	server, err := kafka.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}
