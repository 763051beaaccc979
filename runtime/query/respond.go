package query

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/clicktally/clicktally/runtime/problem"
)

// exceptionTimeout is ClickHouse's code TIMEOUT_EXCEEDED.
const exceptionTimeout = 159

// writeJSON answers 200. Figures age within a second, so nothing is cached.
func writeJSON(w http.ResponseWriter, value any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(value) // the reader is gone: nobody is left to tell
}

// problemOf turns an error into what the reader is told. Only what the operator must act on is logged;
// statements and addresses never reach a reader.
func (s *Server) problemOf(err error, e endpoint) *problem.Problem {
	if p, ok := errors.AsType[*problem.Problem](err); ok {
		return p
	}
	exception, refused := errors.AsType[*clickhouse.Exception](err)
	switch {
	case errors.Is(err, context.Canceled):
		return problem.New(499, "canceled", "The reader went away", "")
	case errors.Is(err, context.DeadlineExceeded), refused && exception.Code == exceptionTimeout:
		s.config.Log.Warn("read took too long", "path", e.path, "error", err)
		return problem.New(http.StatusServiceUnavailable, "too-slow", "The read took too long",
			"narrow the range or the filters, or ask for a coarser granularity")
	case refused:
		s.config.Log.Error("ClickHouse refused a statement", "path", e.path, "error", err)
		return problem.New(http.StatusInternalServerError, "internal", "The read failed here", "the log of the query process says why")
	}
	s.config.Log.Warn("store is away", "path", e.path, "error", err)
	if e.history {
		return problem.New(http.StatusServiceUnavailable, "history-away", "History is not there at the moment",
			"ClickHouse does not answer; live figures are at /v1/stats/realtime")
	}
	return problem.New(http.StatusServiceUnavailable, "live-away", "Live figures are not there at the moment",
		"Redis does not answer; nothing is lost, history is at /v1/stats")
}
