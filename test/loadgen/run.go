package loadgen

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"io"
	"sync"
	"time"
)

const (
	// maxVisits keeps the visitors of partners apart from those that come themselves.
	maxVisits = 1 << 24
	// maxWalking bounds the visits under way at once; a slow tracker shows as late visits.
	maxWalking = 16384
)

// Config of a run.
type Config struct {
	Scenario *Scenario
	// Tracker is the base URL, like http://127.0.0.1:8080.
	Tracker string
	// Token is the secret of the traffic source that server events come from.
	Token  string
	Ledger *Ledger
	// Progress receives a progress bar; nil for none.
	Progress io.Writer
}

// Run is one execution of a scenario at a constant rate: visits start when the clock says so, not
// when earlier ones have ended, so that a slow answer does not hide behind fewer requests.
type Run struct {
	config  Config
	client  *client
	planner *planner
	meter   meter
	walking sync.WaitGroup
}

// New prepares a run.
func New(c Config) (*Run, error) {
	client, err := newClient(c.Tracker, c.Token)
	if err != nil {
		return nil, err
	}
	var nonce [4]byte
	rand.Read(nonce[:])
	return &Run{config: c, client: client, planner: newPlanner(c.Scenario, binary.LittleEndian.Uint32(nonce[:]))}, nil
}

// Do sends everything and returns when the last answer is in, or the context ended.
func (r *Run) Do(ctx context.Context) Result {
	s := r.config.Scenario
	start := time.Now()
	stopBar := r.meter.show(r.config.Progress, s.Events, s.Duration())
	room := make(chan struct{}, maxWalking)
	for planned := 0; planned < s.Events; {
		v := r.planner.visit()
		if rest := s.Events - planned; v.events() > rest {
			v.cut(rest)
		}
		due := start.Add(time.Duration(planned) * time.Second / time.Duration(s.Rate))
		planned += v.events()
		if !sleep(ctx, time.Until(due)) {
			break
		}
		room <- struct{}{}
		r.walking.Go(func() {
			defer func() { <-room }()
			w := &walk{visit: v, run: r}
			w.do(ctx)
		})
	}
	r.walking.Wait()
	stopBar()
	return r.meter.result(time.Since(start))
}

// send makes one request and measures it.
func (r *Run) send(request func() (answer, error)) (answer, error) {
	start := time.Now()
	a, err := request()
	r.meter.answered(time.Since(start), a.status, err)
	return a, err
}

func (r *Run) record(e Entry) {
	e.At = time.Now().UnixMilli()
	r.meter.recorded(e.Acked)
	r.config.Ledger.Add(e)
}
