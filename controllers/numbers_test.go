package controllers_test

import (
	"testing"
	"time"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/event"
)

// tracker reads it as it is.
func (r *rig) tracker() *v1alpha1.Tracker {
	r.t.Helper()
	t := &v1alpha1.Tracker{}
	if err := r.client.Get(r.t.Context(), key(r.platform, "eu"), t); err != nil {
		r.t.Fatal(err)
	}
	return t
}

func TestATrackersWeatherAndNumbers(t *testing.T) {
	r := newRig(t)
	r.apply(campaign("a", "https://shop.example.org/1") + "---" + campaign("b", "https://shop.example.org/1"))
	r.fleet()
	r.becomes("a", "Programmed=False Progressing")
	r.becomes("b", "Programmed=False Progressing")
	r.fleetReady()
	r.trackerBecomes("Ready=True Serving", "Durable=True Acknowledged", "ClientAddressKnown=Unknown Progressing")
	r.becomes("a", "Ready=True Serving")
	r.becomes("b", "Ready=True Serving")
	r.eventually("both campaigns count", func() bool { s := r.tracker().Status.Campaigns; return s != nil && *s == 2 })
	r.writes.of("")

	end := r.end() - 1
	beat := func(pod string, change func(*event.Heartbeat)) *event.Heartbeat {
		h := &event.Heartbeat{Pod: pod, BootId: 1, AppliedOffset: end, JournalCapacity: 100 << 20}
		change(h)
		return h
	}
	well := func(h *event.Heartbeat) { h.AddressesKnown = 200 }
	since := time.Now().Add(-time.Hour)
	away := func(h *event.Heartbeat) {
		h.LogAwaySince, h.JournalBytes, h.AddressesHidden = since.UnixMilli(), 12<<20, 900
		h.Partitions = []*event.PartitionProgress{{SrcPart: 0, Journaled: 38000}, {SrcPart: 1, Journaled: 211}}
	}
	r.say(beat("eu-0", well), beat("eu-1", away))
	told := r.trackerBecomes("Ready=True Serving", "Durable=False JournalFilling", "ClientAddressKnown=False PrivatePeer")
	want := "tracker eu-1 cannot reach Kafka since " + since.UTC().Format("15:04 UTC") + ": 38211 clicks wait in its journal (12 % full); visitors are redirected"
	for _, c := range told.Status.Conditions {
		if c.Type == v1alpha1.ConditionDurable && c.Message != want {
			t.Errorf("%s\nwant %s", c.Message, want)
		}
	}
	for range 5 { // as every second, with other numbers
		r.say(beat("eu-0", well), beat("eu-1", func(h *event.Heartbeat) { away(h); h.JournalBytes += 1 << 20 }))
	}
	r.say(beat("eu-0", well), beat("eu-1", well))
	r.trackerBecomes("Ready=True Serving", "Durable=True Acknowledged")
	if n := r.writes.of("/trackers/eu/status"); n > 4 {
		t.Errorf("%d writes of the status for two turns of the weather", n)
	}
	if n := r.writes.of("/campaigns/"); n > 0 {
		t.Errorf("%d writes of campaigns that the weather does not concern", n)
	}
}

func TestATrackerSaysWhoIsBehind(t *testing.T) {
	r := newRig(t)
	r.apply(campaign("a", "https://shop.example.org/1"))
	r.fleet()
	r.becomes("a", "Programmed=False Progressing")
	r.fleetReady()
	r.becomes("a", "Ready=True Serving")
	before := r.end() - 1
	r.apply(campaign("a", "https://shop.example.org/2"))
	r.eventually("the edit is in the catalog", func() bool { return r.records()["campaign/a"].GetGeneration() == 2 })
	// One pod follows, the other hangs; both report as long as it takes to be told.
	r.eventually("one pod is behind", func() bool {
		r.beat("eu-0")
		r.beatAt(before, "eu-1")
		b := r.tracker().Status.Behind
		return b != nil && *b == 1
	})
	r.trackerBecomes("Ready=True Serving")
}
