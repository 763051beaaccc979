package evaluation_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"

	chgo "github.com/ClickHouse/clickhouse-go/v2"
	goredis "github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/cmd/clicktally/internal/evaluation"
	"github.com/clicktally/clicktally/runtime/embedded/clickhouse/child"
	"github.com/clicktally/clicktally/test/servers"
)

// name is how the stores are called in this test. Only the clients' dialers know it.
const name = "stores.example"

// TestMain lets the test binary be the engine's child, as clicktally is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "chdb" {
		os.Exit(child.Main(os.Args[2:]))
	}
	os.Exit(m.Run())
}

// TestTheStoresAreReachedByTheirName uses each store as another machine does, by a name that is not this machine's.
func TestTheStoresAreReachedByTheirName(t *testing.T) {
	servers.ClickHouse(t) // says so, or skips, where there is no engine
	s, err := evaluation.Start(t.Context(), evaluation.Config{
		Advertise: name, ListenHost: "127.0.0.1", Admin: "127.0.0.1:0", Data: t.TempDir(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Wait(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the stores ended: %v", err)
		}
	})
	at := addresses(t, s.Banner())

	t.Run("Kafka sends clients to its name", func(t *testing.T) {
		client, err := kgo.NewClient(kgo.SeedBrokers(at.kafka), kgo.Dialer(dial))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if _, err := kadm.NewClient(client).CreateTopic(t.Context(), 1, 1, nil, "clicks"); err != nil {
			t.Fatal(err)
		}
		if err := client.ProduceSync(t.Context(), &kgo.Record{Topic: "clicks", Value: []byte("1")}).FirstErr(); err != nil {
			t.Error(err)
		}
	})
	t.Run("Redis answers", func(t *testing.T) {
		client := goredis.NewClient(&goredis.Options{Addr: at.redis, Dialer: dial})
		defer client.Close()
		if err := client.Ping(t.Context()).Err(); err != nil {
			t.Error(err)
		}
	})
	t.Run("ClickHouse answers to its name, and to no other", func(t *testing.T) {
		conn, err := chgo.Open(&chgo.Options{Protocol: chgo.HTTP, Addr: []string{at.clickHouse}, DialContext: func(ctx context.Context, to string) (net.Conn, error) { return dial(ctx, "tcp", to) }})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		one := uint8(0)
		if err := conn.QueryRow(t.Context(), "SELECT toUInt8(1)").Scan(&one); err != nil || one != 1 {
			t.Errorf("SELECT 1 answered %d, %v", one, err)
		}
		client := &http.Client{Transport: &http.Transport{DialContext: dial}}
		_, port, _ := net.SplitHostPort(at.clickHouse)
		if status := get(t, client, "http://attacker.example:"+port+"/?query=SELECT+1"); status != http.StatusForbidden {
			t.Errorf("called by another name it answered %d, want 403", status)
		}
	})
	t.Run("health is told", func(t *testing.T) {
		if status := get(t, http.DefaultClient, "http://"+at.health+"/readyz"); status != http.StatusOK {
			t.Errorf("/readyz answered %d", status)
		}
	})
}

func TestANameIsNeeded(t *testing.T) {
	if _, err := evaluation.Start(t.Context(), evaluation.Config{Data: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "--advertise") {
		t.Errorf("started without a name: %v", err)
	}
}

type places struct{ kafka, redis, clickHouse, health string }

// addresses are what the banner says, as a person would copy it.
func addresses(t *testing.T, banner string) places {
	t.Helper()
	quoted := strings.Split(banner, `"`)
	if len(quoted) != 7 {
		t.Fatalf("the banner does not hold three addresses:\n%s", banner)
	}
	_, health, _ := strings.Cut(strings.TrimSpace(banner), "health:")
	p := places{kafka: quoted[1], redis: quoted[3], clickHouse: quoted[5], health: strings.TrimSpace(health)}
	for _, address := range []string{p.kafka, p.redis, p.clickHouse} {
		if !strings.HasPrefix(address, name+":") {
			t.Errorf("%s is not below %s", address, name)
		}
	}
	return p
}

// dial knows where every name is.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
}

func get(t *testing.T, client *http.Client, url string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}
