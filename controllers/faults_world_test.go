package controllers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/runtime/event"
)

const (
	// turnEvery is how often the world looks what it has to do.
	turnEvery = 200 * time.Millisecond
	// beatEvery is how often its pods report without news; silent ones are forgotten after ten seconds.
	beatEvery = 2 * time.Second
	// worldPatience bounds what a world waits for: the operator's slowest timers take 15 seconds.
	worldPatience = 2 * time.Minute
)

// world is a rig with what a cluster does beside the operator: pods run and report, claims are made and go,
// Jobs end. It turns while a test waits, so that everything happens on the goroutine of the test. An operator
// that was killed is started again by it.
type world struct {
	*rig
	plain   *rest.Config       // without faults
	faults  func(*rest.Config) // of the operators to be started; nil: none
	calls   *calls
	log     *kgo.Client
	pods    map[string]bool
	told    int64 // end of the catalog when the pods reported last
	toldAt  time.Time
	crashes int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{rig: rigOf(t), calls: newCalls(0, false), pods: map[string]bool{}}
	w.plain = w.api
	var err error
	if w.log, err = kgo.NewClient(w.kafka...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.log.Close)
	w.secret("propeller-key", corev1.SecretTypeOpaque, map[string]string{"token": "0123456789abcdef"})
	return w
}

// start runs an operator whose calls are counted, and disturbed by the faults.
func (w *world) start() {
	w.t.Helper()
	w.api = rest.CopyConfig(w.plain)
	w.api.Wrap(w.calls.wrap)
	if w.faults != nil {
		w.faults(w.api)
	}
	w.rig.start()
}

// until waits, while the world turns, until done, and starts an operator that was killed again.
func (w *world) until(what string, done func() bool) {
	w.t.Helper()
	tick := time.NewTicker(turnEvery)
	defer tick.Stop()
	for deadline := time.Now().Add(worldPatience); ; {
		w.turn()
		if done() && !w.calls.struck() {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("not within %s: %s; it is %s, and the latest calls were\n%s", worldPatience, what, time.Now().Format("05.000"), w.calls.latest())
		}
		select {
		case <-w.calls.dead:
			w.stop()
			w.crashes++
			w.calls = newCalls(0, false)
			w.start()
		case <-tick.C:
		}
	}
}

// turn does once what the controllers of a cluster do.
func (w *world) turn() {
	w.t.Helper()
	pods := map[string]bool{}
	sets := &appsv1.StatefulSetList{}
	w.list(sets)
	for i := range sets.Items {
		set := &sets.Items[i]
		n := *set.Spec.Replicas
		for ordinal := range n {
			pods[fmt.Sprintf("%s-%d", set.Name, ordinal)] = true
		}
		w.claims(set)
		next := appsv1.StatefulSetStatus{ObservedGeneration: set.Generation, Replicas: n, UpdatedReplicas: n, CurrentReplicas: n, ReadyReplicas: n, AvailableReplicas: n}
		if set.Status.ObservedGeneration != set.Generation || set.Status.ReadyReplicas != n {
			set.Status = next
			w.tolerate(w.client.Status().Update(w.t.Context(), set))
		}
	}
	deployments := &appsv1.DeploymentList{}
	w.list(deployments)
	for i := range deployments.Items {
		d := &deployments.Items[i]
		n := *d.Spec.Replicas
		if d.Status.ObservedGeneration != d.Generation || d.Status.AvailableReplicas != n {
			d.Status = appsv1.DeploymentStatus{ObservedGeneration: d.Generation, Replicas: n, UpdatedReplicas: n, ReadyReplicas: n, AvailableReplicas: n}
			w.tolerate(w.client.Status().Update(w.t.Context(), d))
		}
	}
	w.work()
	w.report(pods)
}

// work ends Jobs, and lets claims go that were deleted.
func (w *world) work() {
	w.t.Helper()
	jobs := &batchv1.JobList{}
	w.list(jobs)
	for i := range jobs.Items {
		job := &jobs.Items[i]
		if len(job.Status.Conditions) > 0 || !job.DeletionTimestamp.IsZero() {
			continue
		}
		now := metav1.NewTime(time.Now().Truncate(time.Second))
		job.Status = batchv1.JobStatus{StartTime: &now, CompletionTime: &now, Succeeded: 1, Conditions: []batchv1.JobCondition{
			{Type: batchv1.JobSuccessCriteriaMet, Status: corev1.ConditionTrue, LastTransitionTime: now},
			{Type: batchv1.JobComplete, Status: corev1.ConditionTrue, LastTransitionTime: now},
		}}
		w.tolerate(w.client.Status().Update(w.t.Context(), job))
	}
	claims := &corev1.PersistentVolumeClaimList{}
	w.list(claims)
	for i := range claims.Items {
		if claim := &claims.Items[i]; !claim.DeletionTimestamp.IsZero() && len(claim.Finalizers) > 0 {
			claim.Finalizers = nil
			w.tolerate(w.client.Update(w.t.Context(), claim))
		}
	}
}

// claims makes those of the set's pods that are missing.
func (w *world) claims(set *appsv1.StatefulSet) {
	w.t.Helper()
	if !set.DeletionTimestamp.IsZero() || len(set.Spec.VolumeClaimTemplates) == 0 {
		return
	}
	template := &set.Spec.VolumeClaimTemplates[0]
	for ordinal := range *set.Spec.Replicas {
		name := fmt.Sprintf("%s-%s-%d", template.Name, set.Name, ordinal)
		claim := &corev1.PersistentVolumeClaim{}
		if w.client.Get(w.t.Context(), key(w.platform, name), claim) == nil {
			continue
		}
		claim = &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.platform, Labels: template.Labels}, Spec: template.Spec}
		w.tolerate(w.client.Create(w.t.Context(), claim))
	}
}

// report says of all pods that they have applied what the catalog holds, and of those that are gone that they
// are.
func (w *world) report(pods map[string]bool) {
	w.t.Helper()
	end, ok := w.catalogEnd()
	if !ok || end == w.told && len(pods) == len(w.pods) && time.Since(w.toldAt) < beatEvery {
		return
	}
	var records []*kgo.Record
	say := func(pod string, drained bool) {
		h := &event.Heartbeat{Pod: pod, BootId: 1, AppliedOffset: end - 1, Drained: drained, At: time.Now().UnixMilli()}
		value, err := h.MarshalVT()
		if err != nil {
			w.t.Fatal(err)
		}
		records = append(records, &kgo.Record{Topic: w.names.Heartbeats(), Key: []byte(pod), Value: value})
	}
	for pod := range pods {
		say(pod, false)
	}
	for pod := range w.pods {
		if !pods[pod] {
			say(pod, true)
		}
	}
	if err := w.log.ProduceSync(w.t.Context(), records...).FirstErr(); err != nil {
		w.t.Fatal(err)
	}
	w.pods, w.told, w.toldAt = pods, end, time.Now()
}

// catalogEnd is the end of the catalog topic; ok is false before it is made.
func (w *world) catalogEnd() (end int64, ok bool) {
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	ends, err := kadm.NewClient(w.log).ListEndOffsets(ctx, w.names.Catalog(), w.names.Heartbeats())
	if err != nil {
		return 0, false
	}
	catalog, _ := ends.Lookup(w.names.Catalog(), 0)
	beats, there := ends.Lookup(w.names.Heartbeats(), 0)
	return catalog.Offset, there && beats.Err == nil && catalog.Err == nil
}

func (w *world) list(into client.ObjectList) {
	w.t.Helper()
	if err := w.client.List(w.t.Context(), into, client.InNamespace(w.platform)); err != nil {
		w.t.Fatal(err)
	}
}

// tolerate lets an object be changed or gone meanwhile: the next turn looks again.
func (w *world) tolerate(err error) {
	w.t.Helper()
	if err != nil && !strings.Contains(err.Error(), "not found") && !strings.Contains(err.Error(), "the object has been modified") && !strings.Contains(err.Error(), "already exists") {
		w.t.Fatal(err)
	}
}

// withoutRaceDetector leaves a test to the run of `make test` that has none: these are the lives of a hundred operators,
// and with it they take longer than all other tests.
func withoutRaceDetector(t *testing.T) {
	t.Helper()
	if raceDetector {
		t.Skip("run by `make test` once more, without the race detector")
	}
}
