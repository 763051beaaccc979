package status

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/publishing"
)

// Everywhere is Programmed of an object that every tracker of every catalog that has it follows: True, and a
// latch from then on, once all trackers that are ready have applied its record, and one is.
func Everywhere(views []publishing.View, generation int64, latched bool) Answer {
	done := Answer{metav1.ConditionTrue, v1alpha1.ReasonProgrammed, fmt.Sprintf("every ready tracker has applied generation %d", generation)}
	if latched {
		return done
	}
	ready, passed := 0, 0
	for i := range views {
		v := &views[i]
		if v.Err != nil && !v.Published() {
			return Answer{Reason: v1alpha1.ReasonProgressing, Message: Waits(v.Pipeline, v.Err)}
		}
		for key, t := range v.Trackers {
			if t.Rejects(v.Key) {
				return Answer{Reason: v1alpha1.ReasonNeedsUpgrade, Message: fmt.Sprintf(
					"a pod of a tracker of pipeline %s is older than the operator and keeps generation %d out: upgrade it", v.Pipeline, generation)}
			}
			if len(t.Applied) == 0 {
				continue
			}
			ready++
			if v.Passed(key) {
				passed++
			}
		}
	}
	if ready > 0 && passed == ready {
		return done
	}
	return Answer{Reason: v1alpha1.ReasonProgressing, Message: fmt.Sprintf("waiting until ready trackers have applied generation %d", generation)}
}
