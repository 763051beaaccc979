// Package child is the process that holds libchdb: a ClickHouse HTTP server on a data directory.
//
// It is a process of its own because the library takes about 400 MB, serves one data path per process, and an engine that
// crashes must not take the trackers with it. The CLI wires Main as its hidden command "chdb".
package child

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/clicktally/clicktally/runtime/embedded/address"
	"github.com/clicktally/clicktally/runtime/embedded/clickhouse/internal/engine"
	"github.com/clicktally/clicktally/runtime/embedded/clickhouse/internal/httpapi"
	"github.com/clicktally/clicktally/runtime/embedded/dirlock"
)

// ReadyPrefix begins the line on standard output that says the server answers; the address follows.
const ReadyPrefix = "ready "

const (
	// stopTimeout is how long running statements may take to end after SIGTERM.
	stopTimeout = 15 * time.Second
	// headerTimeout and idleTimeout bound a client that says nothing.
	headerTimeout = 10 * time.Second
	idleTimeout   = 5 * time.Minute
	// bodyTimeout bounds how long a client may take to send a request.
	bodyTimeout = 2 * time.Minute
	// maxHeaderBytes bounds the request line too: statements and settings may stand in the URL.
	maxHeaderBytes = 1 << 20

	defaultMemoryMiB = 3072
	minMemoryMiB     = 512
	defaultThreads   = 2
)

type options struct {
	data, listen, host, library string
	memoryMiB                   int64
	threads                     int
	exitWithParent              bool
}

// Main runs the server until SIGTERM, or until its standard input ends when --exit-with-parent is given, and returns the exit code:
// 0 after a clean stop, 1 when it could not run, 2 for wrong arguments. args are without the command's name.
func Main(args []string) int {
	opts, err := parse(args)
	if err != nil {
		return 2
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if err := run(opts, log); err != nil {
		fmt.Fprintln(os.Stderr, "chdb:", err)
		return 1
	}
	return 0
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("chdb", flag.ContinueOnError)
	flags.StringVar(&o.data, "data", "", "data directory (required)")
	flags.StringVar(&o.listen, "listen", "127.0.0.1:0", "loopback address to serve the ClickHouse HTTP interface on, or fd:N for an inherited socket")
	flags.StringVar(&o.host, "host", "", "name by which other machines reach the server (default: this machine alone)")
	flags.StringVar(&o.library, "lib", "", "path of libchdb.so (required)")
	flags.Int64Var(&o.memoryMiB, "memory", defaultMemoryMiB, "bound on the engine's memory, in MiB")
	flags.IntVar(&o.threads, "threads", defaultThreads, "threads of one statement")
	flags.BoolVar(&o.exitWithParent, "exit-with-parent", false, "stop when standard input ends")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var wrong error
	switch {
	case o.data == "" || o.library == "":
		wrong = errors.New("--data and --lib are required")
	case o.memoryMiB < minMemoryMiB:
		wrong = fmt.Errorf("--memory is %d: the engine needs at least %d MiB", o.memoryMiB, minMemoryMiB)
	case o.threads < 1:
		wrong = errors.New("--threads must be at least 1")
	}
	if wrong != nil {
		fmt.Fprintln(os.Stderr, "chdb:", wrong)
	}
	return o, wrong
}

func run(o options, log *slog.Logger) error {
	// A terminal's Ctrl-C reaches the whole process group; the parent decides when the store stops.
	signal.Ignore(syscall.SIGINT)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if o.exitWithParent {
		ctx = untilInputEnds(ctx, os.Stdin)
	}
	data, err := filepath.Abs(o.data)
	if err != nil {
		return err
	}
	lock, err := dirlock.Acquire(data)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Unlock() }() // the end of the process unlocks as well
	listener, err := listen(o.listen, o.host)
	if err != nil {
		return err
	}
	defer listener.Close()
	e, err := engine.Open(engine.Config{Library: o.library, Dir: data, MemoryBytes: o.memoryMiB << 20, Threads: o.threads})
	if err != nil {
		return err
	}
	return serve(ctx, o, listener, e, log)
}

func serve(ctx context.Context, o options, listener net.Listener, e *engine.Engine, log *slog.Logger) error {
	server := &http.Server{
		Handler: httpapi.Handler(e, o.host), ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	if _, err := fmt.Fprintln(os.Stdout, ReadyPrefix+listener.Addr().String()); err != nil {
		return fmt.Errorf("say that the server answers: %w", err)
	}
	select {
	case err := <-failed:
		return fmt.Errorf("serve the ClickHouse HTTP interface: %w", err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := server.Shutdown(stopping); err != nil {
		server.Close() // ends the requests, and so kills their statements
	}
	return e.Close(stopping)
}

func listen(at, host string) (net.Listener, error) {
	if number, inherited := strings.CutPrefix(at, "fd:"); inherited {
		fd, err := strconv.ParseUint(number, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("listen on %q: want fd:N", at)
		}
		file := os.NewFile(uintptr(fd), "listener")
		defer func() { _ = file.Close() }() // FileListener took a copy
		listener, err := net.FileListener(file)
		if err != nil {
			return nil, fmt.Errorf("listen on the inherited socket %d: %w", fd, err)
		}
		return listener, nil
	}
	if err := address.Check("embedded ClickHouse", at, host); err != nil {
		return nil, err
	}
	return net.Listen("tcp", at)
}

// untilInputEnds returns a context that ends with the parent: the parent holds the other end of the pipe, and the kernel closes
// it however the parent dies.
func untilInputEnds(ctx context.Context, input io.Reader) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, input) // an error ends the input as well
		cancel()
	}()
	return ctx
}
