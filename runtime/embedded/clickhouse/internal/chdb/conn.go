package chdb

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"
	"unsafe"
)

// appendChunk is how many bytes of an insert go to the engine in one call.
const appendChunk = 1 << 20

// Conn is one session of the engine. It is not safe for concurrent use.
type Conn struct {
	lib     *Library
	pointer unsafe.Pointer
	session session
}

// Result is the answer to one statement.
type Result struct {
	// Body holds the rows in the format that was asked for.
	Body []byte
	// Rows and Bytes are the size of the answer; ReadRows and ReadBytes what was read from storage; Written what an insert wrote.
	Rows, Bytes, ReadRows, ReadBytes, WrittenRows, WrittenBytes uint64
	// Elapsed is the engine's own time.
	Elapsed time.Duration
}

// Open opens a session. The first one starts the engine, so its options must hold the data path (--path=DIR) and the
// server's settings; query settings (--max_threads=2) hold for this session. base lists the same query settings by name:
// Prepare goes back to them.
func (l *Library) Open(options []string, base map[string]string) (*Conn, error) {
	args := cStrings(append([]string{"clickhouse"}, options...))
	var pin runtime.Pinner
	defer pin.Unpin()
	for _, arg := range args {
		pin.Pin(arg)
	}
	pointer := l.connect(int32(len(args)), unsafe.Pointer(&args[0]))
	if pointer == nil {
		return nil, fmt.Errorf("open the engine with %q: the library refused; its reason is on stderr", options)
	}
	return &Conn{lib: l, pointer: pointer, session: newSession(base)}, nil
}

// Close ends the session. Closing the last one stops the engine.
func (c *Conn) Close() {
	c.lib.closeConn(c.pointer)
	c.pointer = nil
}

// handle is what the C functions take: chdb_connect returns a pointer to it.
func (c *Conn) handle() uintptr { return *(*uintptr)(c.pointer) }

// Query runs one statement. A statement without FORMAT clause answers in format. params are the values of {name:Type} placeholders.
// An error of the engine is an *Exception.
func (c *Conn) Query(sql, format string, params map[string]string) (*Result, error) {
	var pin runtime.Pinner
	defer pin.Unpin()
	p := pinParams(&pin, params)
	result := c.lib.query(c.handle(), bytesOf(&pin, sql), uintptr(len(sql)), bytesOf(&pin, format), uintptr(len(format)), p.names, p.nameLens, p.values, p.valueLens, p.count)
	return c.take(result)
}

// Insert runs an INSERT without FORMAT clause and feeds it data encoded in format.
// When data ends with an error nothing more is sent; blocks that the engine had already written stay, as on a real server.
func (c *Conn) Insert(sql, format string, params map[string]string, data io.Reader) (*Result, error) {
	var pin runtime.Pinner
	defer pin.Unpin()
	p := pinParams(&pin, params)
	stream := c.lib.streamInsert(c.handle(), bytesOf(&pin, sql), uintptr(len(sql)), bytesOf(&pin, format), uintptr(len(format)), p.names, p.nameLens, p.values, p.valueLens, p.count)
	if stream == 0 {
		return nil, errors.New("libchdb opened no insert stream")
	}
	defer c.lib.streamFree(stream)
	if message := c.lib.streamError(stream); message != "" {
		return nil, newException(message)
	}
	if err := c.feed(stream, data); err != nil {
		c.lib.streamCancel(stream)
		return nil, err
	}
	return c.take(c.lib.streamDone(stream))
}

func (c *Conn) feed(stream uintptr, data io.Reader) error {
	chunk := make([]byte, appendChunk)
	var pin runtime.Pinner
	pin.Pin(&chunk[0])
	defer pin.Unpin()
	for {
		n, err := io.ReadFull(data, chunk)
		if n > 0 && c.lib.streamAppend(stream, unsafe.Pointer(&chunk[0]), uintptr(n)) != 0 {
			return newException(c.lib.streamError(stream))
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the rows of an insert: %w", err)
		}
	}
}

// take copies a C result into Go memory and frees it.
func (c *Conn) take(result uintptr) (*Result, error) {
	if result == 0 {
		return nil, errors.New("libchdb answered neither a result nor an error")
	}
	defer c.lib.resultFree(result)
	if message := c.lib.resultError(result); message != "" {
		return nil, newException(message)
	}
	answer := &Result{
		Rows:         c.lib.resultRows(result),
		Bytes:        c.lib.resultBytes(result),
		ReadRows:     c.lib.resultStorageRows(result),
		ReadBytes:    c.lib.resultStorageBytes(result),
		WrittenRows:  c.lib.resultRowsWritten(result),
		WrittenBytes: c.lib.resultBytesWritten(result),
		Elapsed:      time.Duration(c.lib.resultElapsed(result) * float64(time.Second)),
	}
	if n := c.lib.resultLength(result); n > 0 {
		answer.Body = append([]byte(nil), unsafe.Slice((*byte)(c.lib.resultBuffer(result)), n)...)
	}
	return answer, nil
}
