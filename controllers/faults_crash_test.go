package controllers_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

// allFaults strikes every call twice, once before it reaches the server and once after: set it to any value.
// Without it, even calls are struck before and odd ones after.
const allFaults = "CLICKTALLY_ALL_FAULTS"

var claimKind = corev1.SchemeGroupVersion.WithKind("PersistentVolumeClaim")

// atOnce bounds the worlds that turn at the same time.
var atOnce = make(chan struct{}, 10)

// estate is one object of every kind, and a second campaign.
var estate = strings.Replace(platform, "\n  replicas: 2", "\n  replicas: 2\n  fraud: {policyRef: {name: default}}", 1) + "---" + source +
	"---" + campaign("a", "https://shop.example.org/1") + "---" + campaign("b", "https://shop.example.org/1") + `---
apiVersion: clicktally.dev/v1alpha1
kind: FraudPolicy
metadata: {name: default, namespace: PLATFORM}
spec: {bands: {suspiciousFrom: 31, fraudulentFrom: 71}}
---
apiVersion: clicktally.dev/v1alpha1
kind: BillingSchedule
metadata: {name: monthly, namespace: PLATFORM}
spec: {pipelineRef: {name: main}, period: Month, timeZone: Europe/Berlin, grace: 48h, billable: [Valid]}
`

// edited is the estate after an edit of every kind: one pod less, whose journal is shipped.
var edited = strings.NewReplacer(
	"\n  replicas: 2", "\n  replicas: 1\n  ack: {policy: Kafka}", "https://www.example.com/", "https://www.example.com/other",
	"https://shop.example.org/1", "https://shop.example.org/2", "suspiciousFrom: 31", "suspiciousFrom: 41",
	"Europe/Berlin", "Europe/Paris", "type: AdNetwork", "type: Social",
).Replace(estate)

// scenario is something that users do. The operator's calls are struck during act.
type scenario struct{ before, act func(*world) }

var scenarios = map[string]scenario{
	"create": {before: func(*world) {}, act: func(w *world) {
		w.apply(estate)
		w.start()
		w.until("all of it serves", w.serving)
	}},
	"edit": {before: settle, act: func(w *world) {
		w.apply(edited)
		w.until("all of it serves", w.serving)
		w.until("the journal of the pod that went is shipped", func() bool { return w.absent(journal(1)) })
	}},
	"delete": {before: settle, act: func(w *world) {
		w.delete(w.ads, "a", &v1alpha1.Campaign{})
		w.delete(w.ads, "propeller", &v1alpha1.TrafficSource{})
		w.delete(w.platform, "eu", &v1alpha1.Tracker{})
		w.until("the Tracker is gone, with its journals", func() bool {
			return w.gone(w.platform, "eu", &v1alpha1.Tracker{}) && w.absent(journal(0)) && w.absent(journal(1))
		})
		w.until("none of them is in the catalog", func() bool {
			on := w.records()
			return on["tracker/"+w.platform+"/eu"] == nil && on["source/"+w.ads+"/propeller"] == nil && on["campaign/a"].GetReleased() != nil
		})
		w.delete(w.platform, "main", &v1alpha1.AggregationPipeline{})
		w.until("the pipeline is gone", func() bool { return w.gone(w.platform, "main", &v1alpha1.AggregationPipeline{}) })
	}},
}

// settle makes the estate and waits until it serves.
func settle(w *world) {
	w.t.Helper()
	w.apply(estate)
	w.start()
	w.until("all of it serves, and the operator is at rest", func() bool { return w.calls.quiet(calm) && w.serving() })
}

func journal(ordinal int) string { return fmt.Sprintf("journal-eu-%d", ordinal) }

// absent reports whether a claim is gone.
func (w *world) absent(claim string) bool {
	w.t.Helper()
	o := &metav1.PartialObjectMetadata{}
	o.SetGroupVersionKind(claimKind)
	return w.gone(w.platform, claim, o)
}

func (w *world) gone(namespace, name string, object client.Object) bool {
	w.t.Helper()
	err := w.client.Get(w.t.Context(), key(namespace, name), object)
	if client.IgnoreNotFound(err) != nil {
		w.t.Fatal(err)
	}
	return apierrors.IsNotFound(err)
}

func (w *world) delete(namespace, name string, object client.Object) {
	w.t.Helper()
	object.SetNamespace(namespace)
	object.SetName(name)
	if err := w.client.Delete(w.t.Context(), object); err != nil {
		w.t.Fatal(err)
	}
}

// play lets users do what the scenario says, under the strike of these calls.
func (s *scenario) play(w *world, strike *calls) {
	w.t.Helper()
	w.calls = strike
	s.before(w)
	w.calls.arm()
	s.act(w)
}

// undisturbed is the end of a scenario without a fault, and the number of calls that it took.
func (s *scenario) undisturbed(t *testing.T) (end picture, n int) {
	t.Run("undisturbed", func(t *testing.T) {
		w := newWorld(t)
		s.play(w, newCalls(0, false))
		n = w.calls.counted()
		w.until("the operator is at rest", func() bool { return w.calls.settled(atRest) })
		end = w.picture()
	})
	return end, n
}

// An operator that is killed at any of its calls to the API server leaves nothing behind that its successor does
// not bring to the same end. Kills between two writes to Kafka are the subject of runtime/catalog/publish: a
// successor aborts what was open.
func TestACrashAtAnyCallEndsInTheSameState(t *testing.T) {
	withoutRaceDetector(t)
	for name, s := range scenarios {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, n := s.undisturbed(t)
			if n == 0 || len(want) == 0 {
				t.Fatalf("%d calls led to %d objects: nothing is tested", n, len(want))
			}
			struck := s.strikeAll(t, want, n)
			// Calls are joined and repeated by chance, so that the last ones may not come.
			if least := n * 3 / 4; struck < least {
				t.Errorf("%d calls of %d were struck, want %d or more", struck, n, least)
			}
			t.Logf("%d calls, %d of them struck", n, struck)
		})
	}
}

// strikeAll kills one operator at each call and returns how many calls were struck.
func (s *scenario) strikeAll(t *testing.T, want picture, n int) int {
	var running sync.WaitGroup
	var mu sync.Mutex
	struck := map[int]bool{}
	for k := 1; k <= n; k++ {
		for _, before := range []bool{true, false} {
			if os.Getenv(allFaults) == "" && before != (k%2 == 0) {
				continue
			}
			atOnce <- struct{}{}
			running.Go(func() {
				defer func() { <-atOnce }()
				t.Run(fmt.Sprintf("call %d before %t", k, before), func(t *testing.T) {
					w := newWorld(t)
					strike := newCalls(k, before)
					s.play(w, strike)
					w.becomesAs(want) // which starts the operator again when the last call was the fatal one
					mu.Lock()
					defer mu.Unlock()
					struck[k] = struck[k] || strike.struck()
					if strike.struck() != (w.crashes == 1) {
						t.Errorf("struck %t, and started again %d times", strike.struck(), w.crashes)
					}
				})
			})
		}
	}
	running.Wait()
	return len(struck) - count(struck, false)
}

func count(m map[int]bool, value bool) (n int) {
	for _, v := range m {
		if v == value {
			n++
		}
	}
	return n
}
