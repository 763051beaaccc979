package controllers_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

// day is what users do one after the other without waiting, while an operator with a stale cache still sees the
// state before. Strangers take part.
var day = scenario{
	before: func(w *world) {
		w.apply(campaign("c", "https://shop.example.org/1"))
		settle(w)
	},
	act: func(w *world) {
		w.stranger("others")
		w.stranger("us") // the name of a Service of the tracker that comes
		w.apply(strings.ReplaceAll(estate, "https://shop.example.org/1", "https://shop.example.org/3"))
		w.delete(w.ads, "b", &v1alpha1.Campaign{})
		w.apply(edited) // which makes b again, and a fleet of one pod
		w.apply(estate) // which has two again
		w.apply(strings.NewReplacer("name: eu,", "name: us,", "t.example.com, go.example.net", "us.example.com").Replace(platform))
		w.delete(w.ads, "c", &v1alpha1.Campaign{})
		w.delete(w.ads, "propeller", &v1alpha1.TrafficSource{})
		w.until("what was deleted is not in the catalog", func() bool {
			on := w.records()
			return on["source/"+w.ads+"/propeller"] == nil && on["campaign/c"].GetReleased() != nil
		})
		w.until("the campaigns serve", func() bool {
			return lacks(w.campaign("a"), []string{"Ready=True Serving"})+lacks(w.campaign("b"), []string{"Ready=True Serving"}) == ""
		})
	},
}

// stranger makes a Service that the operator has nothing to do with.
func (w *world) stranger(name string) {
	w.t.Helper()
	o := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.platform},
		Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "stranger", Port: 4711}}, Selector: map[string]string{"app": "stranger"}},
	}
	if err := w.client.Create(w.t.Context(), o); err != nil {
		w.t.Fatal(err)
	}
}

// identities are the UIDs of what must neither go nor be made anew.
func (w *world) identities() map[string]string {
	w.t.Helper()
	ids := map[string]string{}
	for name, object := range map[string]client.Object{
		journal(0): &corev1.PersistentVolumeClaim{}, "main-keys": &corev1.Secret{}, "eu-sources": &corev1.Secret{},
		"main-query": &corev1.Service{}, "eu": &corev1.Service{},
	} {
		if !w.get(name, object) {
			w.t.Errorf("%s is gone", name)
		}
		ids[name] = string(object.GetUID())
	}
	return ids
}

// under runs the day under faults that begin when the estate serves and end when all was done, and wants the
// state of an undisturbed day. kept are the keys that must never be taken from the catalog, beside those that
// nobody touches. begin and end may be nil.
func under(t *testing.T, faults func(*rest.Config), kept []string, begin, end func()) {
	want, _ := day.undisturbed(t)
	if len(want) == 0 {
		t.Fatal("an undisturbed day left nothing")
	}
	t.Run("disturbed", func(t *testing.T) {
		w := newWorld(t)
		w.faults = faults
		day.before(w)
		before := w.identities()
		if begin != nil {
			begin()
		}
		day.act(w)
		if end != nil {
			end()
		}
		w.becomesAs(want)
		if diff := cmp.Diff(before, w.identities()); diff != "" {
			t.Errorf("made anew: %s", diff)
		}
		w.keeps("pipeline", "tracker/"+w.platform+"/eu", "policy/"+w.platform+"/default", "campaign/a")
		w.keeps(kept...)
		for _, name := range []string{"others", "us"} {
			s := &corev1.Service{}
			if !w.get(name, s) || len(s.OwnerReferences) > 0 || len(s.ManagedFields) != 1 {
				t.Errorf("the stranger's Service %s was touched: %v", name, s.ObjectMeta)
			}
		}
	})
}

// What an operator sees late makes it late, and nothing else: when it hears that b was deleted, b is there again.
func TestAStaleCacheEndsInTheSameState(t *testing.T) {
	withoutRaceDetector(t)
	t.Parallel()
	under(t, func(config *rest.Config) { config.Wrap(delayed) }, []string{"campaign/b"}, nil, nil)
}

// An operator that is not told of every third event mends all of it once its watches are broken off.
func TestSwallowedEventsEndInTheSameState(t *testing.T) {
	withoutRaceDetector(t)
	t.Parallel()
	weather := &weather{}
	under(t, func(config *rest.Config) {
		config.ContentType = runtime.ContentTypeJSON // one event is one line
		config.Wrap(weather.wrap)
	}, nil, func() { weather.bad.Store(true) }, func() {
		weather.bad.Store(false)
		if weather.swallowed.Load() == 0 || weather.cut.Load() == 0 {
			t.Errorf("%d events swallowed, %d watches cut: nothing was tested", weather.swallowed.Load(), weather.cut.Load())
		}
	})
}
