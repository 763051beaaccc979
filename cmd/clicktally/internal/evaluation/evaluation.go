// Package evaluation runs the embedded stores where other machines reach them, so that ClickTally can be tried on a
// cluster without stores of its own. Nothing in it is protected by a password.
package evaluation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	"github.com/clicktally/clicktally/runtime/embedded/clickhouse"
	"github.com/clicktally/clicktally/runtime/embedded/kafka"
	"github.com/clicktally/clicktally/runtime/embedded/redis"
)

// headerTimeout bounds a client of the admin address that says nothing.
const headerTimeout = 5 * time.Second

// Config says where the stores listen. Port 0 is a free one.
type Config struct {
	// Advertise is the name or address by which others reach this machine. Required.
	Advertise string
	// ListenHost is the address that all three listen on.
	ListenHost                           string
	KafkaPort, RedisPort, ClickHousePort uint16
	// Admin is the address of /healthz and /readyz.
	Admin string
	// Data is the directory of Kafka and ClickHouse. Redis keeps nothing: live counters are rebuilt by their owners.
	Data string
	Log  *slog.Logger
}

// Stores are the running stores.
type Stores struct {
	kafka      *kafka.Server
	redis      *redis.Server
	clickHouse *clickhouse.Server
	advertise  string
	admin      net.Listener
}

// Start starts all three and returns once they answer. ctx bounds the start only; Wait stops them.
func Start(ctx context.Context, c Config) (_ *Stores, err error) {
	if c.Advertise == "" {
		return nil, errors.New("--advertise is needed: the name or address by which others reach this machine")
	}
	s := &Stores{advertise: c.Advertise}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	at := func(port uint16) string { return net.JoinHostPort(c.ListenHost, strconv.Itoa(int(port))) }
	if s.admin, err = (&net.ListenConfig{}).Listen(ctx, "tcp", c.Admin); err != nil {
		return nil, fmt.Errorf("listen for health checks: %w", err)
	}
	if s.kafka, err = kafka.Start(ctx, kafka.Config{Dir: filepath.Join(c.Data, "kafka"), Listen: at(c.KafkaPort), Host: c.Advertise, Log: c.Log}); err != nil {
		return nil, err
	}
	if s.redis, err = redis.Start(ctx, redis.Config{Listen: at(c.RedisPort), Host: c.Advertise}); err != nil {
		return nil, err
	}
	s.clickHouse, err = clickhouse.Start(ctx, clickhouse.Config{Dir: filepath.Join(c.Data, "clickhouse"), Listen: at(c.ClickHousePort), Host: c.Advertise, Log: c.Log})
	return s, err
}

// Banner says where the stores are, for an AggregationPipeline.
func (s *Stores) Banner() string {
	return fmt.Sprintf(`serving; nothing here has a password
  kafka:      {bootstrapServers: [%q]}
  redis:      {addresses: [%q]}
  clickHouse: {addresses: [%q], protocol: HTTP}
  health:     %s
`, s.kafka.Addr(), s.at(s.redis.Addr()), s.at(s.clickHouse.Addr()), s.admin.Addr())
}

// at is where others reach a server that listens on an address of this machine.
func (s *Stores) at(listen string) string {
	_, port, _ := net.SplitHostPort(listen) // it comes from a listener
	return net.JoinHostPort(s.advertise, port)
}

// Wait answers health checks until ctx ends, and then stops the stores.
func (s *Stores) Wait(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", s.readyz)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: headerTimeout}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	err := server.Serve(s.admin)
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return errors.Join(err, s.close())
}

// readyz tells whether ClickHouse's child runs: the other two live in this process.
func (s *Stores) readyz(w http.ResponseWriter, _ *http.Request) {
	if s.clickHouse.PID() == 0 {
		http.Error(w, "ClickHouse starts again", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

// close stops what was started.
func (s *Stores) close() error {
	var failed []error
	if s.clickHouse != nil {
		failed = append(failed, s.clickHouse.Close())
	}
	if s.redis != nil {
		failed = append(failed, s.redis.Close())
	}
	if s.kafka != nil {
		failed = append(failed, s.kafka.Close())
	}
	if s.admin != nil {
		if err := s.admin.Close(); !errors.Is(err, net.ErrClosed) {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}
