// Package engine shares a few sessions of libchdb among many requests: a bounded queue, cancellation, and a clean session for each statement.
package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/clicktally/clicktally/runtime/embedded/clickhouse/internal/chdb"
)

const (
	// Sessions is how many statements run at the same time.
	Sessions = 4
	// MaxWaiting is how many requests may wait for a session; one more is refused with ErrBusy.
	MaxWaiting = 128
	// killEvery is how often a cancelled statement is killed until it ends.
	killEvery = 50 * time.Millisecond
)

// ErrBusy says that MaxWaiting requests are waiting already.
var ErrBusy = errors.New("too many requests wait for the engine")

// Engine runs statements on the sessions of one libchdb.
type Engine struct {
	library *chdb.Library
	options []string
	base    map[string]string
	idle    chan *session
	slots   chan struct{}

	control   sync.Mutex
	killer    *chdb.Conn
	closeOnce sync.Once
}

// session is a connection that can be found in system.processes by its name.
type session struct {
	name string
	conn *chdb.Conn
}

// Config says where the engine keeps its data and how much of the machine it may take.
type Config struct {
	// Library is the path of libchdb.so.
	Library string
	// Dir is the data directory; it is created.
	Dir string
	// MemoryBytes bounds the whole engine; one statement may take half of it.
	MemoryBytes int64
	// Threads bounds one statement.
	Threads int
}

// Open loads the library and starts the engine on the directory.
func Open(cfg Config) (*Engine, error) {
	data := filepath.Join(cfg.Dir, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, fmt.Errorf("create the data directory of the engine: %w", err)
	}
	library, err := chdb.Load(cfg.Library)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		library: library, options: serverOptions(data, cfg), base: querySettings(cfg),
		idle: make(chan *session, Sessions), slots: make(chan struct{}, Sessions+MaxWaiting),
	}
	if e.killer, err = library.Open(e.options, nil); err != nil {
		return nil, err
	}
	for i := range Sessions {
		s, err := e.open(fmt.Sprintf("clicktally-%d", i))
		if err != nil {
			return nil, err
		}
		e.idle <- s
	}
	return e, nil
}

// serverOptions bound the engine as a whole. The first connection hands them over.
func serverOptions(data string, cfg Config) []string {
	return []string{
		"--path=" + data,
		fmt.Sprintf("--max_server_memory_usage=%d", cfg.MemoryBytes),
		"--background_pool_size=2",
		"--background_schedule_pool_size=2",
		"--background_common_pool_size=1",
		"--background_move_pool_size=1",
		"--background_fetches_pool_size=1",
		"--mark_cache_size=67108864",
		"--uncompressed_cache_size=0",
	}
}

// querySettings hold for every statement that says nothing else.
func querySettings(cfg Config) map[string]string {
	return map[string]string{
		"max_threads":        strconv.Itoa(cfg.Threads),
		"max_insert_threads": "1",
		"max_memory_usage":   strconv.FormatInt(cfg.MemoryBytes/2, 10),
		"max_result_bytes":   strconv.Itoa(MaxResultBytes),
		// An acknowledged row is in a part on disk, not in a buffer of the process.
		"async_insert": "0",
	}
}

// MaxResultBytes bounds the answer to one statement: it is held in memory before it is sent. A statement may set another max_result_bytes.
const MaxResultBytes = 512 << 20

func (e *Engine) open(name string) (*session, error) {
	base := map[string]string{"log_comment": name}
	maps.Copy(base, e.base)
	options := append([]string(nil), e.options...)
	for key, value := range base {
		options = append(options, "--"+key+"="+value)
	}
	conn, err := e.library.Open(options, base)
	if err != nil {
		return nil, err
	}
	return &session{name: name, conn: conn}, nil
}

// Do waits for a session, makes database and settings its own, and calls run. When ctx ends while run is at work its
// statement is killed. recycle says that run leaves the session changed, so that it must not be used again.
func (e *Engine) Do(ctx context.Context, database string, settings map[string]string, recycle bool, run func(*chdb.Conn) error) error {
	select {
	case e.slots <- struct{}{}:
		defer func() { <-e.slots }()
	default:
		return ErrBusy
	}
	var s *session
	select {
	case s = <-e.idle:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { e.idle <- s }()
	stop := e.killWhenDone(ctx, s.name)
	err := s.conn.Prepare(database, settings)
	if err == nil {
		err = run(s.conn)
	}
	stop()
	// A killed statement stays in system.processes, and keeps its tables from being dropped, as long as its session
	// runs no other.
	if recycle || ctx.Err() != nil {
		s = e.reopen(s)
	}
	return err
}

// reopen replaces a session. A session that cannot be replaced is kept: its next Prepare says what is wrong.
func (e *Engine) reopen(s *session) *session {
	fresh, err := e.open(s.name)
	if err != nil {
		return s
	}
	s.conn.Close()
	return fresh
}

// killWhenDone kills what the session runs once ctx is done. The returned stop must be called before the session runs another
// request's statement: it waits until no kill is under way.
func (e *Engine) killWhenDone(ctx context.Context, name string) (stop func()) {
	finished := make(chan struct{})
	var killing sync.WaitGroup
	killing.Go(func() {
		select {
		case <-finished:
			return
		case <-ctx.Done():
		}
		for {
			e.kill(name)
			select {
			case <-finished:
				return
			case <-time.After(killEvery):
			}
		}
	})
	return func() {
		close(finished)
		killing.Wait()
	}
}

func (e *Engine) kill(name string) {
	e.control.Lock()
	defer e.control.Unlock()
	// The outcome shows in the killed statement itself; a kill that found nothing is repeated.
	_, _ = e.killer.Query("KILL QUERY WHERE Settings['log_comment'] = '"+name+"' ASYNC FORMAT Null", "Null", nil)
}

// Close waits until every running statement has ended or ctx is done, then stops the engine. Without waiting the data
// directory is as after a crash: acknowledged rows are there.
func (e *Engine) Close(ctx context.Context) error {
	var err error
	e.closeOnce.Do(func() { err = e.close(ctx) })
	return err
}

func (e *Engine) close(ctx context.Context) error {
	for range Sessions {
		select {
		case s := <-e.idle:
			s.conn.Close()
		case <-ctx.Done():
			return fmt.Errorf("close the engine while statements run: %w", context.Cause(ctx))
		}
	}
	e.control.Lock()
	defer e.control.Unlock()
	e.killer.Close() // the last connection: the engine stops with it
	return nil
}
