package score

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/fraud/signal"
)

const (
	valid      = event.Status_STATUS_VALID
	suspicious = event.Status_STATUS_SUSPICIOUS
	fraudulent = event.Status_STATUS_FRAUDULENT
	hour       = 3600
)

var now = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC).UnixMilli()

// build makes a policy of the defaults and what change does to them.
func build(t testing.TB, change func(*catalogpb.Policy)) *Policy {
	t.Helper()
	source := DefaultPolicy()
	source.Namespace, source.Name = "clicktally", "test"
	change(source)
	p, err := Compile(&catalog.Policy{Policy: source, Digest: []byte("digest")})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func unchanged(*catalogpb.Policy) {}

// points sets the points of reasons.
func points(of map[string]uint32) func(*catalogpb.Policy) {
	return func(p *catalogpb.Policy) {
		for _, r := range p.GetRules() {
			if n, ok := of[r.GetReason()]; ok {
				r.Points = n
			}
		}
	}
}

// browser is a click of a person: every fact is known and speaks for it.
func browser() signal.Signals {
	s := signal.Signals{
		Address: netip.MustParseAddr("192.0.2.1"), DeviceStrong: true,
		ImpressionSeen: true, ImpressionToClickMs: 4000,
		UserAgentClass: event.UserAgentClass_USER_AGENT_CLASS_BROWSER,
	}
	s.IPClicks.Add(hour, 1)
	s.DeviceClicks.Add(hour, 1)
	return s
}

func ipClicks(n uint32) func(*signal.Signals) {
	return func(s *signal.Signals) { s.IPClicks.Add(hour, n) }
}

func deviceClicks(n uint32) func(*signal.Signals) {
	return func(s *signal.Signals) { s.DeviceClicks.Add(hour, n) }
}

func sinceImpression(ms uint32) func(*signal.Signals) {
	return func(s *signal.Signals) { s.ImpressionToClickMs = ms }
}

func class(c event.UserAgentClass) func(*signal.Signals) {
	return func(s *signal.Signals) { s.UserAgentClass = c }
}

func degraded(d signal.Degraded) func(*signal.Signals) {
	return func(s *signal.Signals) { s.Degraded |= d }
}

func weak(s *signal.Signals) { s.DeviceStrong = false }

func from(addr string) func(*signal.Signals) {
	return func(s *signal.Signals) { s.Address = netip.MustParseAddr(addr) }
}

func refererOutside(s *signal.Signals) { s.ReferrerOutside = true }
func countryOutside(s *signal.Signals) { s.CountryOutside = true }
func rateLimited(s *signal.Signals)    { s.RateLimited = true }

const (
	missing    = event.UserAgentClass_USER_AGENT_CLASS_MISSING
	bot        = event.UserAgentClass_USER_AGENT_CLASS_BOT
	preview    = event.UserAgentClass_USER_AGENT_CLASS_PREVIEW
	nonBrowser = event.UserAgentClass_USER_AGENT_CLASS_NON_BROWSER
)

type facts []func(*signal.Signals)

func (f facts) signals() *signal.Signals {
	s := browser()
	for _, change := range f {
		change(&s)
	}
	return &s
}

// counted is "Reason counted/points" of a result.
type counted struct {
	Reason          string
	Counted, Points uint32
}

func reasonsOf(r Result) (list []counted) {
	for _, p := range r.Reasons {
		list = append(list, counted{p.GetReason().Name(), p.GetCounted(), p.GetPoints()})
	}
	return list
}

// Expected values are those of design 4 (bands, thresholds), design 7 (families, order) and the
// points of DefaultPolicy.
func TestDefaults(t *testing.T) {
	cases := map[string]struct {
		facts   facts
		status  event.Status
		score   uint32
		reasons []counted
	}{
		"a person": {nil, valid, 0, nil},
		"the tenth click of an address within an hour":    {facts{ipClicks(10)}, valid, 0, nil},
		"the eleventh click of an address within an hour": {facts{ipClicks(11)}, suspicious, 40, []counted{{"IPVelocity", 40, 40}}},
		"the fifth click of a device within an hour":      {facts{deviceClicks(5)}, valid, 0, nil},
		"the sixth click of a device within an hour":      {facts{deviceClicks(6)}, suspicious, 40, []counted{{"DeviceVelocity", 40, 40}}},
		"many clicks of a device that is only address and agent": {
			facts{deviceClicks(600), weak}, valid, 0, nil,
		},
		"a click 499 ms after the impression": {facts{sinceImpression(499)}, suspicious, 35, []counted{{"ClickTooFast", 35, 35}}},
		"a click 500 ms after the impression": {facts{sinceImpression(500)}, valid, 0, nil},
		"a script":                            {facts{class(nonBrowser)}, valid, 25, []counted{{"UserAgentNonBrowser", 25, 25}}},
		"no user agent":                       {facts{class(missing)}, valid, 25, []counted{{"UserAgentMissing", 25, 25}}},
		"a crawler that declares itself":      {facts{class(bot)}, fraudulent, 100, []counted{{"UserAgentBot", 100, 100}}},
		"a link preview":                      {facts{class(preview)}, fraudulent, 100, []counted{{"UserAgentPreview", 100, 100}}},
		"a referrer outside the targeting":    {facts{refererOutside}, suspicious, 35, []counted{{"ReferrerInvalid", 35, 35}}},
		"a country outside the targeting":     {facts{countryOutside}, suspicious, 40, []counted{{"GeoDenied", 40, 40}}},
		"two families add up": {
			facts{ipClicks(11), sinceImpression(1)},
			fraudulent, 75,
			[]counted{{"IPVelocity", 40, 40}, {"ClickTooFast", 35, 35}},
		},
		"the sum ends at 100": {
			facts{ipClicks(11), deviceClicks(6), sinceImpression(1), class(nonBrowser)},
			fraudulent, 100,
			[]counted{{"IPVelocity", 40, 40}, {"DeviceVelocity", 40, 40}, {"ClickTooFast", 35, 35}, {"UserAgentNonBrowser", 25, 25}},
		},
		"a click over a limit is marked and makes no points": {facts{rateLimited}, valid, 0, []counted{{"RateLimited", 0, 0}}},
		"an unknown address has no velocity": {
			facts{ipClicks(11), degraded(signal.DegradedAddress)}, valid, 0, nil,
		},
		"an unknown device has no velocity": {
			facts{deviceClicks(6), degraded(signal.DegradedDevice)}, valid, 0, nil,
		},
		"an impression that could not be looked up": {
			facts{sinceImpression(1), degraded(signal.DegradedImpression)}, valid, 0, nil,
		},
		"a referrer that cannot be judged": {
			facts{refererOutside, degraded(signal.DegradedReferrer)}, valid, 0, nil,
		},
		"an unknown country": {
			facts{countryOutside, degraded(signal.DegradedCountry)}, valid, 0, nil,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := Score(tc.facts.signals(), Default(), nil, now)
			if got.Status != tc.status || got.Score != tc.score {
				t.Errorf("%s %d, want %s %d", got.Status.Name(), got.Score, tc.status.Name(), tc.score)
			}
			if diff := cmp.Diff(tc.reasons, reasonsOf(got)); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAZeroClickHasNoReasons(t *testing.T) {
	if r := Score(&signal.Signals{}, Default(), nil, now); r.Score != 0 || r.Status != valid || r.Reasons != nil {
		t.Errorf("knowing nothing is judged as %+v", r)
	}
}

func TestBands(t *testing.T) {
	for score, want := range map[uint32]event.Status{0: valid, 30: valid, 31: suspicious, 70: suspicious, 71: fraudulent, 100: fraudulent} {
		if got := Default().bands.status(score); got != want {
			t.Errorf("%d is %s, want %s", score, got.Name(), want.Name())
		}
	}
}

func TestWithinAFamilyTheHighestCounts(t *testing.T) {
	policy := build(t, func(p *catalogpb.Policy) {
		points(map[string]uint32{"IPVelocity": 60})(p)
		p.Deny = []*catalogpb.Entry{{Cidr: "192.0.2.0/24"}}
	})
	got := Score(facts{ipClicks(11)}.signals(), policy, nil, now)
	want := []counted{{"IPVelocity", 0, 60}, {"IPDenied", 100, 100}}
	if diff := cmp.Diff(want, reasonsOf(got)); diff != "" || got.Score != 100 {
		t.Errorf("score %d, reasons (-want +got):\n%s", got.Score, diff)
	}
	links := build(t, points(map[string]uint32{"ReferrerInvalid": 33}))
	if got := Score(facts{refererOutside, countryOutside}.signals(), links, nil, now); got.Score != 33+40 {
		t.Errorf("link and place are two families: %d, want 73", got.Score)
	}
}

func TestEveryReasonHasATrait(t *testing.T) {
	for reason := event.Reason(1); int(reason) < reasonCount; reason++ {
		if ClassOf(reason).Name() == "" {
			t.Errorf("%s has no class", reason.Name())
		}
		if traits[reason].family == noFamily && reason != event.Reason_REASON_RATE_LIMITED {
			t.Errorf("%s has no family", reason.Name())
		}
	}
	if reasonCount != len(event.Reason_name) {
		t.Errorf("the table knows %d reasons, the event %d", reasonCount, len(event.Reason_name))
	}
	for _, unknown := range []event.Reason{0, -1, event.Reason(reasonCount)} {
		if ClassOf(unknown) != 0 {
			t.Errorf("reason %d has a class", unknown)
		}
	}
}

func TestNoSingleSoftReasonReachesFraudulent(t *testing.T) {
	all := map[string]uint32{}
	for _, r := range DefaultPolicy().GetRules() {
		all[r.GetReason()] = 100
	}
	policy := build(t, points(all))
	for name, f := range map[string]facts{
		"address velocity": {ipClicks(11)}, "device velocity": {deviceClicks(6)}, "too fast": {sinceImpression(0)},
		"script": {class(nonBrowser)}, "no agent": {class(missing)}, "referrer": {refererOutside}, "country": {countryOutside},
	} {
		got := Score(f.signals(), policy, nil, now)
		if got.Status != suspicious || got.Score != 70 {
			t.Errorf("%s alone: %s %d, want Suspicious 70", name, got.Status.Name(), got.Score)
		}
		if len(got.Reasons) != 1 || got.Reasons[0].GetPoints() != 100 || got.Reasons[0].GetCounted() != 70 {
			t.Errorf("%s alone: %v, want 100 points of which 70 count", name, reasonsOf(got))
		}
	}
	if got := Score(facts{ipClicks(11), class(nonBrowser)}.signals(), policy, nil, now); got.Status != fraudulent {
		t.Errorf("corroborated by another family: %s, want Fraudulent", got.Status.Name())
	}
}

func TestDeclaredCrawlersAreNeverBilled(t *testing.T) {
	off := build(t, points(map[string]uint32{"UserAgentBot": 0, "UserAgentPreview": 10}))
	for _, c := range []event.UserAgentClass{bot, preview} {
		s := facts{class(c)}.signals()
		if got := Score(s, off, nil, now); got.Score != 100 || got.Status != fraudulent {
			t.Errorf("%s under a policy that gives less: %d, want 100", c.Name(), got.Score)
		}
		if !s.DeclaredCrawler() {
			t.Errorf("%s is no declared crawler", c.Name())
		}
	}
	for _, c := range []event.UserAgentClass{0, missing, nonBrowser, event.UserAgentClass_USER_AGENT_CLASS_BROWSER} {
		if (facts{class(c)}).signals().DeclaredCrawler() {
			t.Errorf("%q is a declared crawler", c.Name())
		}
	}
}

func TestTheDeclaredWindowIsCounted(t *testing.T) {
	policy := build(t, func(p *catalogpb.Policy) {
		for _, r := range p.GetRules() {
			if r.GetReason() == "IPVelocity" {
				r.Count, r.WindowS = 2, 60
			}
		}
	})
	if policy.IPWindow() != 60 || policy.DeviceWindow() != hour {
		t.Fatalf("windows %d and %d, want 60 and %d", policy.IPWindow(), policy.DeviceWindow(), hour)
	}
	s := facts{ipClicks(1000)}.signals() // of the hour, which this policy does not ask for
	if got := Score(s, policy, nil, now); got.Score != 0 {
		t.Errorf("the count of another window scored %d", got.Score)
	}
	s.IPClicks.Add(60, 3)
	if got := Score(s, policy, nil, now); got.Score != 40 {
		t.Errorf("three clicks where two are fine scored %d, want 40", got.Score)
	}
	off := build(t, points(map[string]uint32{"IPVelocity": 0, "DeviceVelocity": 0}))
	if off.IPWindow() != 0 || off.DeviceWindow() != 0 {
		t.Error("a rule that is off asks for a window")
	}
	if got := Score(facts{ipClicks(1000), deviceClicks(1000)}.signals(), off, nil, now); got.Score != 0 || got.Reasons != nil {
		t.Errorf("rules that are off scored %d %v", got.Score, reasonsOf(got))
	}
}

func TestStricterActions(t *testing.T) {
	const offer, safe = catalogpb.Action_ACTION_OFFER_PAGE, catalogpb.Action_ACTION_SAFE_PAGE
	with := func(suspicious, fraudulent catalogpb.Action) *Policy {
		return build(t, func(p *catalogpb.Policy) { p.Suspicious, p.Fraudulent = suspicious, fraudulent })
	}
	cases := map[string]struct {
		tracker, campaign *Policy
		want              Actions
	}{
		"no policy of the campaign":        {with(offer, safe), nil, Actions{offer, safe}},
		"the campaign is stricter":         {with(offer, offer), with(safe, safe), Actions{safe, safe}},
		"the campaign cannot be lenient":   {with(safe, safe), with(offer, offer), Actions{safe, safe}},
		"each band is looked at by itself": {with(safe, offer), with(offer, safe), Actions{safe, safe}},
	}
	for name, tc := range cases {
		if got := StricterActions(tc.tracker, tc.campaign); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

func TestReasonsAreInTheOrderOfTheirCodes(t *testing.T) {
	r := Score(facts{rateLimited, countryOutside, class(bot), ipClicks(11), deviceClicks(6)}.signals(), Default(), nil, now)
	if !slices.IsSortedFunc(r.Reasons, func(a, b *event.ReasonPoints) int { return int(a.GetReason() - b.GetReason()) }) {
		t.Errorf("order %v", reasonsOf(r))
	}
}
