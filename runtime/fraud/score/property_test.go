package score

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/fraud/signal"
)

func drawPolicy(t *rapid.T, name string, allow bool) *Policy {
	source := DefaultPolicy()
	source.SuspiciousFrom = rapid.Uint32Range(1, 99).Draw(t, name+" suspiciousFrom")
	source.FraudulentFrom = rapid.Uint32Range(source.GetSuspiciousFrom()+1, 100).Draw(t, name+" fraudulentFrom")
	for _, r := range source.GetRules() {
		r.Points = rapid.Uint32Range(0, 100).Draw(t, name+" "+r.GetReason())
	}
	if rapid.Bool().Draw(t, name+" denies") {
		source.Deny = entries("192.0.2.1/32")
	}
	if allow && rapid.Bool().Draw(t, name+" allows") {
		source.Allow = entries("192.0.2.0/24")
	}
	p, err := Compile(&catalog.Policy{Policy: source})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// speaksAgainst are facts that can only make a click worse.
var speaksAgainst = map[string]func(*signal.Signals){
	"address velocity": ipClicks(11), "device velocity": deviceClicks(6), "too fast": sinceImpression(1),
	"script": class(nonBrowser), "bot": class(bot), "referrer": refererOutside, "country": countryOutside,
	"limit": rateLimited, "listed": from("192.0.2.1"),
}

func drawFacts(t *rapid.T) *signal.Signals {
	s := browser()
	from("192.0.2.2")(&s)
	names := make([]string, 0, len(speaksAgainst))
	for name := range speaksAgainst {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID[string]).Draw(t, "facts") {
		speaksAgainst[name](&s)
	}
	s.Degraded = signal.Degraded(rapid.Uint32Range(0, 31).Draw(t, "degraded"))
	return &s
}

func TestAnotherSignalNeverLowersTheScore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tracker, campaign := drawPolicy(t, "tracker", false), drawPolicy(t, "campaign", true)
		s := drawFacts(t)
		before := Score(s, tracker, campaign, now)
		for name, add := range speaksAgainst {
			if name == "script" && s.UserAgentClass == bot {
				continue // one class replaces another
			}
			more := *s
			add(&more)
			after := Score(&more, tracker, campaign, now)
			if after.Score < before.Score || after.Status < before.Status {
				t.Fatalf("%s lowers %d %s to %d %s", name, before.Score, before.Status.Name(), after.Score, after.Status.Name())
			}
		}
	})
}

func TestACampaignCanOnlyBeStricter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tracker, campaign, s := drawPolicy(t, "tracker", true), drawPolicy(t, "campaign", true), drawFacts(t)
		alone, both := Score(s, tracker, nil, now), Score(s, tracker, campaign, now)
		if both.Score < alone.Score || both.Status < alone.Status {
			t.Fatalf("%d %s becomes %d %s", alone.Score, alone.Status.Name(), both.Score, both.Status.Name())
		}
		if Score(s, tracker, tracker, now).Score != alone.Score {
			t.Fatalf("the same policy twice scores %d, want %d", Score(s, tracker, tracker, now).Score, alone.Score)
		}
	})
}

func TestAResultIsSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tracker, campaign, s := drawPolicy(t, "tracker", true), drawPolicy(t, "campaign", true), drawFacts(t)
		kept := *s
		r := Score(s, tracker, campaign, now)
		if r.Score > MaxPoints {
			t.Fatalf("score %d", r.Score)
		}
		sum := uint32(0)
		for _, p := range r.Reasons {
			sum += p.GetCounted()
			if p.GetCounted() > p.GetPoints() {
				t.Fatalf("%s counts %d of %d points", p.GetReason().Name(), p.GetCounted(), p.GetPoints())
			}
		}
		if min(sum, MaxPoints) != r.Score {
			t.Fatalf("score %d, reasons count %d", r.Score, sum)
		}
		for _, j := range []judgement{
			tracker.judge(s, false, tracker.bands), campaign.judge(s, false, stricter(tracker.bands, campaign.bands)),
		} {
			if j.status == event.Status_STATUS_FRAUDULENT && j.isSingleSoft() {
				t.Fatalf("a single soft reason is fraudulent: %v", reasonsOf(r))
			}
		}
		if again := Score(s, tracker, campaign, now); cmp.Diff(r, again, protocmp.Transform()) != "" || kept != *s {
			t.Fatal("the same click is judged differently, or its facts were changed")
		}
	})
}

func (j *judgement) isSingleSoft() bool {
	scoring, hard := 0, false
	for reason, counted := range j.counted {
		if counted > 0 {
			scoring++
			hard = hard || traits[reason].hard
		}
	}
	return scoring == 1 && !hard
}

func TestCompileRefuses(t *testing.T) {
	rule := func(r *catalogpb.Rule) func(*catalogpb.Policy) {
		return func(p *catalogpb.Policy) { p.Rules = []*catalogpb.Rule{r} }
	}
	cases := map[string]struct {
		change func(*catalogpb.Policy)
		want   string
	}{
		"bands that do not ascend": {
			func(p *catalogpb.Policy) { p.SuspiciousFrom = 71 },
			"policy clicktally/p: bands: suspiciousFrom 71 and fraudulentFrom 71 must ascend within 1 to 100",
		},
		"no bands": {
			func(p *catalogpb.Policy) { p.SuspiciousFrom, p.FraudulentFrom = 0, 0 },
			"policy clicktally/p: bands: suspiciousFrom 0 and fraudulentFrom 0 must ascend within 1 to 100",
		},
		"a band above 100": {
			func(p *catalogpb.Policy) { p.FraudulentFrom = 101 },
			"policy clicktally/p: bands: suspiciousFrom 31 and fraudulentFrom 101 must ascend within 1 to 100",
		},
		"a reason nobody knows":       {rule(&catalogpb.Rule{Reason: "Weather"}), `policy clicktally/p: rules[0]: unknown reason "Weather"`},
		"more than 100 points":        {rule(&catalogpb.Rule{Reason: "Replay", Points: 101}), "policy clicktally/p: rules[0]: Replay: 101 points, at most 100"},
		"velocity without a window":   {rule(&catalogpb.Rule{Reason: "IPVelocity", Points: 1, Count: 1}), "policy clicktally/p: rules[0]: IPVelocity: the window is missing"},
		"a deny entry with a typo":    {lists(entries("10.0.0.0/8", "10.0.0/8"), nil), `policy clicktally/p: deny[1].cidr: netip.ParsePrefix("10.0.0/8"): ParseAddr("10.0.0"): IPv4 address too short`},
		"an allow entry as IPv4-in-6": {lists(nil, entries("::ffff:10.0.0.0/104")), "policy clicktally/p: allow[0].cidr: write IPv4 ranges in their own form, not as IPv6"},
		"an action nobody knows": {
			func(p *catalogpb.Policy) { p.Fraudulent = 0 },
			"policy clicktally/p: actions: ACTION_UNSPECIFIED is not known here",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			source := DefaultPolicy()
			source.Namespace, source.Name = "clicktally", "p"
			tc.change(source)
			_, err := Compile(&catalog.Policy{Policy: source})
			if err == nil || err.Error() != tc.want {
				t.Errorf("error %v\nwant  %s", err, tc.want)
			}
		})
	}
}

func TestAReasonWithoutARuleMakesNoPoints(t *testing.T) {
	policy := build(t, func(p *catalogpb.Policy) { p.Rules = nil })
	if got := Score(facts{ipClicks(11), refererOutside}.signals(), policy, nil, now); got.Score != 0 {
		t.Errorf("scored %d", got.Score)
	}
	if got := Score(facts{class(preview)}.signals(), policy, nil, now); got.Score != 100 {
		t.Errorf("a preview scored %d, want the fixed 100", got.Score)
	}
}

func TestAReasonThatIsOffDoesNotAppear(t *testing.T) {
	policy := build(t, points(map[string]uint32{"ReferrerInvalid": 0, "UserAgentMissing": 0}))
	if got := Score(facts{refererOutside, class(missing)}.signals(), policy, nil, now); got.Reasons != nil {
		t.Errorf("reasons %v, want none", reasonsOf(got))
	}
}
