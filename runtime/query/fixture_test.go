package query_test

import (
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/redis/go-redis/v9"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/query"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/test/servers"
)

// now is the clock of every test here: a Sunday in winter, half a minute into 10:00 UTC.
var now = at("2026-11-22T10:00:30Z")

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t
}

// partitions is the number of partitions of the only generation, which is number 1.
const partitions = 2

func twoPartitions() *catalog.Catalog {
	return catalog.New([]catalog.Change{catalog.Put(&catalogpb.Record{Body: &catalogpb.Record_GenerationRecord{
		GenerationRecord: &catalogpb.Generation{Number: 1, Topic: "ct.events.1", Partitions: partitions},
	}}, 0)})
}

// history is a ClickHouse database with ClickTally's tables, and a query server that reads it.
type history struct {
	t        *testing.T
	conn     driver.Conn
	database string
	server   http.Handler
}

func newHistory(t *testing.T) *history {
	t.Helper()
	h := &history{t: t, database: servers.Database(t)}
	conn, err := clickhouse.Open(&clickhouse.Options{Protocol: clickhouse.HTTP, Addr: []string{servers.ClickHouse(t)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	h.conn = conn
	if err := store.EnsureSchema(t.Context(), conn, h.database, store.Retention{}); err != nil {
		t.Fatal(err)
	}
	// These tests have dates of their own, which must not grow too old for the tables.
	for _, table := range []string{"events", "minutes", "marks", "click_lookup", "conversions", "sessions", "quarters", "visitors", "days"} {
		h.exec("ALTER TABLE " + h.database + "." + table + " REMOVE TTL")
	}
	h.server = newServer(t, query.Config{
		ClickHouse: conn, Database: h.database, Redis: noRedis(t), Catalog: twoPartitions,
	})
	return h
}

func newServer(t *testing.T, c query.Config) *query.Server {
	t.Helper()
	if c.Now == nil {
		c.Now = func() time.Time { return now }
	}
	c.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	server, err := query.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// noRedis is a client whose server is not there.
func noRedis(t *testing.T) redis.UniversalClient {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1, DialTimeout: time.Second})
	t.Cleanup(func() { client.Close() })
	return client
}

func (h *history) exec(sql string) {
	h.t.Helper()
	if err := h.conn.Exec(h.t.Context(), sql); err != nil {
		h.t.Fatalf("%s: %v", sql, err)
	}
}

// row is column -> value; columns that are left out take the table's default.
type row map[string]any

// with returns a copy with further or other columns.
func (r row) with(more row) row {
	out := maps.Clone(r)
	maps.Copy(out, more)
	return out
}

func (h *history) insert(table string, rows ...row) {
	h.t.Helper()
	for _, r := range rows {
		var columns []string
		var values []any
		for column, value := range r {
			columns = append(columns, column)
			values = append(values, value)
		}
		batch, err := h.conn.PrepareBatch(h.t.Context(), "INSERT INTO "+h.database+"."+table+" ("+strings.Join(columns, ", ")+")")
		if err != nil {
			h.t.Fatal(err)
		}
		if err := batch.Append(values...); err != nil {
			h.t.Fatalf("%s %v: %v", table, r, err)
		}
		if err := batch.Send(); err != nil {
			h.t.Fatal(err)
		}
	}
}

const firstPart, secondPart = uint32(1 << 16), uint32(1<<16 + 1)

// minute inserts minute rows of one src_part and then their mark.
func (h *history) minute(part uint32, minute string, ver uint64, rows ...row) {
	h.t.Helper()
	h.rows(part, minute, ver, rows...)
	h.insert("marks", row{"src_part": part, "minute": at(minute), "ver": ver})
}

// rows inserts minute rows without a mark.
func (h *history) rows(part uint32, minute string, ver uint64, rows ...row) {
	h.t.Helper()
	for _, r := range rows {
		h.insert("minutes", row{"src_part": part, "minute": at(minute), "ver": ver}.with(r))
	}
}

// complete says how far both partitions are.
func (h *history) complete(first, second string) {
	h.t.Helper()
	h.insert("progress", row{"src_part": firstPart, "complete_until": at(first), "written": at(first)},
		row{"src_part": secondPart, "complete_until": at(second), "written": at(second)})
}

// get asks and returns the status and the decoded answer.
func get(t *testing.T, server http.Handler, path string) (int, map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	server.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("GET %s: %d %s: %v", path, w.Code, w.Body, err)
	}
	return w.Code, body
}

// ask is get for questions that must be answered.
func (h *history) ask(path string) map[string]any {
	h.t.Helper()
	status, body := get(h.t, h.server, path)
	if status != http.StatusOK {
		h.t.Fatalf("GET %s: %d %v", path, status, body)
	}
	return body
}

// list takes the objects of an array out of an answer.
func list(body map[string]any, name string) []map[string]any {
	var out []map[string]any
	for _, item := range body[name].([]any) {
		out = append(out, item.(map[string]any))
	}
	return out
}

// pick reads fields of an object, dotted for fields of its objects.
func pick(object map[string]any, names ...string) []any {
	var out []any
	for _, name := range names {
		var value any = object
		for part := range strings.SplitSeq(name, ".") {
			inner, _ := value.(map[string]any)
			value = inner[part]
		}
		out = append(out, value)
	}
	return out
}

func usd(text string) any { return []any{map[string]any{"amount": text, "currency": "USD"}} }
