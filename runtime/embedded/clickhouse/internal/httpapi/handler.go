// Package httpapi speaks ClickHouse's HTTP interface before an engine: what clickhouse-go and curl need of it.
//
// As on a real server a request is a session of its own, URL parameters are settings, param_x are the values of placeholders, and an
// exception is a text with its code in X-ClickHouse-Exception-Code. Different from a real server: an answer is complete before
// its first byte is sent (so an exception never arrives in the middle of one), sessions (session_id) and external tables are not
// served, there are no users, and a statement whose client goes away is killed.
package httpapi

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/clicktally/clicktally/runtime/embedded/address"
	"github.com/clicktally/clicktally/runtime/embedded/clickhouse/internal/chdb"
)

// Engine runs statements, each in a session as if it was the first.
type Engine interface {
	Do(ctx context.Context, database string, settings map[string]string, recycle bool, run func(*chdb.Conn) error) error
}

// Handler returns the HTTP interface of the engine: /ping, and statements at /. host is the name by which other machines
// reach it, empty for none.
func Handler(e Engine, host string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", pong)
	mux.HandleFunc("GET /replicas_status", pong)
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) { serve(e, w, r) })
	return refuseBrowsers(mux, host)
}

func pong(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, "Ok.\n") // the client is gone when this fails
}

func serve(e Engine, w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost {
		writeFailure(w, exception(http.StatusMethodNotAllowed, 501, "UNSUPPORTED_METHOD", "use GET or POST"))
		return
	}
	if r.Method != http.MethodPost && r.URL.Query().Get("query") == "" {
		pong(w, r)
		return
	}
	req, err := readRequest(r)
	if err == nil {
		err = check(r.Method, req)
	}
	if err != nil {
		writeFailure(w, asFailure(err))
		return
	}
	var result *chdb.Result
	err = e.Do(r.Context(), req.database, req.settings, req.statement.ChangesSession(), func(conn *chdb.Conn) error {
		result, err = execute(conn, req)
		return err
	})
	if err != nil {
		writeFailure(w, asFailure(err))
		return
	}
	if err := writeResult(w, req.format, req.reply, result); err != nil && w.Header().Get("Content-Type") == "" {
		writeFailure(w, asFailure(err))
	}
}

func check(method string, req *request) error {
	switch {
	case req.statement.Verb == "":
		return exception(http.StatusBadRequest, 62, "SYNTAX_ERROR", "Syntax error: the request holds no statement")
	case req.statement.Multiple:
		return exception(http.StatusBadRequest, 62, "SYNTAX_ERROR", "Syntax error: Multi-statements are not allowed")
	case method != http.MethodPost && !req.statement.ReadOnly():
		return exception(http.StatusInternalServerError, 164, "READONLY", "Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly. You should use method POST for modifying queries")
	}
	return nil
}

func execute(conn *chdb.Conn, req *request) (*chdb.Result, error) {
	if req.statement.Inline {
		return conn.Insert(req.statement.Head, req.statement.Format, req.params, req.rows)
	}
	return conn.Query(req.statement.Text, req.format, req.params)
}

// refuseBrowsers keeps web pages from reaching the engine, which has no password: a page's requests carry Origin or
// Sec-Fetch-Site, and one that renames its own host to the engine's address carries that name in Host.
func refuseBrowsers(next http.Handler, host string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		site := r.Header.Get("Sec-Fetch-Site")
		if r.Header.Get("Origin") != "" || site != "" && site != "none" || !known(r.Host, host) {
			writeFailure(w, exception(http.StatusForbidden, 516, "AUTHENTICATION_FAILED", "the embedded ClickHouse answers programs that call it by its name, not web pages"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// known says whether a request names this machine, or the server as others do.
func known(called, host string) bool {
	if name, _, err := net.SplitHostPort(called); err == nil {
		called = name
	}
	return address.Loopback(called) || host != "" && strings.EqualFold(called, host)
}
