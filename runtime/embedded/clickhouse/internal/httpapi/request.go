package httpapi

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/andybalholm/brotli"

	"github.com/clicktally/clicktally/runtime/embedded/clickhouse/internal/sqltext"
)

// MaxBodyBytes bounds a request's body, packed and unpacked: statement and rows together.
const MaxBodyBytes = 256 << 20

// request is what one HTTP request asks of the engine.
type request struct {
	statement sqltext.Statement
	// rows are the rows of an inline INSERT.
	rows     io.Reader
	database string
	format   string
	settings map[string]string
	params   map[string]string
	reply    encoding
}

// encoding says how the answer is written.
type encoding struct {
	// revision is the client_protocol_version: 0 means the plain Native format.
	revision uint64
	// native packs the answer into ClickHouse's compressed frames (compress=1) by method.
	native bool
	method compress.Method
	level  compress.Level
	// content is the HTTP Content-Encoding, empty for none.
	content string
}

// notSettings are URL parameters that mean something to the HTTP interface and nothing to the engine.
var notSettings = map[string]bool{
	"query": true, "database": true, "default_format": true, "client_protocol_version": true, "query_id": true, "quota_key": true,
	"user": true, "password": true, "role": true, "profile": true, "session_id": true, "session_timeout": true, "session_check": true,
	"compress": true, "decompress": true, "buffer_size": true, "wait_end_of_query": true, "stacktrace": true, "close_session": true,
	"enable_http_compression": true, "http_zlib_compression_level": true, "add_http_cors_header": true,
	"network_compression_method": true, "network_zstd_compression_level": true, "log_comment": true,
}

func readRequest(r *http.Request) (*request, error) {
	query := r.URL.Query()
	if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media == "multipart/form-data" {
		return nil, exception(http.StatusBadRequest, 48, "NOT_IMPLEMENTED", "external tables (multipart requests) are not served by the embedded ClickHouse")
	}
	body, err := readBody(r, query)
	if err != nil {
		return nil, err
	}
	req := &request{database: query.Get("database"), settings: map[string]string{}, params: map[string]string{}}
	if req.database == "" {
		req.database = r.Header.Get("X-ClickHouse-Database")
	}
	req.statement, req.rows = splitStatement(query.Get("query"), body)
	for name, values := range query {
		value := values[0]
		switch param, isParam := strings.CutPrefix(name, "param_"); {
		case isParam:
			req.params[param] = value
		case !notSettings[name]:
			req.settings[name] = value
		}
	}
	req.format = answerFormat(r, query, req.statement)
	req.reply, err = readEncoding(r, query)
	return req, err
}

// splitStatement joins the URL's query and the body, as ClickHouse does; only the rows of an inline INSERT are left as they are.
func splitStatement(inURL string, body []byte) (sqltext.Statement, io.Reader) {
	if strings.TrimSpace(inURL) == "" {
		statement := sqltext.Parse(string(body))
		return statement, strings.NewReader(statement.Data)
	}
	statement := sqltext.Parse(inURL)
	if statement.Inline || len(body) == 0 {
		return statement, io.MultiReader(strings.NewReader(statement.Data), bytes.NewReader(body))
	}
	statement = sqltext.Parse(inURL + "\n" + string(body))
	return statement, strings.NewReader(statement.Data)
}

// answerFormat is the format of a statement without FORMAT clause.
func answerFormat(r *http.Request, query url.Values, statement sqltext.Statement) string {
	for _, format := range []string{statement.Format, query.Get("default_format"), r.Header.Get("X-ClickHouse-Format")} {
		if format != "" && !statement.Inline {
			return format
		}
	}
	return "TabSeparated"
}

func readBody(r *http.Request, query url.Values) ([]byte, error) {
	if r.ContentLength > MaxBodyBytes {
		return nil, tooLarge()
	}
	var source io.Reader = r.Body
	var err error
	switch coding := r.Header.Get("Content-Encoding"); coding {
	case "", "identity":
	case "gzip":
		source, err = gzip.NewReader(source)
	case "deflate":
		source, err = zlib.NewReader(source)
	case "br":
		source = brotli.NewReader(source)
	default:
		return nil, exception(http.StatusBadRequest, 48, "NOT_IMPLEMENTED", fmt.Sprintf("Content-Encoding %.32q is not served: send gzip, deflate, br or none", coding))
	}
	if err != nil {
		return nil, badBody(err)
	}
	if query.Get("decompress") == "1" {
		source = compress.NewReader(source)
	}
	body, err := io.ReadAll(io.LimitReader(source, MaxBodyBytes+1))
	switch {
	case len(body) > MaxBodyBytes:
		return nil, tooLarge()
	case err != nil && !errors.Is(err, io.EOF):
		return nil, badBody(err)
	}
	return body, nil
}

func readEncoding(r *http.Request, query url.Values) (encoding, error) {
	reply := encoding{}
	if text := query.Get("client_protocol_version"); text != "" {
		revision, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return reply, exception(http.StatusBadRequest, 36, "BAD_ARGUMENTS", "client_protocol_version is not a number")
		}
		reply.revision = revision
	}
	reply.native = query.Get("compress") == "1"
	reply.method = compress.LZ4
	if strings.EqualFold(query.Get("network_compression_method"), "ZSTD") {
		reply.method = compress.ZSTD
	}
	if query.Get("enable_http_compression") == "1" {
		reply.content = acceptedCoding(r.Header.Get("Accept-Encoding"))
	}
	return reply, nil
}

func acceptedCoding(accept string) string {
	for _, coding := range []string{"gzip", "deflate", "br"} {
		if strings.Contains(accept, coding) {
			return coding
		}
	}
	return ""
}
