package bench

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestPeers is `make bench-peers`: what Kafka Streams and Flink take for a one-minute count per ad, and
// nothing else, beside our whole live half on the same topic.
func TestPeers(t *testing.T) {
	wanted(t, "peers")
	folder := os.Getenv("PEERS") // of hack/fetch-peers
	if folder == "" {
		t.Skip("SKIPPED: without a JDK and Maven there is nothing to compare with; hack/fetch-peers says what is missing")
	}
	events, rounds := number(t, "EVENTS", 2_000_000), number(t, "ROUNDS", 5)
	if events < 500_000 {
		t.Fatal("EVENTS must be at least 500000: the first fifth is for the JVM to warm up")
	}
	out := io.Writer(os.Stdout)
	live := startLive(t, events, true, out)
	topic := live.log.Topics.Events(generation)
	streams := peer{folder: folder, class: "StreamsCount", Series: Series{Name: "Kafka Streams"}}
	flink := peer{folder: folder, class: "FlinkCount", Series: Series{Name: "Flink"}}
	for round := range rounds {
		fmt.Fprintf(out, "round %d of %d\n", round+1, rounds)
		live.round(t, out)
		group := fmt.Sprint(live.log.Topics.Prefix, ".peer", round)
		streams.round(t, events, live.broker[0], topic, group, t.TempDir())
		flink.round(t, events, live.broker[0], topic, group)
		fmt.Fprintf(out, "  Kafka Streams %.0f ns, Flink %.0f ns\n", last(streams.Series), last(flink.Series))
	}
	fmt.Fprintf(out, "\nCPU time per event over %d rounds of %d events\n", rounds, events)
	live.results(out)
	Result(out, "peer_kafka_streams", &live.whole, &streams.Series)
	Result(out, "peer_flink", &live.whole, &flink.Series)
}

// peer is a Java program that prints how many records it has seen, every 100,000.
type peer struct {
	folder, class string
	Series
}

// Bounds of a peer's run.
const peerTimeout = 15 * time.Minute

// round runs the program until it has seen all. What it took for the first fifth is left out: the JVM
// starts and compiles there.
func (p *peer) round(t *testing.T, events int, args ...string) {
	t.Helper()
	java := "java"
	if home := os.Getenv("JAVA_HOME"); home != "" {
		java = filepath.Join(home, "bin", "java")
	}
	command := exec.CommandContext(t.Context(), java, append([]string{
		"-Xms512m", "-Xmx1g", "-XX:+UseSerialGC", "--add-opens=java.base/java.util=ALL-UNNAMED", "--add-opens=java.base/java.lang=ALL-UNNAMED",
		"-cp", p.folder + "/classes:" + p.folder + "/lib/*", p.class,
	}, args...)...)
	errs := &strings.Builder{}
	command.Stderr = errs
	lines, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	watchdog := time.AfterFunc(peerTimeout, func() { _ = command.Process.Kill() }) // the lines end, which fails the test
	defer func() {
		watchdog.Stop()
		_ = command.Process.Kill() // it runs until it is told
		_ = command.Wait()         // its exit status says that it was killed
	}()
	first, firstCPU, end := 0, time.Duration(0), events/step*step
	for scanner := bufio.NewScanner(lines); scanner.Scan(); {
		seen, err := strconv.Atoi(scanner.Text())
		switch {
		case err != nil:
			continue
		case first == 0 && seen >= events/5:
			first, firstCPU = seen, CPUOf(command.Process.Pid)
		case seen >= end:
			p.Add(CPUOf(command.Process.Pid)-firstCPU, seen-first)
			return
		}
	}
	t.Fatalf("%s ended before it had seen %d records: %s", p.class, events, errs)
}

// step is how often a peer tells.
const step = 100_000
