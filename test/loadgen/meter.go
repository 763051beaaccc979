package loadgen

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// maxSamples bounds the latencies kept; beyond it every second one is dropped and the stride doubles.
const maxSamples = 1 << 17

// Result is what a run measured.
type Result struct {
	Sent, Acked   int // distinct events
	Requests      int
	Failed        int         // requests without an answer
	Answers       map[int]int // by status code
	Took          time.Duration
	P50, P95, P99 time.Duration // of a request, retries counted one by one
}

// meter counts what happens while a run is under way.
type meter struct {
	mu       sync.Mutex
	sent     int
	acked    int
	requests int
	failed   int
	answers  map[int]int
	samples  []time.Duration
	stride   int
}

func (m *meter) answered(took time.Duration, status int, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests++
	if err != nil {
		m.failed++
		return
	}
	if m.answers == nil {
		m.answers, m.stride = map[int]int{}, 1
	}
	m.answers[status]++
	if m.requests%m.stride == 0 {
		m.samples = append(m.samples, took)
	}
	if len(m.samples) == maxSamples {
		for i := range maxSamples / 2 {
			m.samples[i] = m.samples[2*i]
		}
		m.samples = m.samples[:maxSamples/2]
		m.stride *= 2
	}
}

func (m *meter) recorded(acked bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent++
	if acked {
		m.acked++
	}
}

func (m *meter) result(took time.Duration) Result {
	m.mu.Lock()
	defer m.mu.Unlock()
	slices.Sort(m.samples)
	at := func(share float64) time.Duration {
		if len(m.samples) == 0 {
			return 0
		}
		return m.samples[int(share*float64(len(m.samples)-1))]
	}
	return Result{
		Sent: m.sent, Acked: m.acked, Requests: m.requests, Failed: m.failed, Answers: m.answers, Took: took,
		P50: at(0.50), P95: at(0.95), P99: at(0.99),
	}
}

// show draws a progress bar until the returned function is called: in place on a terminal, a line
// every five seconds elsewhere.
func (m *meter) show(out io.Writer, events int, expected time.Duration) (stop func()) {
	if out == nil {
		return func() {}
	}
	every, format := 5*time.Second, "%s\n"
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		every, format = 200*time.Millisecond, "\r%s\x1b[K"
	}
	done := make(chan struct{})
	var drawing sync.WaitGroup
	start := time.Now()
	draw := func() { fmt.Fprintf(out, format, m.bar(events, time.Since(start), expected)) }
	drawing.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-done:
				draw()
				return
			case <-tick.C:
				draw()
			}
		}
	})
	return func() {
		close(done)
		drawing.Wait()
		if strings.HasPrefix(format, "\r") {
			fmt.Fprintln(out)
		}
	}
}

func (m *meter) bar(events int, took, expected time.Duration) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	const width = 30
	full := min(width, m.sent*width/events)
	return fmt.Sprintf("sending [%s%s] %d of %d events, %d acknowledged, %d unanswered requests, %ds of about %ds",
		strings.Repeat("#", full), strings.Repeat(".", width-full), m.sent, events, m.acked, m.failed,
		int(took.Seconds()), int(expected.Seconds()))
}
