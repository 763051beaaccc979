package score

import (
	"testing"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/fraud/signal"
)

func entries(cidrs ...string) (list []*catalogpb.Entry) {
	for _, c := range cidrs {
		list = append(list, &catalogpb.Entry{Cidr: c})
	}
	return list
}

func lists(deny, allow []*catalogpb.Entry) func(*catalogpb.Policy) {
	return func(p *catalogpb.Policy) { p.Deny, p.Allow = deny, allow }
}

func TestDenyThenAllowThenRules(t *testing.T) {
	expired := []*catalogpb.Entry{{Cidr: "192.0.2.1/32", ExpiresMs: now}}
	lasting := []*catalogpb.Entry{{Cidr: "192.0.2.1/32", ExpiresMs: now + 1}}
	nested := []*catalogpb.Entry{{Cidr: "192.0.2.0/24"}, {Cidr: "192.0.2.1/32", ExpiresMs: now}}
	bad := facts{ipClicks(11), sinceImpression(1)} // 75 by the rules
	const rules = 75
	cases := map[string]struct {
		tracker, campaign func(*catalogpb.Policy)
		facts             facts
		score             uint32
		allowed           bool
	}{
		"deny is 100":                                     {lists(entries("192.0.2.0/24"), nil), nil, nil, 100, false},
		"another address is not denied":                   {lists(entries("198.51.100.0/24"), nil), nil, nil, 0, false},
		"allow is 0 whatever the rules say":               {lists(nil, entries("192.0.2.1/32")), nil, bad, 0, true},
		"allow is 0 for a crawler too":                    {lists(nil, entries("192.0.2.1/32")), nil, facts{class(bot)}, 0, true},
		"deny wins over allow":                            {lists(entries("192.0.2.1/32"), entries("192.0.2.1/32")), nil, nil, 100, false},
		"a wide deny wins over a narrow allow":            {lists(entries("192.0.0.0/16"), entries("192.0.2.1/32")), nil, nil, 100, false},
		"an expired allow does nothing":                   {lists(nil, expired), nil, bad, rules, false},
		"an allow holds until its time":                   {lists(nil, lasting), nil, bad, 0, true},
		"an expired deny does nothing":                    {lists(expired, nil), nil, nil, 0, false},
		"a deny holds until its time":                     {lists(lasting, nil), nil, nil, 100, false},
		"an expired entry hides no wider one":             {lists(nested, nil), nil, nil, 100, false},
		"a campaign's deny counts":                        {unchanged, lists(entries("192.0.2.1/32"), nil), nil, 100, false},
		"a campaign's allow does not":                     {unchanged, lists(nil, entries("192.0.2.1/32")), bad, rules, false},
		"a campaign's deny wins over the tracker's allow": {lists(nil, entries("192.0.2.1/32")), lists(entries("192.0.2.1/32"), nil), nil, 100, false},
		"the tracker's allow silences a campaign's rules": {lists(nil, entries("192.0.2.1/32")), unchanged, bad, 0, true},
		"an IPv6 range":                                   {lists(entries("2001:db8::/32"), nil), nil, facts{from("2001:db8::7")}, 100, false},
		"an IPv4 address in its IPv6 form":                {lists(entries("192.0.2.0/24"), nil), nil, facts{from("::ffff:192.0.2.9")}, 100, false},
		"everything denied":                               {lists(entries("0.0.0.0/0", "::/0"), nil), nil, facts{from("2001:db8::7")}, 100, false},
		"an unknown address is on no deny list":           {lists(entries("0.0.0.0/0"), nil), nil, facts{degraded(signal.DegradedAddress)}, 0, false},
		"an unknown address is on no allow list":          {lists(nil, entries("0.0.0.0/0")), nil, append(facts{degraded(signal.DegradedAddress), sinceImpression(1)}, rateLimited), 35, false},
		"a range written with bits beyond its length":     {lists(entries("192.0.2.77/24"), nil), nil, nil, 100, false},
		"rules beside a deny change nothing":              {lists(entries("192.0.2.0/24"), nil), nil, bad, 100, false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var campaign *Policy
			if tc.campaign != nil {
				campaign = build(t, tc.campaign)
			}
			got := Score(tc.facts.signals(), build(t, tc.tracker), campaign, now)
			if got.Score != tc.score || got.Allowed != tc.allowed {
				t.Errorf("score %d allowed %v, want %d %v", got.Score, got.Allowed, tc.score, tc.allowed)
			}
			if denied := hasReason(got, event.Reason_REASON_IP_DENIED); denied != (tc.score == 100) {
				t.Errorf("IPDenied is a reason: %v", denied)
			}
		})
	}
}

func hasReason(r Result, reason event.Reason) bool {
	for _, p := range r.Reasons {
		if p.GetReason() == reason {
			return true
		}
	}
	return false
}

func TestAnAllowedClickKeepsItsMark(t *testing.T) {
	policy := build(t, lists(nil, entries("192.0.2.1/32")))
	got := Score(facts{rateLimited, ipClicks(11)}.signals(), policy, nil, now)
	if got.Score != 0 || len(got.Reasons) != 1 || got.Reasons[0].GetReason() != event.Reason_REASON_RATE_LIMITED {
		t.Errorf("score %d reasons %v, want 0 and RateLimited", got.Score, reasonsOf(got))
	}
}
