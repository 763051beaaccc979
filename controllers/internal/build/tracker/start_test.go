package tracker

import (
	"testing"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/clicktally/clicktally/controllers/internal/build/buildtest"
)

func TestTheTrackerStartsAsItsPodSays(t *testing.T) {
	for name, in := range map[string]*Input{"minimal": minimal(t), "full": full(t)} {
		t.Run(name, func(t *testing.T) {
			buildtest.Nowhere(in.Pipeline)
			buildtest.Starts(t, "tracker", &setOf(t, in).Spec.Template.Spec, `"msg":"tracker listens"`)
		})
	}
}

func TestTheJournalIsDrainedAsTheJobSays(t *testing.T) {
	for name, in := range map[string]*Input{"minimal": minimal(t), "full": full(t)} {
		t.Run(name, func(t *testing.T) {
			buildtest.Nowhere(in.Pipeline)
			job, err := DrainJob(in, ClaimName(in.Tracker, 0))
			if err != nil {
				t.Fatal(err)
			}
			buildtest.Starts(t, "tracker", &buildtest.As[batchv1.Job](t, job).Spec.Template.Spec, `"msg":"draining a journal"`)
		})
	}
}
