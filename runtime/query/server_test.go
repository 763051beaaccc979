package query_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/query"
)

func serverWithoutHistory(t *testing.T) query.Config {
	return query.Config{Redis: noRedis(t), Catalog: twoPartitions, HistoryHint: "run `make chdb`"}
}

func TestATokenIsNeededWhereOneIsSet(t *testing.T) {
	c := serverWithoutHistory(t)
	c.Token = "s3cret"
	server := newServer(t, c)
	tests := map[string]struct {
		path, header string
		want         int
	}{
		"no token":               {"/v1/stats", "", 401},
		"a wrong token":          {"/v1/stats", "Bearer s3cre", 401},
		"another scheme":         {"/v1/stats", "Basic s3cret", 401},
		"the token":              {"/v1/stats", "Bearer s3cret", 503},
		"live without token":     {"/v1/stats/realtime", "", 401},
		"one click, no token":    {"/v1/clicks/x", "", 401},
		"sessions, no token":     {"/v1/sessions", "", 401},
		"the page has no secret": {"/", "", 200},
		"nor has the document":   {"/openapi.yaml", "", 200},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, test.path, nil)
			if test.header != "" {
				r.Header.Set("Authorization", test.header)
			}
			w := httptest.NewRecorder()
			server.ServeHTTP(w, r)
			if w.Code != test.want {
				t.Errorf("status %d, want %d: %s", w.Code, test.want, w.Body)
			}
			if asks := w.Header().Get("WWW-Authenticate") != ""; asks != (test.want == 401) {
				t.Errorf("WWW-Authenticate: %v", asks)
			}
		})
	}
}

// says answers every question alike.
type says struct {
	access query.Access
	err    error
}

func (s says) Authorize(context.Context, string) (query.Access, error) { return s.access, s.err }

func TestEveryReadIsAuthorised(t *testing.T) {
	for sentence, test := range map[string]struct {
		says   says
		header string
		want   int
	}{
		"who may read reads":                     {says{access: query.Allowed}, "Bearer t", 503}, // there is no history
		"no token is asked about":                {says{access: query.Allowed}, "", 401},
		"nor an empty one":                       {says{access: query.Allowed}, "Bearer ", 401},
		"a token that is nobody's":               {says{}, "Bearer t", 401},
		"somebody who may not":                   {says{access: query.Forbidden}, "Bearer t", 403},
		"nobody can say":                         {says{err: errors.New("away")}, "Bearer t", 503},
		"an error is no leave, whatever is said": {says{query.Allowed, errors.New("away")}, "Bearer t", 503},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := serverWithoutHistory(t)
			c.Authorizer = test.says
			r := httptest.NewRequest(http.MethodGet, "/v1/stats", nil)
			if test.header != "" {
				r.Header.Set("Authorization", test.header)
			}
			w := httptest.NewRecorder()
			newServer(t, c).ServeHTTP(w, r)
			let := strings.Contains(w.Body.String(), "no-history")
			if w.Code != test.want || let != (test.says.access == query.Allowed && test.says.err == nil && test.want == 503) {
				t.Errorf("%d: %s", w.Code, w.Body)
			}
		})
	}
}

func TestWhatIsNotServedIsAProblem(t *testing.T) {
	server := newServer(t, serverWithoutHistory(t))
	for _, test := range []struct {
		method, path string
		want         int
	}{
		{http.MethodGet, "/v2/stats", 404},
		{http.MethodGet, "/favicon.ico", 404},
		{http.MethodPost, "/v1/stats", 405},
		{http.MethodGet, "/v1/stats/realtime", 503}, // Redis is away
		{http.MethodGet, "/v1/stats?a=%zz", 400},
	} {
		w := httptest.NewRecorder()
		server.ServeHTTP(w, httptest.NewRequest(test.method, test.path, nil))
		if w.Code != test.want || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: %d %s, want problem %d", test.method, test.path, w.Code, w.Header().Get("Content-Type"), test.want)
		}
	}
}

func TestThePageRunsOnlyItsOwnScript(t *testing.T) {
	w := httptest.NewRecorder()
	newServer(t, serverWithoutHistory(t)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	page := w.Body.String()
	if strings.Count(page, "<script>") != 1 || strings.Count(page, "<style>") != 1 {
		t.Error("the policy knows one script and one style")
	}
	const namespace = "http://www.w3.org/2000/svg" // a name, not an address that is fetched
	for _, outside := range []string{"http://", "https://", " style=\"", "onclick=", "document.cookie", "localStorage", "innerHTML"} {
		if strings.Contains(strings.ReplaceAll(page, namespace, ""), outside) {
			t.Errorf("the page holds %q", outside)
		}
	}
	if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy: %s", policy)
	}
}

func TestRunServesUntilItsContextEnds(t *testing.T) {
	c := serverWithoutHistory(t)
	ready := make(chan struct{})
	c.Catalog = func() *catalog.Catalog {
		select {
		case <-ready:
			return twoPartitions()
		default:
			return nil
		}
	}
	server := newServer(t, c)
	api, admin := listen(t), listen(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Run(ctx, api, admin) }()

	ask := func(l net.Listener, path string) (int, string) {
		response, err := http.Get("http://" + l.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, string(body)
	}
	if status, _ := ask(admin, "/readyz"); status != 503 {
		t.Errorf("ready without a catalog: %d", status)
	}
	close(ready)
	for path, want := range map[string]int{"/readyz": 200, "/healthz": 200} {
		if status, _ := ask(admin, path); status != want {
			t.Errorf("%s: %d, want %d", path, status, want)
		}
	}
	ask(api, "/openapi.yaml")
	if _, text := ask(admin, "/metrics"); !strings.Contains(text, `clicktally_query_request_duration_seconds_count{code="200",path="/openapi.yaml"} 1`) {
		t.Error("the request is not among the metrics")
	}
	if status, _ := ask(api, "/metrics"); status != 404 {
		t.Error("metrics belong on the admin port")
	}
	stop()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Run did not stop")
	}
	if _, err := net.DialTimeout("tcp", api.Addr().String(), time.Second); err == nil {
		t.Error("the port is still open")
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}
