package score

import (
	"slices"
	"strings"
	"sync"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
)

// Default returns the policy of a tracker that names none.
var Default = sync.OnceValue(func() *Policy {
	p, err := compile(DefaultPolicy())
	if err != nil {
		panic("score: the built-in policy does not compile: " + err.Error())
	}
	return p
})

// DefaultPolicy returns every default of a FraudPolicy, resolved: a new value with each call, rules
// sorted by reason. It is what the compiler fills a policy's gaps with (compile.BuiltInPolicy), in a
// form that a tracker has without the API types; a test holds both to the same.
func DefaultPolicy() *catalogpb.Policy {
	p := &catalogpb.Policy{
		SuspiciousFrom: 31,
		FraudulentFrom: 71,
		Suspicious:     catalogpb.Action_ACTION_OFFER_PAGE,
		Fraudulent:     catalogpb.Action_ACTION_SAFE_PAGE,
	}
	for reason, points := range defaultPoints {
		if reason == 0 || event.Reason(reason) == event.Reason_REASON_CUSTOM {
			continue // custom rules bring their own points
		}
		rule := &catalogpb.Rule{Reason: event.Reason(reason).Name(), Points: points}
		switch event.Reason(reason) {
		case event.Reason_REASON_IP_VELOCITY:
			rule.Count, rule.WindowS = 10, 3600
		case event.Reason_REASON_DEVICE_VELOCITY:
			rule.Count, rule.WindowS = 5, 3600
		case event.Reason_REASON_CLICK_TOO_FAST:
			rule.MinimumMs = 500
		}
		p.Rules = append(p.Rules, rule)
	}
	slices.SortFunc(p.Rules, func(a, b *catalogpb.Rule) int { return strings.Compare(a.GetReason(), b.GetReason()) })
	return p
}

// defaultPoints: 100 leaves no doubt; every other stays below the fraudulent band alone; from 31 on a
// reason makes a click suspicious, below it takes a second family.
var defaultPoints = [reasonCount]uint32{
	event.Reason_REASON_IP_VELOCITY:              40,
	event.Reason_REASON_DEVICE_VELOCITY:          40,
	event.Reason_REASON_IP_DATACENTER:            35,
	event.Reason_REASON_IP_PROXY:                 35,
	event.Reason_REASON_IP_TOR:                   45,
	event.Reason_REASON_IP_DENIED:                100,
	event.Reason_REASON_NO_IMPRESSION:            25,
	event.Reason_REASON_CLICK_TOO_FAST:           35,
	event.Reason_REASON_NO_POINTER:               20,
	event.Reason_REASON_POINTER_SYNTHETIC:        45,
	event.Reason_REASON_REGULAR_TIMING:           40,
	event.Reason_REASON_FINGERPRINT_INCONSISTENT: 35,
	event.Reason_REASON_GEO_DENIED:               40,
	event.Reason_REASON_GEO_TIME_ZONE_MISMATCH:   20,
	event.Reason_REASON_IMPOSSIBLE_TRAVEL:        40,
	event.Reason_REASON_REFERRER_INVALID:         35,
	event.Reason_REASON_USER_AGENT_BOT:           100,
	event.Reason_REASON_USER_AGENT_NON_BROWSER:   25,
	event.Reason_REASON_USER_AGENT_MISSING:       25,
	event.Reason_REASON_USER_AGENT_PREVIEW:       100,
	event.Reason_REASON_BOT_ADDRESS_FORGED:       100,
	event.Reason_REASON_REPLAY:                   45,
	event.Reason_REASON_SIGNATURE_INVALID:        45,
	event.Reason_REASON_RATE_LIMITED:             0,
	event.Reason_REASON_MODEL_HIGH:               0,
}
