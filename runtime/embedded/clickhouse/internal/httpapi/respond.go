package httpapi

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/ClickHouse/ch-go/compress"
	chproto "github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/proto"
	"github.com/andybalholm/brotli"

	"github.com/clicktally/clicktally/runtime/embedded/clickhouse/internal/chdb"
	"github.com/clicktally/clicktally/runtime/embedded/clickhouse/internal/engine"
)

// compressFrame is how much of an answer goes into one compressed frame.
const compressFrame = 1 << 20

// failure is an answer other than 200.
type failure struct {
	status int
	code   int
	text   string
}

func (f *failure) Error() string { return f.text }

func exception(status, code int, name, message string) *failure {
	return &failure{status, code, fmt.Sprintf("Code: %d. DB::Exception: %s. (%s)", code, message, name)}
}

func tooLarge() *failure {
	return exception(http.StatusRequestEntityTooLarge, 307, "TOO_MANY_BYTES", fmt.Sprintf("the request's body is above %d bytes: send smaller batches", MaxBodyBytes))
}

func badBody(err error) *failure {
	return exception(http.StatusBadRequest, 354, "CANNOT_DECOMPRESS", "cannot read the request's body: "+err.Error())
}

// asFailure gives an error the status a ClickHouse server would answer.
func asFailure(err error) *failure {
	if f, ok := errors.AsType[*failure](err); ok {
		return f
	}
	if e, ok := errors.AsType[*chdb.Exception](err); ok {
		return &failure{statusOf(e.Code), e.Code, e.Message}
	}
	switch {
	case errors.Is(err, engine.ErrBusy):
		return exception(http.StatusServiceUnavailable, 202, "TOO_MANY_SIMULTANEOUS_QUERIES", fmt.Sprintf("%d requests wait already", engine.MaxWaiting))
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return exception(http.StatusInternalServerError, 394, "QUERY_WAS_CANCELLED", "Query was cancelled")
	}
	return exception(http.StatusInternalServerError, 1002, "UNKNOWN_EXCEPTION", err.Error())
}

// statusOf is the table of ClickHouse's HTTP handler.
func statusOf(code int) int {
	switch code {
	case 192, 193, 194, 516:
		return http.StatusForbidden
	case 62, 6, 26, 27, 38, 41, 72, 43, 44, 53, 69, 70, 131, 457:
		return http.StatusBadRequest
	case 60, 81, 46, 47, 16, 63, 51:
		return http.StatusNotFound
	case 307:
		return http.StatusRequestEntityTooLarge
	case 48:
		return http.StatusNotImplemented
	case 202, 203:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

func writeFailure(w http.ResponseWriter, f *failure) {
	w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	w.Header().Set("X-ClickHouse-Exception-Code", strconv.Itoa(f.code))
	w.WriteHeader(f.status)
	_, _ = io.WriteString(w, strings.TrimRight(f.text, "\n")+"\n") // the client is gone when this fails
}

func writeResult(w http.ResponseWriter, format string, reply encoding, result *chdb.Result) error {
	body := result.Body
	var err error
	if format == "Native" && reply.revision > 0 && len(body) > 0 {
		if body, err = reencodeNative(body, reply.revision); err != nil {
			return err
		}
	}
	if reply.native && len(body) > 0 {
		if body, err = compressFrames(body, reply); err != nil {
			return err
		}
	}
	header := w.Header()
	header.Set("Content-Type", contentType(format))
	header.Set("X-ClickHouse-Format", format)
	header.Set("X-ClickHouse-Summary", summary(result))
	if reply.content != "" {
		header.Set("Content-Encoding", reply.content)
		return writeEncoded(w, reply.content, body)
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	_, err = w.Write(body)
	return err
}

// reencodeNative turns Native blocks of revision 0, the only ones the library writes, into those the client asked for.
func reencodeNative(body []byte, revision uint64) ([]byte, error) {
	reader := chproto.NewReader(bytes.NewReader(body))
	out := &chproto.Buffer{Buf: make([]byte, 0, len(body)+len(body)/64+256)}
	for {
		block := proto.Block{ServerContext: &column.ServerContext{}}
		err := block.Decode(reader, 0)
		if errors.Is(err, io.EOF) && len(block.Columns) == 0 {
			return out.Buf, nil
		}
		if err == nil {
			err = block.Encode(out, revision)
		}
		if err != nil {
			return nil, fmt.Errorf("encode the answer for protocol version %d: %w", revision, err)
		}
	}
}

func compressFrames(body []byte, reply encoding) ([]byte, error) {
	writer := compress.NewWriter(reply.level, reply.method)
	var out []byte
	for from := 0; from < len(body); from += compressFrame {
		if err := writer.Compress(body[from:min(from+compressFrame, len(body))]); err != nil {
			return nil, fmt.Errorf("compress the answer: %w", err)
		}
		out = append(out, writer.Data...)
	}
	return out, nil
}

func writeEncoded(w io.Writer, coding string, body []byte) error {
	var packer io.WriteCloser
	switch coding {
	case "gzip":
		packer = gzip.NewWriter(w)
	case "deflate":
		packer = zlib.NewWriter(w)
	default:
		packer = brotli.NewWriterLevel(w, brotli.BestSpeed)
	}
	if _, err := packer.Write(body); err != nil {
		return err
	}
	return packer.Close()
}

func summary(r *chdb.Result) string {
	return fmt.Sprintf(`{"read_rows":"%d","read_bytes":"%d","written_rows":"%d","written_bytes":"%d","total_rows_to_read":"0","result_rows":"%d","result_bytes":"%d","elapsed_ns":"%d"}`,
		r.ReadRows, r.ReadBytes, r.WrittenRows, r.WrittenBytes, r.Rows, r.Bytes, r.Elapsed.Nanoseconds())
}

func contentType(format string) string {
	switch {
	case strings.HasPrefix(format, "JSONEachRow"), strings.HasPrefix(format, "JSONCompactEachRow"), format == "NDJSON":
		return "application/x-ndjson; charset=UTF-8"
	case strings.HasPrefix(format, "JSON"):
		return "application/json; charset=UTF-8"
	case strings.HasPrefix(format, "CSV"):
		return "text/csv; charset=UTF-8"
	case strings.HasPrefix(format, "TabSeparated"), strings.HasPrefix(format, "TSV"):
		return "text/tab-separated-values; charset=UTF-8"
	case strings.HasPrefix(format, "Pretty"), format == "Vertical", format == "Markdown", format == "Values":
		return "text/plain; charset=UTF-8"
	case format == "XML":
		return "application/xml; charset=UTF-8"
	}
	return "application/octet-stream"
}
