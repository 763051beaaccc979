//go:build failpoints

package journal

import (
	"os"
	"testing"

	"github.com/clicktally/clicktally/runtime/failpoint"
)

// TestProcessesKilledAtEachStepLoseNothing kills an accepting process at each failpoint of the journal
// and has the next one ship what it left.
func TestProcessesKilledAtEachStepLoseNothing(t *testing.T) {
	for _, step := range []string{failpoint.JournalFsyncBefore, failpoint.JournalFsyncAfter, failpoint.JournalProduceBefore, failpoint.JournalProduceAfter} {
		t.Run(step, func(t *testing.T) {
			c := newCluster(t)
			dir := t.TempDir()
			t.Setenv(failpoint.Variable, step+"=kill@50")
			v := startVictim(t, c.ListenAddrs(), dir, "Journal")
			<-v.read // it dies by itself
			_ = v.cmd.Wait()
			if err := os.Unsetenv(failpoint.Variable); err != nil {
				t.Fatal(err)
			}
			a := newAccepter(t, c, journaling(dir, nil))
			left := a.Stats().Waiting
			running(t, a)
			eventually(t, "the rest is shipped", func() bool { return a.Stats().Waiting == 0 })
			copies := allInLog(t, c, v.acked)
			eventually(t, "the dead boot is drained", func() bool {
				n := 0
				for boot, h := range lastBeats(t, c) {
					if boot != a.BootID() && h.Drained {
						n++
					}
				}
				return n == 1
			})
			nothingSettledIsMissing(t, c.ListenAddrs())
			t.Logf("%d answered, %d left, %d copies", len(v.acked), left, copies)
			if len(v.acked) == 0 {
				t.Error("it died before it answered anyone")
			}
		})
	}
}
