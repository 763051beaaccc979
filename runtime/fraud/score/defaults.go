package score

import (
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
// in the order of their codes. The compiler fills what a policy leaves out from it.
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
	return p
}

// defaultPoints: from 31 on a single reason makes a click suspicious, below it takes two families.
var defaultPoints = [reasonCount]uint32{
	event.Reason_REASON_IP_VELOCITY:              40,
	event.Reason_REASON_DEVICE_VELOCITY:          40,
	event.Reason_REASON_IP_DATACENTER:            30,
	event.Reason_REASON_IP_PROXY:                 30,
	event.Reason_REASON_IP_TOR:                   40,
	event.Reason_REASON_IP_DENIED:                100,
	event.Reason_REASON_NO_IMPRESSION:            20,
	event.Reason_REASON_CLICK_TOO_FAST:           35,
	event.Reason_REASON_NO_POINTER:               20,
	event.Reason_REASON_POINTER_SYNTHETIC:        40,
	event.Reason_REASON_REGULAR_TIMING:           35,
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
	event.Reason_REASON_REPLAY:                   80,
	event.Reason_REASON_SIGNATURE_INVALID:        80,
	event.Reason_REASON_RATE_LIMITED:             0,
	event.Reason_REASON_MODEL_HIGH:               80,
}
