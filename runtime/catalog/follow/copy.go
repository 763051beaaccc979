package follow

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

const (
	copyMagic = "ClickTally catalog 1\n"
	// maxCopy bounds a disk copy that is read back, in bytes.
	maxCopy = 1 << 30
	// saveEvery is the shortest time between two writes of the disk copy.
	saveEvery = 5 * time.Second
)

// saver writes the newest catalog to disk, at most once per saveEvery and once more when it stops.
type saver struct {
	path   string
	log    *slog.Logger
	newest chan *catalog.Catalog // holds one
}

func newSaver(path string, log *slog.Logger) *saver {
	return &saver{path: path, log: log, newest: make(chan *catalog.Catalog, 1)}
}

// offer hands over c in place of a catalog that still waits. It never blocks; it has one caller.
func (s *saver) offer(c *catalog.Catalog) {
	select {
	case <-s.newest:
	default:
	}
	s.newest <- c
}

// run writes until ctx ends.
func (s *saver) run(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case c := <-s.newest:
			s.save(c)
			wait(ctx, saveEvery)
		}
	}
	select {
	case c := <-s.newest:
		s.save(c)
	default:
	}
}

func (s *saver) save(c *catalog.Catalog) {
	if s.path == "" {
		return
	}
	if err := writeCopy(s.path, c); err != nil {
		s.log.Warn("catalog copy is not written", "error", err)
	}
}

// loadCopy returns the catalog of the disk copy, nil when there is none or it is damaged.
func loadCopy(path string, log *slog.Logger) *catalog.Catalog {
	if path == "" {
		return nil
	}
	c, err := readCopy(path)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			log.Warn("catalog copy is ignored", "error", err)
		}
		return nil
	}
	log.Info("catalog copy serves until the log is read", "offset", c.Offset())
	return c
}

// writeCopy replaces the file at path by rename: magic, SHA-256 of the payload, payload.
func writeCopy(path string, c *catalog.Catalog) error {
	body := &catalogpb.Copy{Offset: c.Offset()}
	for _, ch := range c.Changes() {
		body.Records = append(body.Records, &catalogpb.CopyRecord{Key: ch.Key, Offset: ch.Offset, Record: ch.Record})
	}
	payload, err := body.MarshalVT()
	if err != nil {
		return fmt.Errorf("encode catalog copy: %w", err)
	}
	sum := sha256.Sum256(payload)
	temporary, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("create catalog copy: %w", err)
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // gone already after the rename
	_, err = temporary.Write(bytes.Join([][]byte{[]byte(copyMagic), sum[:], payload}, nil))
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return fmt.Errorf("write catalog copy: %w", err)
	}
	if err := os.Rename(temporary.Name(), path); err != nil {
		return fmt.Errorf("replace catalog copy: %w", err)
	}
	return nil
}

func readCopy(path string) (*catalog.Catalog, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open catalog copy: %w", err)
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, maxCopy))
	if err != nil {
		return nil, fmt.Errorf("read catalog copy: %w", err)
	}
	return decodeCopy(data)
}

func decodeCopy(data []byte) (*catalog.Catalog, error) {
	rest, ok := bytes.CutPrefix(data, []byte(copyMagic))
	if !ok || len(rest) < sha256.Size {
		return nil, errors.New("catalog copy: not of this format")
	}
	payload := rest[sha256.Size:]
	if sum := sha256.Sum256(payload); !bytes.Equal(sum[:], rest[:sha256.Size]) {
		return nil, errors.New("catalog copy: checksum does not match")
	}
	body := &catalogpb.Copy{}
	if err := body.UnmarshalVT(payload); err != nil {
		return nil, fmt.Errorf("catalog copy: %w", err)
	}
	changes := make([]catalog.Change, len(body.GetRecords()))
	for i, r := range body.GetRecords() {
		changes[i] = catalog.Change{Key: r.GetKey(), Record: r.GetRecord(), Offset: r.GetOffset()}
	}
	return catalog.New(changes), nil
}
