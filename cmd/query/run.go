package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/clicktally/clicktally/cmd/internal/process"
	"github.com/clicktally/clicktally/cmd/query/internal/reviews"
	"github.com/clicktally/clicktally/runtime/catalog/follow"
	"github.com/clicktally/clicktally/runtime/query"
	"github.com/clicktally/clicktally/runtime/store/topics"
)

const historyHint = "this process was started without --clickhouse; live figures are at /v1/stats/realtime"

// run serves until the context ends. The catalog is followed beside it: a process without one answers
// live figures and is not ready. A store that is away is a 503 to the reader, not a failed start.
func run(ctx context.Context, o options) error {
	log := process.Log()
	token, err := readToken(o.tokenFile)
	if err != nil {
		return err
	}
	readers, err := authorizer(&o)
	if err != nil {
		return err
	}
	history, err := o.stores.OpenClickHouse(query.MaxHistoryReads)
	if err != nil {
		return err
	}
	if history != nil {
		defer func() { _ = history.Close() }() // the process ends: nothing follows from a failure
	}
	live, err := o.stores.OpenRedis()
	if err != nil {
		return err
	}
	defer func() { _ = live.Close() }()
	follower, err := o.kafka.Follower(log)
	if err != nil {
		return err
	}
	server, err := query.New(query.Config{
		ClickHouse: history, Database: o.stores.Database, Redis: live, Prefix: o.kafka.Prefix,
		Catalog: follower.Current, Token: token, Authorizer: readers, HistoryHint: historyHint, Log: log,
	})
	if err != nil {
		return err
	}
	return serve(ctx, o, server, follower)
}

func serve(ctx context.Context, o options, server *query.Server, follower *follow.Follower) error {
	api, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fmt.Errorf("listen for readers: %w", err)
	}
	admin, err := net.Listen("tcp", o.admin)
	if err != nil {
		return errors.Join(fmt.Errorf("listen for admin: %w", err), api.Close())
	}
	if o.opened != nil {
		o.opened(api.Addr().String(), admin.Addr().String())
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return follower.Run(ctx) })
	group.Go(func() error { o.kafka.LogCheck(ctx, topics.RoleQuery, process.Log()); return nil })
	group.Go(func() error { return server.Run(ctx, api, admin) })
	return group.Wait()
}

// authorizer returns nil where the cluster is not asked.
func authorizer(o *options) (query.Authorizer, error) {
	if !o.byCluster {
		return nil, nil
	}
	if o.tokenFile != "" {
		return nil, errors.New("--authorize-by-cluster and --token-file exclude each other")
	}
	namespace, name, ok := strings.Cut(o.pipeline, "/")
	if !ok || namespace == "" || name == "" || strings.Contains(name, "/") {
		return nil, fmt.Errorf("--authorize-by-cluster needs --pipeline=NAMESPACE/NAME, got %q", o.pipeline)
	}
	config, err := rest.InClusterConfig()
	if err != nil {
		return nil, fmt.Errorf("--authorize-by-cluster: %w", err)
	}
	return reviews.New(config, types.NamespacedName{Namespace: namespace, Name: name})
}

func readToken(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read the readers' token: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", fmt.Errorf("read the readers' token: %s is empty", path)
	}
	return token, nil
}
