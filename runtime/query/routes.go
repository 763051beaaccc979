package query

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/clicktally/clicktally/runtime/problem"
)

// endpoint is one row of the table of what a reader may ask.
type endpoint struct {
	path       string   // as a ServeMux pattern; the method is GET
	parameters []string // query parameters it takes; any other is refused by name
	history    bool     // needs ClickHouse
	answer     func(s *Server, ctx context.Context, r *request) (any, error)
}

// request is what an endpoint sees of an HTTP request.
type request struct {
	*params
	path func(name string) string
}

// endpoints is the whole JSON surface; openapi.yaml describes exactly these.
var endpoints = []endpoint{
	{path: "/v1/stats/realtime", parameters: realtimeParameters, answer: (*Server).realtime},
	{path: "/v1/stats", parameters: statsParameters, history: true, answer: (*Server).stats},
	{path: "/v1/clicks", parameters: clicksParameters, history: true, answer: (*Server).clicks},
	{path: "/v1/clicks/{click_id}", parameters: clickParameters, history: true, answer: (*Server).click},
	{path: "/v1/sessions", parameters: sessionsParameters, history: true, answer: (*Server).sessions},
}

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for _, e := range endpoints {
		mux.Handle("GET "+e.path, s.measured(e.path, s.authorized(s.answering(e))))
	}
	mux.Handle("GET /openapi.yaml", s.measured("/openapi.yaml", http.HandlerFunc(serveOpenAPI)))
	mux.Handle("GET /{$}", s.measured("/", newDashboard()))
	mux.Handle("/", s.measured("other", http.HandlerFunc(notFound)))
	return mux
}

// answering turns an endpoint into a handler: parameters in, JSON or a problem out.
func (s *Server) answering(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), e.timeout())
		defer cancel()
		value, err := s.answerOf(ctx, e, r)
		if err != nil {
			s.problemOf(err, e).Write(w)
			return
		}
		writeJSON(w, value)
	})
}

func (s *Server) answerOf(ctx context.Context, e endpoint, r *http.Request) (any, error) {
	p, err := parseQuery(r.URL.RawQuery, e.parameters)
	if err != nil {
		return nil, err
	}
	req := &request{params: p, path: r.PathValue}
	if !e.history {
		return e.answer(s, ctx, req)
	}
	if s.config.ClickHouse == nil {
		return nil, problem.New(http.StatusServiceUnavailable, "no-history", "There is no history here", s.historyHint())
	}
	select {
	case s.history <- struct{}{}:
		defer func() { <-s.history }()
		return e.answer(s, ctx, req)
	case <-ctx.Done():
		return nil, busy()
	}
}

func (e endpoint) timeout() time.Duration {
	if e.history {
		return HistoryTimeout
	}
	return LiveTimeout
}

func (s *Server) historyHint() string {
	if s.config.HistoryHint != "" {
		return s.config.HistoryHint
	}
	return "this process has no ClickHouse; live figures are at /v1/stats/realtime"
}

// parseQuery parses a raw query and refuses parameters that the endpoint does not take.
func parseQuery(raw string, taken []string) (*params, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, problem.New(http.StatusBadRequest, "bad-query", "The query string cannot be read", err.Error())
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(taken, name) {
			return nil, problem.BadParameter(clip(name), unknownDetail(taken))
		}
	}
	return &params{values: values}, nil
}

func unknownDetail(taken []string) string {
	if len(taken) == 0 {
		return "unknown parameter: there are none here"
	}
	return "unknown parameter: known here are " + strings.Join(taken, ", ")
}

func notFound(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		problem.New(http.StatusMethodNotAllowed, "method-not-allowed", "Readers only read", "use GET").Write(w)
		return
	}
	problem.New(http.StatusNotFound, "not-found", "There is nothing here", "see /openapi.yaml").Write(w)
}
