package archive_test

import (
	"errors"
	"io"
	"log"
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/ledger/archive"
	"github.com/clicktally/clicktally/runtime/ledger/seal"
	"github.com/clicktally/clicktally/runtime/store"
	"github.com/clicktally/clicktally/test/ledgertest"
)

const (
	bucketName = "clicks"
	secret     = "very-secret-access-key"
)

var (
	begin = time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)
	now   = begin.Add(48 * time.Hour)
	parts = []event.SrcPart{event.NewSrcPart(1, 0), event.NewSrcPart(1, 1)}
)

type rig struct {
	*ledgertest.Pipeline
	t       *testing.T
	bucket  archive.Bucket
	backend *s3mem.Backend
}

func newRig(t *testing.T) *rig {
	t.Helper()
	backend := s3mem.New()
	if err := backend.CreateBucket(bucketName); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend, gofakes3.WithLogger(gofakes3.StdLog(log.New(io.Discard, "", 0)))).Server())
	t.Cleanup(server.Close)
	return &rig{Pipeline: ledgertest.New(t), t: t, backend: backend, bucket: archive.Bucket{
		Endpoint: server.URL, Name: bucketName, AccessKeyID: "very-public-key-id", SecretAccessKey: secret,
	}}
}

// write logs and loads random events as of a time.
func (r *rig) write(seed uint64, n int, at time.Time) {
	random := rand.New(rand.NewPCG(seed, 3))
	for range n {
		r.Append(r.Random(random, parts[random.IntN(len(parts))], at.Add(-time.Duration(random.IntN(90))*time.Minute)))
	}
	r.Load(at)
}

func (r *rig) archiver(change func(*archive.Config)) *archive.Archiver {
	r.t.Helper()
	cfg := archive.Config{
		ClickHouse: r.Conn, Database: r.Database, Bucket: r.bucket, MaxOffsets: 50, Now: func() time.Time { return now },
	}
	if change != nil {
		change(&cfg)
	}
	a, err := archive.New(cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

func (r *rig) pass(change func(*archive.Config)) int {
	r.t.Helper()
	n, err := r.archiver(change).Pass(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

func (r *rig) ends() map[event.SrcPart]uint64 {
	ends := map[event.SrcPart]uint64{}
	for part, log := range r.Log {
		ends[part] = uint64(len(log))
	}
	return ends
}

// differing counts the rows that only one of raw and archive has, both ways and with every column.
func (r *rig) differing(cuts map[event.SrcPart]uint64) uint64 {
	r.t.Helper()
	source, err := archive.Source(r.t.Context(), r.Conn, r.Database, r.bucket, cuts)
	if err != nil {
		r.t.Fatal(err)
	}
	var missing, foreign, copied, raw uint64
	events := "(SELECT * FROM " + r.Database + ".events FINAL)"
	for query, into := range map[string]*uint64{
		"SELECT count() FROM (SELECT * FROM " + events + " EXCEPT SELECT * FROM " + source + ")": &missing,
		"SELECT count() FROM (SELECT * FROM " + source + " EXCEPT SELECT * FROM " + events + ")": &foreign,
		"SELECT count() FROM " + source: &copied,
		"SELECT count() FROM " + events: &raw,
	} {
		if err := r.Conn.QueryRow(r.t.Context(), query).Scan(into); err != nil {
			r.t.Fatal(err)
		}
	}
	if copied == 0 || copied != raw {
		r.t.Errorf("%d rows are archived of %d", copied, raw)
	}
	return missing + foreign
}

func (r *rig) objects() []string {
	list, err := r.backend.ListBucket(bucketName, &gofakes3.Prefix{}, gofakes3.ListBucketPage{})
	if err != nil {
		r.t.Fatal(err)
	}
	var keys []string
	for _, object := range list.Contents {
		keys = append(keys, object.Key)
	}
	return keys
}

func TestTheArchiveEqualsRaw(t *testing.T) {
	r := newRig(t)
	r.write(1, 300, begin)
	r.write(2, 100, begin.Add(time.Hour))
	r.Append(r.Click(parts[0], begin))
	r.Load(now) // too young
	n := r.pass(nil)
	if n < 8 || len(r.objects()) != n {
		t.Errorf("400 records in objects of at most 50 made %d, and the bucket holds %d", n, len(r.objects()))
	}
	if _, err := archive.Source(t.Context(), r.Conn, r.Database, r.bucket, r.ends()); err == nil {
		t.Error("a source that lacks the last record was given")
	}
	if n := r.pass(nil); n != 0 {
		t.Errorf("nothing came, and %d objects were written", n)
	}
	r.pass(func(c *archive.Config) { c.Now = func() time.Time { return now.Add(26 * time.Hour) } })
	if n := r.differing(r.ends()); n != 0 {
		t.Errorf("%d rows differ", n)
	}
}

func TestABillIsDerivedFromTheArchive(t *testing.T) {
	r := newRig(t)
	r.write(3, 300, begin)
	r.pass(nil)
	period, err := seal.ParsePeriod("2026-11-01")
	if err != nil {
		t.Fatal(err)
	}
	raw := seal.Raw{ClickHouse: r.Conn, Database: r.Database}
	want, err := raw.Derive(t.Context(), period, []string{"Valid"}, r.ends())
	if err != nil {
		t.Fatal(err)
	}
	if raw.Source, err = archive.Source(t.Context(), r.Conn, r.Database, r.bucket, r.ends()); err != nil {
		t.Fatal(err)
	}
	r.Exec("TRUNCATE TABLE " + r.Database + ".events") // it expired
	got, err := raw.Derive(t.Context(), period, []string{"Valid"}, r.ends())
	if err != nil {
		t.Fatal(err)
	}
	if len(want.Lines) == 0 || got.Hash() != want.Hash() {
		t.Errorf("from the archive %d lines with hash %s, from raw %d with %s", len(got.Lines), got.Hash(), len(want.Lines), want.Hash())
	}
}

func TestACopyThatDiesAtAnyStepIsWrittenAgain(t *testing.T) {
	died := errors.New("died")
	r := newRig(t)
	r.write(4, 260, begin)
	for n := range 9 {
		steps := 0
		_, err := r.archiver(func(c *archive.Config) {
			c.Fault = func(string) error {
				if steps++; steps > n {
					return died
				}
				return nil
			}
		}).Pass(t.Context())
		if err != nil && !errors.Is(err, died) {
			t.Fatal(err)
		}
	}
	r.pass(nil)
	if n := r.differing(r.ends()); n != 0 {
		t.Errorf("%d rows differ", n)
	}
	archived, err := store.ReadArchived(t.Context(), r.Conn, r.Database)
	if err != nil || len(archived) != len(r.objects()) {
		t.Errorf("%d objects are noted, %d are there, %v: a copy got another key", len(archived), len(r.objects()), err)
	}
}

func TestWhatIsNotWholeIsNotArchived(t *testing.T) {
	tests := map[string]func(r *rig){
		"raw has lost a row that a manifest speaks of": func(r *rig) {
			r.Exec("ALTER TABLE " + r.Database + ".events DELETE WHERE src_off = 7 SETTINGS mutations_sync = 2")
		},
		"the bucket is not there": func(r *rig) { r.bucket.Name = "another" },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.write(5, 60, begin)
			spoil(r)
			_, err := r.archiver(nil).Pass(t.Context())
			if err == nil {
				t.Error("it was archived")
			} else if strings.Contains(err.Error(), secret) {
				t.Errorf("the error tells the secret: %v", err)
			}
			if archived, err := store.ReadArchived(t.Context(), r.Conn, r.Database); err != nil || len(archived) != 0 {
				t.Errorf("%d objects are noted, %v", len(archived), err)
			}
		})
	}
}

func TestAHoleStopsTheArchiveOfItsPartition(t *testing.T) {
	r := newRig(t)
	for range 30 {
		r.Append(r.Click(parts[0], begin))
	}
	r.Insert(parts[0], 0, 30)
	r.Manifest(parts[0], 0, 10, begin)
	r.Manifest(parts[0], 20, 30, begin)
	r.pass(nil)
	if _, err := archive.Source(t.Context(), r.Conn, r.Database, r.bucket, map[event.SrcPart]uint64{parts[0]: 11}); err == nil {
		t.Error("the archive claims to go beyond the hole")
	}
	// Hours later the hole is closed.
	r.Manifest(parts[0], 10, 20, begin.Add(5*time.Hour))
	r.pass(nil)
	if n := r.differing(r.ends()); n != 0 {
		t.Errorf("%d rows differ", n)
	}
}

func TestBucketsAreChecked(t *testing.T) {
	r := newRig(t)
	for name, change := range map[string]func(*archive.Bucket){
		"no endpoint":                   func(b *archive.Bucket) { b.Endpoint = "" },
		"an endpoint with credentials":  func(b *archive.Bucket) { b.Endpoint = "http://a:b@127.0.0.1" },
		"an endpoint that is a file":    func(b *archive.Bucket) { b.Endpoint = "file:///tmp" },
		"a bucket with a glob":          func(b *archive.Bucket) { b.Name = "a*" },
		"half of a key":                 func(b *archive.Bucket) { b.SecretAccessKey = "" },
		"a bucket that is another path": func(b *archive.Bucket) { b.Name = "a/b" },
	} {
		bucket := r.bucket
		change(&bucket)
		if _, err := archive.New(archive.Config{ClickHouse: r.Conn, Database: r.Database, Bucket: bucket}); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
