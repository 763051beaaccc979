// Package query is the reader's surface of ClickTally (design 8): live figures from Redis alone,
// history from ClickHouse at its marks, single clicks, the dashboard and the OpenAPI document.
// It writes nothing.
package query

import (
	"errors"
	"log/slog"
	"net/http"
	"time"
	_ "time/tzdata" // reports name IANA zones, and a container has no zone files

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/redis/go-redis/v9"

	"github.com/clicktally/clicktally/runtime/catalog"
)

// Bounds of the reader's surface.
const (
	// HistoryTimeout is how long one read of history may take, in ClickHouse and in all.
	HistoryTimeout = 20 * time.Second
	// LiveTimeout is how long one read of live figures may take.
	LiveTimeout = 2 * time.Second
	// MaxHistoryReads is how many reads of history run at once; more wait for their turn.
	MaxHistoryReads = 32
	// MaxRows is how many rows /v1/stats and /v1/sessions answer; above it the answer says truncated.
	MaxRows = 10_000
	// MaxFilterValues is how often one filter may be repeated.
	MaxFilterValues = 100
)

// Config says what a Server reads.
type Config struct {
	// ClickHouse holds the history. nil: history answers 503 with HistoryHint, live goes on.
	ClickHouse driver.Conn
	// Database is the ClickHouse database; its name is letters, digits and underscores.
	Database string
	// Redis holds the live figures; required.
	Redis redis.UniversalClient
	// Prefix begins every Redis key of the pipeline.
	Prefix string
	// Catalog returns the configuration in force, or nil before the first; required.
	Catalog func() *catalog.Catalog
	// Token, when set, must come with every read as `Authorization: Bearer <token>`.
	Token string
	// Authorizer decides of every read by its bearer token. Optional, and not beside Token.
	Authorizer Authorizer
	// HistoryHint tells the reader what is missing for history and how to get it.
	HistoryHint string
	// Log takes what the operator of the process should know; nil discards it.
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Server answers readers. It is an http.Handler for the public port; Admin is for the admin port.
type Server struct {
	config  Config
	mux     *http.ServeMux
	metrics *metrics
	history chan struct{} // one token for each history read that runs
}

// New returns a Server, or says what the configuration lacks.
func New(c Config) (*Server, error) {
	if c.Redis == nil {
		return nil, errors.New("query: no Redis client: live figures are read from Redis")
	}
	if c.Catalog == nil {
		return nil, errors.New("query: no catalog: complete_until is known from its generations")
	}
	if c.ClickHouse != nil && !validDatabase(c.Database) {
		return nil, errors.New("query: the database's name must be letters, digits and underscores")
	}
	if c.Token != "" && c.Authorizer != nil {
		return nil, errors.New("query: readers are known by one token or authorised one by one, not both")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	s := &Server{config: c, metrics: newMetrics(), history: make(chan struct{}, MaxHistoryReads)}
	s.mux = s.routes()
	return s, nil
}

// ServeHTTP answers one reader.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// validDatabase holds the one identifier that statements take from configuration to a safe alphabet.
func validDatabase(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		case c >= '0' && c <= '9' && i > 0:
		default:
			return false
		}
	}
	return name != ""
}
