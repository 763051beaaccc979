package kafka_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/embedded/kafka"
)

func TestAcknowledgedRecordsSurviveKillWhileProducing(t *testing.T) {
	dir := t.TempDir()
	addr, kill := startChild(t, dir)
	createTopic(t, addr, "clicks", 4, nil)
	id := topicID(t, addr, "clicks")
	acked := produceUntilKilled(t, addr, kill)
	server := start(t, dir)
	stored := readAll(t, server.Addr(), "clicks")
	for place, record := range acked {
		if stored[place] != record {
			t.Fatalf("acknowledged record at %s is %.40q after the kill, want %.40q", place, stored[place], record)
		}
	}
	if got := topicID(t, server.Addr(), "clicks"); got != id {
		t.Errorf("topic id changed from %v to %v", id, got)
	}
	t.Logf("%d acknowledged records survived, %d stored", len(acked), len(stored))
}

// produceUntilKilled produces without pause, kills the broker after 5,000 acks, and returns what was acknowledged: partition/offset -> key=value.
func produceUntilKilled(t *testing.T, addr string, kill func()) map[string]string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cl := client(t, addr, kgo.MaxBufferedRecords(2000))
	acked := map[string]string{}
	enough := make(chan struct{})
	acknowledge := func(r *kgo.Record, err error) { // franz-go calls it for one record at a time
		if err != nil {
			return
		}
		acked[fmt.Sprintf("%d/%d", r.Partition, r.Offset)] = string(r.Key) + "=" + string(r.Value)
		if len(acked) == 5000 {
			close(enough)
		}
	}
	var producing sync.WaitGroup
	producing.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			cl.Produce(ctx, &kgo.Record{Topic: "clicks", Partition: int32(i % 4), Key: fmt.Append(nil, i), Value: []byte(strings.Repeat("v", i%500))}, acknowledge)
		}
	})
	select {
	case <-enough:
	case <-time.After(time.Minute):
		t.Error("no 5,000 acks within a minute")
	}
	kill()
	cancel()
	producing.Wait()
	cl.Close() // no ack comes after this
	return acked
}

func TestCommittedTransactionsAndGroupOffsetsSurviveKillAndOpenOnesStayAborted(t *testing.T) {
	dir := t.TempDir()
	addr, kill := startChild(t, dir)
	createTopic(t, addr, "catalog", 1, nil)
	commitTransaction(t, addr, "one")
	leaveTransactionOpen(t, addr, "never")
	commitOffset(t, addr, "catalog", 1)
	kill()
	// The same producer commits after the first kill; the second kill makes the broker read its whole log again.
	addr, kill = startChild(t, dir)
	commitTransaction(t, addr, "two")
	kill()
	server := start(t, dir)
	var values []string
	for _, record := range readAll(t, server.Addr(), "catalog") {
		values = append(values, record)
	}
	want := map[string]bool{"k=one": true, "k=two": true}
	if len(values) != 2 || !want[values[0]] || !want[values[1]] || values[0] == values[1] {
		t.Errorf("committed records after two kills: %v, want k=one and k=two", values)
	}
	offsets, err := kadm.NewClient(client(t, server.Addr())).FetchOffsets(t.Context(), "lag")
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := offsets.Lookup("catalog", 0); !ok || got.At != 1 {
		t.Errorf("group offset after two kills: %+v, want 1", got)
	}
}

func TestOrderlyRestartKeepsRecordsAndAddress(t *testing.T) {
	dir := t.TempDir()
	server := start(t, dir)
	addr := server.Addr()
	createTopic(t, addr, "clicks", 1, nil)
	produce(t, client(t, addr), &kgo.Record{Topic: "clicks", Key: []byte("a"), Value: []byte("1")})
	stop(t, server)
	again, err := kafka.Start(t.Context(), kafka.Config{Dir: dir, Listen: addr, Fsync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { again.Close() })
	if again.Addr() != addr {
		t.Errorf("address %s after the restart, want %s", again.Addr(), addr)
	}
	if diff := cmp.Diff(map[string]string{"0/0": "a=1"}, readAll(t, addr, "clicks")); diff != "" {
		t.Errorf("records after the restart (-want +got):\n%s", diff)
	}
}

func TestSecondProcessOnTheDirectoryIsRefused(t *testing.T) {
	dir := t.TempDir()
	start(t, dir)
	_, err := kafka.Start(t.Context(), kafka.Config{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "in use by process "+strconv.Itoa(os.Getpid())) || !strings.Contains(err.Error(), dir) {
		t.Errorf("second start: %v, want an error with the directory and the process that holds it", err)
	}
}

func TestOtherThanLoopbackAddressesAreRefused(t *testing.T) {
	if _, err := kafka.Start(t.Context(), kafka.Config{Dir: t.TempDir(), Listen: "0.0.0.0:0"}); err == nil {
		t.Error("listening on every address was accepted")
	}
}

func TestDamageInTheMiddleOfTheLogIsRefusedNotDropped(t *testing.T) {
	dir := t.TempDir()
	server := start(t, dir)
	small := "1024"
	createTopic(t, server.Addr(), "clicks", 1, map[string]*string{"segment.bytes": &small})
	cl := client(t, server.Addr())
	for range 8 {
		produce(t, cl, &kgo.Record{Topic: "clicks", Value: []byte(randomText(600))})
	}
	stop(t, server)
	segment := filepath.Join(dir, "partitions", "clicks-0", "0.dat")
	flipByte(t, segment, 100)
	if err := os.Remove(filepath.Join(dir, "clean-stop")); err != nil {
		t.Fatal(err)
	}
	if _, err := kafka.Start(t.Context(), kafka.Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "0.dat is damaged") {
		t.Errorf("start on a damaged segment: %v, want an error that names it", err)
	}
}
