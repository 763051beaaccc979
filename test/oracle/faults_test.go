package oracle

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/aggregate"
)

// interrupted runs one worker, or two that know nothing of each other, and kills them before some
// effect, or stops them cleanly when they live long enough. Their clocks may be wrong for some time, so
// that minutes change between panes and rows. Whatever they saw counted must hold.
func (r *rig) interrupted(random *rand.Rand) {
	r.t.Helper()
	groups := []string{"workers", "zombie"}[:1+random.IntN(2)]
	lives, end := context.WithTimeout(r.t.Context(), 400*time.Millisecond)
	defer end()
	for _, group := range groups {
		last := random.IntN(40)
		wrong := pick(random, 0, 0, 0, 16*time.Minute, -16*time.Minute, 3*time.Hour)
		right := time.Now().Add(time.Duration(random.IntN(500)) * time.Millisecond)
		done, stop := r.start(group, func(c *aggregate.Config) {
			c.Fault = deadly(last)
			c.Now = func() time.Time {
				if now := time.Now(); now.After(right) {
					return now
				}
				return time.Now().Add(wrong)
			}
			c.FlushRows = 1 + random.IntN(50)
			c.MaxBuffered = c.FlushRows + random.IntN(50)
		})
		defer func() {
			if err := stop(); err != nil && !errors.Is(err, errKilled) {
				r.t.Error(err)
			}
		}()
		if random.IntN(2) == 0 {
			continue // the next one runs beside it
		}
		select {
		case <-done:
		case <-lives.Done():
		}
	}
	<-lives.Done()
}

// deadLettersAreNamed expects every record that cannot be counted among the dead letters, under its
// reason, each place at least once.
func (r *rig) deadLettersAreNamed() {
	r.t.Helper()
	want := 0
	for _, n := range r.dead {
		want += n
	}
	client, err := kgo.NewClient(append(r.seeds, kgo.ConsumeTopics(r.topics.DeadLetters()))...)
	if err != nil {
		r.t.Fatal(err)
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Second)
	defer cancel()
	reasons, places := map[string]int{}, map[string]bool{}
	for len(places) < want && ctx.Err() == nil {
		client.PollFetches(ctx).EachRecord(func(record *kgo.Record) {
			header := map[string]string{}
			for _, h := range record.Headers {
				header[h.Key] = string(h.Value)
			}
			place := header["topic"] + "/" + header["partition"] + "/" + header["offset"]
			if !places[place] {
				places[place] = true
				reasons[header["reason"]]++
			}
		})
	}
	for reason, n := range r.dead {
		if reasons[reason] != n {
			r.t.Errorf("dead letters with reason %s: %d, want %d", reason, reasons[reason], n)
		}
	}
}
