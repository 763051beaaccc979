package clickhouse_test

import (
	"fmt"
	"net"
	"testing"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// row holds one value of every column type that ClickTally's schema uses.
type row struct {
	ID      uint64            `ch:"id"`
	Signed  int64             `ch:"signed"`
	At      time.Time         `ch:"at"`
	Precise time.Time         `ch:"precise"`
	Country string            `ch:"country"`
	Event   uuid.UUID         `ch:"event"`
	Raw     string            `ch:"raw"`
	IP      net.IP            `ch:"ip"`
	Status  string            `ch:"status"`
	Reasons []string          `ch:"reasons"`
	Points  map[string]uint32 `ch:"points"`
	Maybe   *string           `ch:"maybe"`
	Share   float64           `ch:"share"`
	Flag    bool              `ch:"flag"`
}

const wideTable = `CREATE TABLE %s (id UInt64, signed Int64, at DateTime('UTC'), precise DateTime64(3, 'UTC'), country LowCardinality(String), event UUID,
raw FixedString(16), ip IPv6, status Enum8('valid' = 1, 'fraudulent' = 2), reasons Array(LowCardinality(String)), points Map(LowCardinality(String), UInt32),
maybe Nullable(String), share Float64, flag Bool) ENGINE = MergeTree ORDER BY id SETTINGS fsync_after_insert = 1, fsync_part_directory = 1`

func wideRow(i int) row {
	maybe := fmt.Sprint("m", i)
	r := row{
		ID: uint64(i) << 40, Signed: -int64(i) << 33, At: time.Unix(1_700_000_000+int64(i), 0).UTC(), Precise: time.UnixMilli(1_700_000_000_123 + int64(i)).UTC(),
		Country: []string{"DE", "FR", ""}[i%3], Event: uuid.NewSHA1(uuid.Nil, fmt.Append(nil, i)), Raw: fmt.Sprintf("%016d", i), IP: net.ParseIP(fmt.Sprintf("2001:db8::%x", i%65536)),
		Status: []string{"valid", "fraudulent"}[i%2], Reasons: []string{"IPVelocity", "ClickTooFast"}[:i%3], Points: map[string]uint32{"IPVelocity": uint32(i)},
		Share: float64(i) / 4, Flag: i%2 == 0,
	}
	if i%2 == 1 {
		r.Maybe = &maybe
	}
	return r
}

func TestBatchesOfEveryTypeAndSizeComeBackUnchanged(t *testing.T) {
	compressions := map[string]*driver.Compression{
		"no compression": nil,
		"lz4":            {Method: driver.CompressionLZ4},
		"zstd":           {Method: driver.CompressionZSTD, Level: 3},
		"gzip":           {Method: driver.CompressionGZIP, Level: 1},
		"deflate":        {Method: driver.CompressionDeflate, Level: 1},
		"brotli":         {Method: driver.CompressionBrotli, Level: 1},
	}
	for name, compression := range compressions {
		t.Run(name, func(t *testing.T) {
			conn := connect(t, func(o *driver.Options) { o.Compression = compression })
			for _, rows := range []int{1, 1000, 100_000} {
				if rows > 1000 && compression != nil && compression.Method != driver.CompressionLZ4 {
					continue
				}
				insertAndCompare(t, conn, rows)
			}
		})
	}
}

func insertAndCompare(t *testing.T, conn driver.Conn, rows int) {
	t.Helper()
	exec(t, conn, "DROP TABLE IF EXISTS wide SYNC")
	exec(t, conn, fmt.Sprintf(wideTable, "wide"))
	batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO wide")
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		r := wideRow(i)
		if err := batch.AppendStruct(&r); err != nil {
			t.Fatal(err)
		}
	}
	if err := batch.Send(); err != nil {
		t.Fatal(err)
	}
	read, err := conn.Query(t.Context(), "SELECT * FROM wide ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	n := 0
	for ; read.Next(); n++ {
		var got row
		if err := read.ScanStruct(&got); err != nil {
			t.Fatal(err)
		}
		want := wideRow(n)
		if got.Reasons == nil {
			got.Reasons = []string{}
		}
		if n%997 == 0 {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("row %d of %d (-want +got):\n%s", n, rows, diff)
			}
		}
	}
	if err := read.Err(); err != nil || n != rows {
		t.Errorf("%d rows came back, want %d: %v", n, rows, err)
	}
}
