package signal

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/clicktally/clicktally/runtime/event"
)

func TestFactsAsTheEventStoresThem(t *testing.T) {
	full := Signals{
		Address: netip.MustParseAddr("192.0.2.1"), DeviceStrong: true,
		ImpressionSeen: true, ImpressionToClickMs: 0,
		UserAgentClass:  event.UserAgentClass_USER_AGENT_CLASS_NON_BROWSER,
		ReferrerOutside: true, CountryOutside: true, RateLimited: true,
		Degraded: DegradedDevice | DegradedCountry,
	}
	full.IPClicks.Add(3600, 11)
	full.IPClicks.Add(60, 2)
	full.DeviceClicks.Add(3600, 5)
	cases := map[string]struct {
		signals Signals
		want    *event.Signals
	}{
		"nothing is known": {Signals{}, &event.Signals{}},
		"an impression that was not seen leaves no time": {
			Signals{ImpressionToClickMs: 7}, &event.Signals{},
		},
		"all facts": {full, &event.Signals{
			IpClicks:     []*event.WindowCount{{WindowS: 3600, Count: 11}, {WindowS: 60, Count: 2}},
			DeviceClicks: []*event.WindowCount{{WindowS: 3600, Count: 5}},
			DeviceStrong: true, ImpressionToClickMs: new(uint32(0)),
			UserAgentClass:  event.UserAgentClass_USER_AGENT_CLASS_NON_BROWSER,
			ReferrerOutside: true, CountryOutside: true, Degraded: 1<<1 | 1<<3,
		}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.signals.Proto(), protocmp.Transform()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The bits are stored with every click.
func TestDegradedBitsNeverChange(t *testing.T) {
	for bit, want := range map[Degraded]uint32{
		DegradedAddress: 1, DegradedDevice: 2, DegradedImpression: 4, DegradedCountry: 8, DegradedReferrer: 16,
	} {
		if uint32(bit) != want {
			t.Errorf("bit %d became %d", want, bit)
		}
	}
}

func TestCountsHoldEachWindowOnce(t *testing.T) {
	var c Counts
	for w := range uint32(MaxWindows) {
		if !c.Add(60*(w+1), w) {
			t.Fatalf("no room for window %d of %d", w+1, MaxWindows)
		}
	}
	if c.Add(1, 1) {
		t.Error("one window more than there is room for")
	}
	if !c.Add(60, 9) {
		t.Error("a known window is not replaced")
	}
	if n, ok := c.In(60); n != 9 || !ok {
		t.Errorf("In(60) = %d, %v, want 9, true", n, ok)
	}
	if n, ok := c.In(1); n != 0 || ok {
		t.Errorf("In(1) = %d, %v, want 0, false", n, ok)
	}
	if len(c.All()) != MaxWindows {
		t.Errorf("%d counts, want %d", len(c.All()), MaxWindows)
	}
}
