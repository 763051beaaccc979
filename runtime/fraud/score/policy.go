// Package score is the pure function score(signals, policy) of design 7: points per reason, 0 to 100,
// and the band. It reads no clock and no catalog, so that a policy can be replayed over stored
// signals and shadow policies run beside the live one for free.
//
// Order: deny list (100), then allow list (0, entries expire), then rules. Reasons come in families:
// within a family the highest counts, families add up. A family of soft reasons counts at most one
// point less than the fraudulent band, so that no single soft signal reaches it.
package score

import (
	"fmt"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
)

// MaxPoints is what a reason can give and a click can score.
const MaxPoints = 100

// Policy is a compiled fraud policy: immutable and safe for concurrent use.
type Policy struct {
	digest         []byte
	bands          bands
	points         [reasonCount]uint32
	ipVelocity     velocity
	deviceVelocity velocity
	tooFastMs      uint32
	deny, allow    list
	actions        Actions
}

// velocity is "more than count clicks within windowS seconds".
type velocity struct{ count, windowS uint32 }

// Compile reads a policy of the catalog. A reason without a rule makes no points, so that the digest
// alone says how a click is scored; fixed reasons (IPDenied, UserAgentBot, UserAgentPreview,
// RateLimited) need none. The error names the field.
func Compile(p *catalog.Policy) (*Policy, error) {
	compiled, err := compile(p.Policy)
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", p.Key(), err)
	}
	compiled.digest = p.Digest
	return compiled, nil
}

// Digest identifies the policy in verdicts; nil for the built-in defaults.
func (p *Policy) Digest() []byte { return p.digest }

// IPWindow is the window of the IPVelocity rule in seconds, 0 when the rule is off.
func (p *Policy) IPWindow() uint32 { return p.ipVelocity.windowS }

// DeviceWindow is the window of the DeviceVelocity rule in seconds, 0 when the rule is off.
func (p *Policy) DeviceWindow() uint32 { return p.deviceVelocity.windowS }

func compile(p *catalogpb.Policy) (*Policy, error) {
	b := bands{suspiciousFrom: p.GetSuspiciousFrom(), fraudulentFrom: p.GetFraudulentFrom()}
	if b.suspiciousFrom < 1 || b.suspiciousFrom >= b.fraudulentFrom || b.fraudulentFrom > MaxPoints {
		return nil, fmt.Errorf("bands: suspiciousFrom %d and fraudulentFrom %d must ascend within 1 to %d",
			b.suspiciousFrom, b.fraudulentFrom, MaxPoints)
	}
	c := &Policy{bands: b}
	for i, rule := range p.GetRules() {
		if err := c.addRule(rule); err != nil {
			return nil, fmt.Errorf("rules[%d]: %w", i, err)
		}
	}
	for reason := range reasonCount {
		if fixed := traits[reason].fixed; fixed != nil {
			c.points[reason] = *fixed
		}
	}
	var err error
	if c.deny, err = newList(p.GetDeny()); err != nil {
		return nil, fmt.Errorf("deny%w", err)
	}
	if c.allow, err = newList(p.GetAllow()); err != nil {
		return nil, fmt.Errorf("allow%w", err)
	}
	c.actions, err = newActions(p)
	return c, err
}

func (p *Policy) addRule(r *catalogpb.Rule) error {
	reason, ok := event.ParseReason(r.GetReason())
	if !ok {
		return fmt.Errorf("unknown reason %.64q", r.GetReason())
	}
	if r.GetPoints() > MaxPoints {
		return fmt.Errorf("%s: %d points, at most %d", reason.Name(), r.GetPoints(), MaxPoints)
	}
	p.points[reason] = r.GetPoints()
	if r.GetPoints() == 0 {
		return nil
	}
	switch reason {
	case event.Reason_REASON_IP_VELOCITY:
		p.ipVelocity = velocity{count: r.GetCount(), windowS: r.GetWindowS()}
	case event.Reason_REASON_DEVICE_VELOCITY:
		p.deviceVelocity = velocity{count: r.GetCount(), windowS: r.GetWindowS()}
	case event.Reason_REASON_CLICK_TOO_FAST:
		p.tooFastMs = r.GetMinimumMs()
		return nil
	default:
		return nil
	}
	if r.GetWindowS() == 0 {
		return fmt.Errorf("%s: the window is missing", reason.Name())
	}
	return nil
}
