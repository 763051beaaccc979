package tracker

import (
	"log/slog"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/valyala/fasthttp"

	"github.com/clicktally/clicktally/runtime/catalog"
)

// newBench is a tracker with a catalog and a Kafka that answers and keeps nothing.
func newBench(b *testing.B) *Tracker {
	b.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(4, eventTopic), kfake.BlackholeProduce())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(cluster.Close)
	t, err := New(Config{
		Tracker: "ct/eu", Pod: "eu-0", Kafka: []kgo.Opt{kgo.SeedBrokers(cluster.ListenAddrs()...)}, CatalogTopic: "ct.catalog", HeartbeatTopic: "ct.heartbeats",
		ClickIDKeys: [][]byte{[]byte("0123456789abcdef")}, HashKey: []byte("fedcba9876543210"), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(t.client.Close)
	var changes []catalog.Change
	for i, rec := range records() {
		catalog.SetDigest(rec)
		changes = append(changes, catalog.Put(rec, int64(i)))
	}
	t.swap(catalog.New(changes))
	return t
}

func benchRequest(method string) *fasthttp.RequestCtx {
	req := &fasthttp.Request{}
	req.Header.SetMethod(method)
	req.SetRequestURI("/v1/click?cid=spring&ts_id=propeller&ad_id=ad-123&uid=u-1&sub1=a&sub2=b&visitor=V9")
	req.Header.Set("User-Agent", browser)
	req.Header.Set("X-Forwarded-For", "203.0.113.9")
	req.Header.Set("Host", "t.example.com")
	ctx := &fasthttp.RequestCtx{}
	ctx.Init(req, &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 1}, nil)
	return ctx
}

// BenchmarkClick is one click from parsed request to answer, acknowledged by Kafka in this process.
func BenchmarkClick(b *testing.B) {
	t := newBench(b)
	b.ReportAllocs()
	b.SetParallelism(256)
	start, before := time.Now(), cpuTime(b)
	b.RunParallel(func(pb *testing.PB) {
		ctx := benchRequest("GET")
		for pb.Next() {
			ctx.Response.Reset()
			t.handle(ctx)
			if ctx.Response.StatusCode() != fasthttp.StatusFound {
				b.Fatalf("status %d: %s", ctx.Response.StatusCode(), ctx.Response.Body())
			}
		}
	})
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "clicks/s")
}

// BenchmarkClickWithoutLog is the same without count and accept: what HEAD does.
func BenchmarkClickWithoutLog(b *testing.B) {
	t := newBench(b)
	ctx := benchRequest("HEAD")
	b.ReportAllocs()
	for b.Loop() {
		ctx.Response.Reset()
		t.handle(ctx)
	}
}

// cpuTime is what this process has used: wall-clock times on shared machines lie.
func cpuTime(tb testing.TB) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
