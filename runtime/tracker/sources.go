package tracker

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/clicktally/clicktally/runtime/problem"
)

const (
	sourcesEvery  = 2 * time.Second // how soon a changed key works
	maxSources    = 10_000
	minToken      = 16
	maxTokenBytes = 4 << 10
)

// caller is who sends an event: a visitor, or a traffic source that proved itself.
type caller struct{ namespace, tsID string }

func (c caller) visitor() bool { return c.tsID == "" }

// sources are the keys of traffic sources, read from files named namespace.ts_id.
type sources struct {
	dir string
	log *slog.Logger
	// byKey finds the caller by the hash of its key, so that no comparison tells how much was right.
	byKey atomic.Pointer[map[[sha256.Size]byte]caller]
}

func newSources(dir string, log *slog.Logger) (*sources, error) {
	s := &sources{dir: dir, log: log}
	s.byKey.Store(&map[[sha256.Size]byte]caller{})
	if dir == "" {
		return s, nil
	}
	if err := s.load(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read source keys: %w", err)
	}
	return s, nil
}

// load reads all keys again. A file that holds no usable key is left out and logged by name.
func (s *sources) load() error {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	keys := map[[sha256.Size]byte]caller{}
	for _, entry := range entries[:min(len(entries), maxSources)] {
		namespace, tsID, ok := strings.Cut(entry.Name(), ".")
		if !ok || namespace == "" || tsID == "" || strings.HasPrefix(tsID, ".") {
			continue // Kubernetes keeps its own ..data beside the files
		}
		text, err := os.ReadFile(filepath.Join(s.dir, entry.Name()))
		key := strings.TrimSpace(string(text))
		if err != nil || len(key) < minToken || len(key) > maxTokenBytes {
			s.log.Error("key of a traffic source is unusable", "file", entry.Name(), "error", err, "minimumBytes", minToken)
			continue
		}
		keys[sha256.Sum256([]byte(key))] = caller{namespace, tsID}
	}
	if !maps.Equal(keys, *s.byKey.Load()) {
		s.byKey.Store(&keys)
		s.log.Info("keys of traffic sources are read", "sources", len(keys))
	}
	return nil
}

// watch reads the keys again until ctx ends. While the folder cannot be read the keys stay.
func (s *sources) watch(ctx context.Context) {
	if s.dir == "" {
		return
	}
	tick := time.NewTicker(sourcesEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.load(); err != nil && !errors.Is(err, fs.ErrNotExist) {
				s.log.Error("keys of traffic sources cannot be read", "error", err)
			}
		}
	}
}

// callerOf tells who sends the request: a visitor without a key, a source with a good one; a wrong
// one is refused.
func (t *Tracker) callerOf(ctx *fasthttp.RequestCtx) (caller, *problem.Problem) {
	header := string(ctx.Request.Header.Peek("Authorization"))
	if header == "" {
		return caller{}, nil
	}
	scheme, token, _ := strings.Cut(header, " ")
	if strings.EqualFold(scheme, "Bearer") {
		if c, ok := (*t.sources.byKey.Load())[sha256.Sum256([]byte(strings.TrimSpace(token)))]; ok {
			return c, nil
		}
	}
	return caller{}, problem.New(http.StatusUnauthorized, "unknown-key", "The key is not known", "send the key of a traffic source as Authorization: Bearer, or no Authorization at all")
}
