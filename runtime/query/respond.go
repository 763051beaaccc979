package query

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/clicktally/clicktally/runtime/problem"
)

// Exceptions of ClickHouse that say something to a reader.
const (
	exceptionTimeout = 159 // TIMEOUT_EXCEEDED
	exceptionBusy    = 202 // TOO_MANY_SIMULTANEOUS_QUERIES
)

// statusReaderGone is what proxies log for a client that closed its connection; nobody reads it.
const statusReaderGone = 499

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
		return problem.New(statusReaderGone, "reader-gone", "The reader went away", "")
	case errors.Is(err, context.DeadlineExceeded), refused && exception.Code == exceptionTimeout:
		s.config.Log.Warn("read took too long", "path", e.path, "error", err)
		return problem.New(http.StatusServiceUnavailable, "too-slow", "The read took too long",
			"narrow the range or the filters, or ask for a coarser granularity")
	case refused && exception.Code == exceptionBusy:
		return busy()
	case e.history && !isAway(err):
		s.config.Log.Error("read failed", "path", e.path, "error", err)
		return problem.New(http.StatusInternalServerError, "internal", "The read failed here", "the log of the query process says why")
	case e.history:
		s.config.Log.Warn("ClickHouse is away", "path", e.path, "error", err)
		return problem.New(http.StatusServiceUnavailable, "history-away", "History is not there at the moment",
			"ClickHouse does not answer; live figures are at /v1/stats/realtime")
	}
	s.config.Log.Warn("Redis is away", "path", e.path, "error", err)
	return problem.New(http.StatusServiceUnavailable, "live-away", "Live figures are not there at the moment",
		"Redis does not answer; nothing is lost, history is at /v1/stats")
}

func busy() *problem.Problem {
	return problem.New(http.StatusServiceUnavailable, "busy", "Too many reads at once", "other reads of history hold every place: ask again")
}

// isAway tells a ClickHouse that cannot be reached from one that refused.
func isAway(err error) bool {
	_, network := errors.AsType[net.Error](err)
	return network || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, clickhouse.ErrAcquireConnTimeout)
}
