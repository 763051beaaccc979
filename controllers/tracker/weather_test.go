package tracker

import (
	"errors"
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/publishing"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/heartbeats"
)

// seenWith is a fleet of two ready pods that report this.
func seenWith(fleet heartbeats.Fleet) *observed {
	o := &observed{
		tracker:  &v1alpha1.Tracker{ObjectMeta: metav1.ObjectMeta{Name: "eu", Namespace: "ads", Generation: 3}},
		pipeline: &v1alpha1.AggregationPipeline{},
		set:      &appsv1.StatefulSet{Spec: appsv1.StatefulSetSpec{Replicas: new(int32(2))}, Status: appsv1.StatefulSetStatus{ReadyReplicas: 2}},
		view: &publishing.View{
			Standing: publishing.Standing{Offset: 5}, Pipeline: "ads/main",
			Trackers: map[string]publishing.Tracker{"ads/eu": {Tracker: &catalogpb.Tracker{Namespace: "ads", Name: "eu"}, Fleet: fleet}},
		},
	}
	return o
}

func answer(o *observed, kind string) string {
	for _, c := range o.status(metav1.Now()).Conditions {
		if c.Type == kind {
			return fmt.Sprintf("%s %s: %s", c.Status, c.Reason, c.Message)
		}
	}
	return "nothing"
}

func TestDurableTellsWhereClicksWait(t *testing.T) {
	pods := []string{"eu-0", "eu-1"}
	nine := time.Date(2026, 11, 22, 9, 12, 0, 0, time.UTC)
	filling := heartbeats.Backlog{Pod: "eu-1", Since: nine, Waiting: 38211, Bytes: 12 << 20, Capacity: 100 << 20}
	small := heartbeats.Backlog{Pod: "eu-0", Since: nine, Waiting: 3, Bytes: 1 << 20, Capacity: 100 << 20}
	full := heartbeats.Backlog{Pod: "eu-1", Since: nine, Waiting: 4000000, Bytes: 99 << 20, Capacity: 100 << 20}
	shipping := heartbeats.Backlog{Pod: "eu-1", Waiting: 7, Bytes: 12 << 20, Capacity: 100 << 20}
	for sentence, c := range map[string]struct {
		fleet   heartbeats.Fleet
		trouble error
		silent  string
		want    string
	}{
		"all reach Kafka": {fleet: heartbeats.Fleet{Pods: pods}, want: "True Acknowledged: Kafka acknowledges what trackers accept"},
		"one does not": {
			fleet: heartbeats.Fleet{Pods: pods, Backlogs: []heartbeats.Backlog{filling}},
			want:  "False JournalFilling: tracker eu-1 cannot reach Kafka since 09:12 UTC: 38211 clicks wait in its journal (12 % full); visitors are redirected",
		},
		"of several the fullest is told": {
			fleet: heartbeats.Fleet{Pods: pods, Backlogs: []heartbeats.Backlog{small, filling}},
			want:  "False JournalFilling: tracker eu-1 cannot reach Kafka since 09:12 UTC: 38211 clicks wait in its journal (12 % full); visitors are redirected (and 1 more trackers)",
		},
		"a journal is full": {
			fleet: heartbeats.Fleet{Pods: pods, Backlogs: []heartbeats.Backlog{full}},
			want:  "False JournalFull: tracker eu-1 cannot reach Kafka since 09:12 UTC: 4000000 clicks wait in its journal (99 % full); spec.journal.whenFull decides of further clicks",
		},
		"Kafka is back and the journal is on its way": {
			fleet: heartbeats.Fleet{Pods: pods, Backlogs: []heartbeats.Backlog{shipping}},
			want:  "False JournalFilling: tracker eu-1 is shipping its journal: 7 clicks wait in its journal (12 % full); visitors are redirected",
		},
		"a ready pod has been silent for long": {
			fleet: heartbeats.Fleet{Pods: pods[:1]}, silent: "eu-1",
			want: "False JournalFilling: tracker eu-1 is ready but does not report through Kafka: as long as it cannot, clicks wait in its journal; visitors are redirected",
		},
		"the operator does not reach Kafka either": {
			trouble: errors.New("refused"),
			want:    "Unknown Progressing: what waits in journals is not known: waiting for pipeline ads/main: its Kafka cannot be reached or does not answer; what is published goes on",
		},
		"nobody has reported": {want: "Unknown Progressing: no pod has reported yet"},
	} {
		o := seenWith(c.fleet)
		o.trouble, o.silent = c.trouble, c.silent
		if got := answer(o, v1alpha1.ConditionDurable); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", sentence, got, c.want)
		}
	}
}

func TestClientAddressKnownFollowsVisitors(t *testing.T) {
	const (
		known   = "True ClientAddressKnown: the addresses of visitors are known"
		private = "False PrivatePeer: visitors arrive from private addresses, which are a proxy's: say in spec.clientAddress how to see behind it; until then signals and limits of addresses are degraded"
		missing = "False AddressNotStated: requests do not state the visitor's address as spec.clientAddress says (XForwardedFor): correct it, or the proxy; until then signals and limits of addresses are degraded"
		nobody  = "Unknown Progressing: no visitor has come yet"
	)
	header := &v1alpha1.ClientAddress{TrustedHops: 1, Header: v1alpha1.XForwardedFor}
	for sentence, c := range map[string]struct {
		now    heartbeats.Addresses
		before metav1.ConditionStatus
		spec   *v1alpha1.ClientAddress
		want   string
	}{
		"nobody has come":                        {now: heartbeats.NoVisitors, want: nobody},
		"all are known":                          {now: heartbeats.AllKnown, want: known},
		"a proxy that nobody told of":            {now: heartbeats.MostlyHidden, want: private},
		"a proxy that states nothing":            {now: heartbeats.MostlyHidden, spec: header, want: missing},
		"few are hidden and all was well":        {now: heartbeats.MostlyKnown, before: "True", want: known},
		"few are hidden and it was bad":          {now: heartbeats.MostlyKnown, before: "False", want: private},
		"nobody comes at night and all was well": {now: heartbeats.NoVisitors, before: "True", want: known},
		"nobody comes at night and it was bad":   {now: heartbeats.NoVisitors, before: "False", spec: header, want: missing},
		"few of the first are hidden":            {now: heartbeats.MostlyKnown, want: known},
	} {
		o := seenWith(heartbeats.Fleet{Pods: []string{"eu-0"}, Addresses: c.now})
		o.tracker.Spec.ClientAddress = c.spec
		if c.before != "" {
			o.tracker.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionClientAddressKnown, Status: c.before}}
		}
		if got := answer(o, v1alpha1.ConditionClientAddressKnown); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", sentence, got, c.want)
		}
	}
}

func TestAReadyPodIsSilentOnlyAfterAWhile(t *testing.T) {
	r := &reconciler{unheard: map[client.ObjectKey]time.Time{}}
	o := seenWith(heartbeats.Fleet{Pods: []string{"eu-1"}})
	key, begin := client.ObjectKey{Namespace: "ads", Name: "eu"}, time.Now()
	if pod := o.unheard(); pod != "eu-0" {
		t.Fatalf("%q is not heard, want eu-0", pod)
	}
	if got := r.silence(key, o.unheard(), begin); got != "" {
		t.Errorf("%s is told at once", got)
	}
	if got := r.silence(key, o.unheard(), begin.Add(silentAfter)); got != "eu-0" {
		t.Errorf("%q is told, want eu-0", got)
	}
	o.set.Status.ReadyReplicas = 1 // Kubernetes knows of it
	if got := r.silence(key, o.unheard(), begin.Add(2*silentAfter)); got != "" {
		t.Errorf("%s is told, and is not ready", got)
	}
	o.set.Status.ReadyReplicas = 2
	if got := r.silence(key, o.unheard(), begin.Add(3*silentAfter)); got != "" {
		t.Errorf("%s is told at once the second time", got)
	}
}
