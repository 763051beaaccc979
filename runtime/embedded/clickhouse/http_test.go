package clickhouse_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// call sends one request as curl would.
func call(t *testing.T, method, query string, body io.Reader, change ...func(*http.Request)) (int, http.Header, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+sharedAddr(t)+"/?"+query, body)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(request)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(text)
}

func sql(text string) string { return url.Values{"query": {text}}.Encode() }

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func packed(t *testing.T, text string) io.Reader {
	t.Helper()
	var buffer bytes.Buffer
	w := gzip.NewWriter(&buffer)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &buffer
}

func TestPlainHTTPWorksAsOnAServer(t *testing.T) {
	if status, _, text := call(t, "POST", "", strings.NewReader("CREATE OR REPLACE TABLE plain (n UInt64, s String) ENGINE = MergeTree ORDER BY n")); status != 200 {
		t.Fatal(text)
	}
	cases := []struct {
		name, method, query, body string
		gzip                      bool
		status                    int
		contentType, want         string
	}{
		{"a bare query answers tab separated", "GET", sql("SELECT 1"), "", false, 200, "text/tab-separated-values", "1\n"},
		{"FORMAT JSON", "GET", sql("SELECT 1 AS x FORMAT JSON"), "", false, 200, "application/json", `"x": 1`},
		{"default_format", "GET", sql("SELECT 1 AS x") + "&default_format=JSONEachRow", "", false, 200, "application/x-ndjson", "{\"x\":1}\n"},
		{"FORMAT before SETTINGS", "GET", sql("SELECT 1 AS x FORMAT CSV SETTINGS max_threads = 1"), "", false, 200, "text/csv", "1\n"},
		{"a closing semicolon", "GET", sql("SELECT 1;  "), "", false, 200, "", "1\n"},
		{"the statement as body", "POST", "", "SELECT 2 -- FORMAT JSON", false, 200, "text/tab-separated-values", "2\n"},
		{"a packed body", "POST", "", "SELECT 3", true, 200, "", "3\n"},
		{"URL and body make one statement", "POST", sql("SELECT 4 +"), "1", false, 200, "", "5\n"},
		{"INSERT VALUES", "POST", "", "INSERT INTO plain VALUES (1, 'a; FORMAT JSON'), (1 + 1, 'b')", false, 200, "", ""},
		{"INSERT with the rows as body", "POST", sql("INSERT INTO plain FORMAT JSONEachRow"), `{"n":3,"s":"c"} {"n":4,"s":"d"}`, false, 200, "", ""},
		{"INSERT in one body", "POST", "", "INSERT INTO plain (s, n) FORMAT CSV\ne,5\nf,6\n", false, 200, "", ""},
		{"INSERT VALUES with the rows as body", "POST", sql("INSERT INTO plain VALUES"), "(7, 'g')", false, 200, "", ""},
		{"INSERT packed", "POST", sql("INSERT INTO plain FORMAT TSV"), "8\th\n", true, 200, "", ""},
		{"what was inserted", "GET", sql("SELECT count(), sum(n), min(s) FROM plain"), "", false, 200, "", "8\t36\ta; FORMAT JSON\n"},
		{"placeholders", "GET", sql("SELECT {n:UInt64} + 1") + "&param_n=41", "", false, 200, "", "42\n"},
		{"a setting in the URL", "GET", sql("SELECT getSetting('max_block_size')") + "&max_block_size=777", "", false, 200, "", "777\n"},
		{"a column called format", "GET", sql("SELECT format FROM (SELECT 9 AS format) ORDER BY format DESC"), "", false, 200, "text/tab-separated-values", "9\n"},
		{"GET only reads", "GET", sql("DROP TABLE plain"), "", false, 500, "text/plain", "Code: 164."},
		{"an unknown setting in the URL", "GET", sql("SELECT 1") + "&no_such_setting=1", "", false, 500, "", "Code: 115."},
		{"a setting whose name is no name", "GET", sql("SELECT 1") + "&a%3D1%2C+b=1", "", false, 500, "", "Code: 115."},
		{"an unknown database", "GET", sql("SELECT 1") + "&database=nowhere", "", false, 404, "", "Code: 81."},
		{"an unknown table", "GET", sql("SELECT * FROM nowhere"), "", false, 404, "", "Code: 60."},
		{"an empty statement", "POST", "", " -- nothing", false, 400, "", "Code: 62."},
		{"a body that is not packed as it says", "POST", sql("INSERT INTO plain FORMAT TSV") + "&decompress=1", "8\th\n", false, 400, "", "Code: 354."},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var body io.Reader = strings.NewReader(c.body)
			change := func(*http.Request) {}
			if c.gzip {
				body, change = packed(t, c.body), header("Content-Encoding", "gzip")
			}
			status, headers, text := call(t, c.method, c.query, body, change)
			if status != c.status || !strings.Contains(text, c.want) || c.want == "" && text != "" {
				t.Errorf("%d %q, want %d with %q", status, text, c.status, c.want)
			}
			if !strings.HasPrefix(headers.Get("Content-Type"), c.contentType) {
				t.Errorf("Content-Type %q, want %q", headers.Get("Content-Type"), c.contentType)
			}
			if failed := headers.Get("X-ClickHouse-Exception-Code") != ""; failed != (c.status != 200) {
				t.Errorf("status %d with exception code %q", status, headers.Get("X-ClickHouse-Exception-Code"))
			}
		})
	}
}

func TestWebPagesAreRefused(t *testing.T) {
	for name, change := range map[string]func(*http.Request){
		"a page of another site":             header("Origin", "https://example.com"),
		"a page's request without Origin":    header("Sec-Fetch-Site", "cross-site"),
		"a name that was bound to 127.0.0.1": func(r *http.Request) { r.Host = "attacker.example:80" },
	} {
		t.Run(name, func(t *testing.T) {
			if status, _, text := call(t, "POST", "", strings.NewReader("SELECT 1"), change); status != http.StatusForbidden {
				t.Errorf("%d %q, want 403", status, text)
			}
		})
	}
}

func TestAFullQueueIsRefusedAndPingStillAnswers(t *testing.T) {
	addr := sharedAddr(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var refused atomic.Int64
	var waiting sync.WaitGroup
	defer waiting.Wait()
	defer cancel()
	for range 4 + 128 + 20 { // engine.Sessions, engine.MaxWaiting, and more
		waiting.Go(func() {
			request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr, strings.NewReader("SELECT sum(sleepEachRow(1)) FROM numbers(20) SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0"))
			if err != nil {
				t.Error(err)
				return
			}
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				return // cancelled
			}
			defer answer.Body.Close()
			if text, _ := io.ReadAll(answer.Body); answer.StatusCode == http.StatusServiceUnavailable && strings.HasPrefix(string(text), "Code: 202.") {
				refused.Add(1)
			} else {
				t.Errorf("%s: %s", answer.Status, text)
			}
		})
	}
	await(t, "20 requests are refused", func() bool { return refused.Load() == 20 })
	began := time.Now()
	answer, err := http.Get("http://" + addr + "/ping")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); string(text) != "Ok.\n" {
		t.Errorf("/ping answered %q", text)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("/ping took %v while statements ran", took)
	}
}
