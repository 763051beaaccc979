// Command tracker answers visitors: clicks, impressions, events and links of one Tracker.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/store/topics"
	"github.com/clicktally/clicktally/runtime/tracker"
)

// Timeouts of the admin server.
const (
	adminHeaderTimeout   = 5 * time.Second
	adminShutdownTimeout = 2 * time.Second
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "tracker:", err)
		os.Exit(1)
	}
}

type options struct {
	kafka, prefix, listen, admin, keysFile, hashFile string
	config                                           tracker.Config
}

func parse(args []string) (*options, error) {
	o := &options{}
	pod, _ := os.Hostname() // an empty name is refused below
	flags := flag.NewFlagSet("tracker", flag.ContinueOnError)
	flags.StringVar(&o.kafka, "kafka", "", "bootstrap servers, separated by commas")
	flags.StringVar(&o.prefix, "topic-prefix", "ct", "prefix of the pipeline's topics")
	flags.StringVar(&o.config.Tracker, "tracker", "", "the Tracker served, namespace/name")
	flags.StringVar(&o.listen, "listen", ":8080", "address for visitors")
	flags.StringVar(&o.admin, "admin-listen", ":9090", "address of /healthz, /readyz and /metrics")
	flags.StringVar(&o.config.DataDir, "data-dir", "", "folder for the copy of the catalog; empty: none is kept")
	flags.StringVar(&o.config.SourcesDir, "sources-dir", "", "folder with the keys of traffic sources, files named namespace.ts_id")
	flags.StringVar(&o.keysFile, "click-id-keys-file", "", "keys of click ids, one a line, the first one signs")
	flags.StringVar(&o.hashFile, "hash-key-file", "", "key of user and device hashes")
	flags.StringVar(&o.config.Pod, "pod", pod, "name of this process in heartbeats")
	flags.DurationVar(&o.config.UnreadyFor, "unready-for", 5*time.Second, "time between unready and the end of new requests at shutdown")
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if o.kafka == "" || o.keysFile == "" || o.hashFile == "" || flags.NArg() > 0 {
		return nil, errors.New("--kafka, --tracker, --click-id-keys-file and --hash-key-file are needed, and flags alone")
	}
	return o, nil
}

func run(args []string) error {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	cfg := o.config
	cfg.Log = slog.New(slog.NewJSONHandler(os.Stderr, nil))
	cfg.Version = version()
	cfg.Kafka = []kgo.Opt{kgo.SeedBrokers(strings.Split(o.kafka, ",")...)}
	names := topics.Names{Prefix: o.prefix}
	cfg.CatalogTopic, cfg.HeartbeatTopic = names.Catalog(), names.Heartbeats()
	if cfg.ClickIDKeys, err = tracker.ReadKeys(o.keysFile); err != nil {
		return err
	}
	hashKeys, err := tracker.ReadKeys(o.hashFile)
	if err != nil {
		return err
	}
	cfg.HashKey = hashKeys[0]
	t, err := tracker.New(cfg)
	if err != nil {
		return err
	}
	visitors, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fmt.Errorf("listen for visitors: %w", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	closeAdmin, err := serveAdmin(o.admin, t.Admin(), cfg.Log)
	if err != nil {
		return errors.Join(err, visitors.Close())
	}
	defer closeAdmin()
	cfg.Log.Info("tracker listens", "visitors", visitors.Addr().String(), "admin", o.admin, "tracker", cfg.Tracker)
	return t.Run(ctx, visitors)
}

// serveAdmin serves until the returned function is called.
func serveAdmin(address string, handler http.Handler, log *slog.Logger) (func(), error) {
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for admin: %w", err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: adminHeaderTimeout}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			log.Error("admin server stopped", "error", err)
		}
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), adminShutdownTimeout)
		defer cancel()
		_ = server.Shutdown(ctx) // the process ends either way
		<-done
	}, nil
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return ""
}
