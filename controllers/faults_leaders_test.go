package controllers_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mostProjections bounds the writes of the fleet's tokens in a day that changes them twice, by two leaders.
const mostProjections = 12

// Two operators that both believe to lead, as after a lost lease, come to the state of one, write a log in which
// nobody who was fenced goes on, and then leave each other alone.
func TestTwoLeadersEndInTheSameState(t *testing.T) {
	withoutRaceDetector(t)
	t.Parallel()
	want, _ := day.undisturbed(t)
	if len(want) == 0 {
		t.Fatal("an undisturbed day left nothing")
	}
	t.Run("disturbed", func(t *testing.T) {
		w := newWorld(t)
		day.before(w)
		before := w.identities()
		one := w.stopped
		w.start() // beside the first, with the same counter
		two := w.stopped
		w.stopped = func() { one(); two() }
		day.act(w)
		w.becomesAs(want)
		w.until("both leave each other alone", func() bool { return w.calls.settled(atRest) })
		if diff := cmp.Diff(want, w.picture()); diff != "" {
			t.Errorf("state at rest, -undisturbed +this:\n%s", diff)
		}
		if diff := cmp.Diff(before, w.identities()); diff != "" {
			t.Errorf("made anew: %s", diff)
		}
		w.keeps("pipeline", "tracker/"+w.platform+"/eu", "policy/"+w.platform+"/default", "campaign/a")
		if n := w.writes.of("/secrets/eu-sources"); n > mostProjections {
			t.Errorf("%d writes of the tokens: the leaders fought over them", n)
		}
		epochs := map[int16]bool{}
		newest := int16(0)
		for _, one := range w.history() {
			epochs[one.epoch] = true
			if one.epoch < newest {
				t.Errorf("%s was written by the publisher of epoch %d after that of epoch %d had taken over", one.key, one.epoch, newest)
			}
			newest = max(newest, one.epoch)
		}
		if len(epochs) < 2 {
			t.Errorf("only %d publishers wrote: the leaders never met", len(epochs))
		}
	})
}
