package compile

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// BuiltInPolicy is the policy of a tracker that names none: every default, no lists. It has neither
// name nor record.
func BuiltInPolicy() *catalogpb.Policy {
	p := &catalogpb.Policy{
		SuspiciousFrom: defaultSuspiciousFrom, FraudulentFrom: defaultFraudulentFrom,
		Suspicious: catalogpb.Action_ACTION_OFFER_PAGE, Fraudulent: catalogpb.Action_ACTION_SAFE_PAGE,
	}
	for _, d := range reasonDefaults {
		p.Rules = append(p.Rules, &catalogpb.Rule{
			Reason: string(d.reason), Points: d.points, Count: d.count,
			WindowS: uint32(d.window / time.Second), MinimumMs: uint32(d.minimum / time.Millisecond),
		})
	}
	slices.SortFunc(p.Rules, func(a, b *catalogpb.Rule) int { return cmp.Compare(a.GetReason(), b.GetReason()) })
	return p
}

// checkPolicy compiles one policy with every default resolved.
func checkPolicy(object *v1alpha1.FraudPolicy) checked {
	r := report{ref: refOf(KindFraudPolicy, object)}
	spec, p := &object.Spec, BuiltInPolicy()
	p.Namespace, p.Name = object.GetNamespace(), object.GetName()
	if b := spec.Bands; b != nil {
		p.SuspiciousFrom, p.FraudulentFrom = uint32(b.SuspiciousFrom), uint32(b.FraudulentFrom)
		if b.SuspiciousFrom < 1 || b.SuspiciousFrom >= b.FraudulentFrom || b.FraudulentFrom > 100 {
			r.invalid("spec.bands", "must be 1 <= suspiciousFrom < fraudulentFrom <= 100, not %d and %d",
				b.SuspiciousFrom, b.FraudulentFrom)
		}
	}
	for i := range spec.Rules {
		applyRule(&r, fmt.Sprintf("spec.rules[%d]", i), &spec.Rules[i], p.GetRules())
	}
	for i := range spec.Deny {
		entry := &spec.Deny[i]
		p.Deny = append(p.Deny, listEntry(&r, fmt.Sprintf("spec.deny[%d].cidr", i), entry.CIDR, entry.Expires))
	}
	for i := range spec.Allow {
		entry := &spec.Allow[i]
		p.Allow = append(p.Allow, listEntry(&r, fmt.Sprintf("spec.allow[%d].cidr", i), entry.CIDR, &entry.Expires))
	}
	if a := spec.Actions; a != nil {
		p.Suspicious = action(a.Suspicious, p.GetSuspicious())
		p.Fraudulent = action(a.Fraudulent, p.GetFraudulent())
	}
	r.noEffectIf(len(spec.Custom) > 0, "spec.custom", "expressions are not evaluated yet")
	r.noEffectIf(spec.Model != nil, "spec.model", "no model is loaded yet")
	return r.finish(object, &catalogpb.Record{Body: &catalogpb.Record_Policy{Policy: p}})
}

// applyRule overrides what a rule states and leaves the rest at its default.
func applyRule(r *report, path string, rule *v1alpha1.FraudRule, rules []*catalogpb.Rule) {
	at := slices.IndexFunc(rules, func(c *catalogpb.Rule) bool { return c.GetReason() == string(rule.Reason) })
	known := slices.IndexFunc(reasonDefaults, func(d reasonDefault) bool { return d.reason == rule.Reason })
	fixed := []v1alpha1.ReasonCode{v1alpha1.IPDenied, v1alpha1.RateLimited, v1alpha1.ModelHigh, v1alpha1.Custom}
	if at < 0 || known < 0 || slices.Contains(fixed, rule.Reason) {
		r.invalid(path+".reason", "%s has no rule", rule.Reason)
		return
	}
	compiled, def := rules[at], &reasonDefaults[known]
	r.noEffectIf(!def.gathered, path, string(rule.Reason)+" is not observed yet")
	if rule.Points != nil {
		if *rule.Points < 0 || *rule.Points > 100 {
			r.invalid(path+".points", "must be 0 to 100, not %d", *rule.Points)
		}
		compiled.Points = uint32(*rule.Points)
	}
	if t := rule.Threshold; t != nil {
		window := duration(r, path+".threshold.window", t.Window, 0)
		if def.window == 0 {
			r.invalid(path+".threshold", "only IPVelocity and DeviceVelocity have a threshold")
		}
		if t.Count < 1 {
			r.invalid(path+".threshold.count", "must be at least 1, not %d", t.Count)
		}
		if window < time.Second || window > 24*time.Hour || window%time.Second != 0 {
			r.invalid(path+".threshold.window", "must be whole seconds between 1s and 24h, not %s", t.Window)
		}
		compiled.Count, compiled.WindowS = uint32(t.Count), uint32(window/time.Second)
	}
	if rule.Minimum != "" {
		minimum := duration(r, path+".minimum", rule.Minimum, 0)
		if def.minimum == 0 {
			r.invalid(path+".minimum", "only ClickTooFast has a minimum")
		}
		if minimum > time.Hour {
			r.invalid(path+".minimum", "must be at most 1h, not %s", rule.Minimum)
		}
		compiled.MinimumMs = uint32(minimum / time.Millisecond)
	}
}

func listEntry(r *report, path string, cidr v1alpha1.CIDR, expires *metav1.Time) *catalogpb.Entry {
	addressRange(r, path, cidr)
	return &catalogpb.Entry{Cidr: strings.ToLower(string(cidr)), ExpiresMs: millis(expires)}
}

// addressRange checks a range as the schema does. IPv4 in its IPv6 form would hold no address, because
// addresses are compared in their own form.
func addressRange(r *report, path string, cidr v1alpha1.CIDR) {
	prefix, err := netip.ParsePrefix(string(cidr))
	switch {
	case err != nil || prefix.Addr().Is4In6():
		r.invalid(path, "%.43q is not an address range such as 198.51.100.0/24", string(cidr))
	case prefix != prefix.Masked():
		r.invalid(path, "has bits beyond its prefix length: write %s", prefix.Masked())
	}
}

func action(a v1alpha1.FraudAction, otherwise catalogpb.Action) catalogpb.Action {
	switch a {
	case v1alpha1.ActionOfferPage:
		return catalogpb.Action_ACTION_OFFER_PAGE
	case v1alpha1.ActionSafePage:
		return catalogpb.Action_ACTION_SAFE_PAGE
	}
	return otherwise
}

// millis returns a time in ms since the epoch, 0 when it is unset.
func millis(t *metav1.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// duration parses a GEP-2257 duration; an empty one is the default.
func duration(r *report, path string, text v1alpha1.Duration, otherwise time.Duration) time.Duration {
	if text == "" {
		return otherwise
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || d < 0 {
		r.invalid(path, "%.32q is not a duration such as 500ms, 30m or 1h30m", string(text))
		return otherwise
	}
	return d
}
