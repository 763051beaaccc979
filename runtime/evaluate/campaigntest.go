package evaluate

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/fraud/signal"
)

// Failure is an expectation of one of a campaign's tests that does not hold.
type Failure struct {
	Test    string // its name
	Field   string // such as spec.tests[0].expect.reasons
	Message string
}

// Tests runs a campaign's tests at now, in ms since the epoch. Outside its schedule a campaign is
// tested at the nearest time at which it is open, so that a test does not fail by the calendar.
func (e *Evaluator) Tests(c *v1alpha1.Campaign, id string, now int64) ([]Failure, error) {
	var failures []Failure
	now = open(e.catalog.Campaign(id), now)
	for i := range c.Spec.Tests {
		test := &c.Spec.Tests[i]
		outcome, err := e.Click(visitOf(&test.Request, now))
		if err != nil {
			return nil, err
		}
		t := expectation{outcome: outcome, policies: strings.Join(outcome.Policies, " and "), request: &test.Request}
		for _, broken := range t.check(&test.Expect) {
			broken.Test = test.Name
			broken.Field = fmt.Sprintf("spec.tests[%d].expect.%s", i, broken.Field)
			failures = append(failures, broken)
		}
	}
	return failures, nil
}

// open returns now, or the first or last ms of the schedule when that does not hold now.
func open(c *catalog.Campaign, now int64) int64 {
	if c == nil {
		return now
	}
	if c.GetToMs() != 0 {
		now = min(now, c.GetToMs()-1)
	}
	return max(now, c.GetFromMs())
}

func visitOf(r *v1alpha1.TestRequest, now int64) *Visit {
	address, err := netip.ParseAddr(string(r.Address))
	if err != nil {
		address = netip.Addr{} // none is stated; a wrong one is refused by the schema
	}
	return &Visit{
		Query: r.Query, UserAgent: r.UserAgent, Referrer: string(r.Referrer), Country: string(r.Country),
		Address: address, Now: now,
	}
}

// expectation holds an outcome against what a test expects.
type expectation struct {
	outcome  *Outcome
	policies string
	request  *v1alpha1.TestRequest
}

func (t *expectation) check(want *v1alpha1.TestExpectation) []Failure {
	var list []Failure
	add := func(field, format string, args ...any) {
		list = append(list, Failure{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	o := t.outcome
	if got := o.Destinations(); want.Destination != "" && !slices.Contains(got, string(want.Destination)) {
		add("destination", "expected destination %s, got %s (%s)", want.Destination, strings.Join(got, " or "), o.Decision.Explain())
	}
	if got := o.Result.Status.Name(); want.Status != "" && got != string(want.Status) {
		add("status", "expected status %s, got %s (score %d, reasons %s)", want.Status, got, o.Result.Score, bracketed(t.reasons()))
	}
	if len(want.Reasons) > 0 {
		t.checkReasons(want.Reasons, add)
	}
	return list
}

func (t *expectation) checkReasons(list []v1alpha1.ReasonCode, add func(field, format string, args ...any)) {
	want := make([]string, len(list))
	for i, reason := range list {
		want[i] = string(reason)
	}
	got := t.reasons()
	if equalSets(want, got) {
		return
	}
	var why []string
	for _, reason := range want {
		if hint := t.whyNot(reason); hint != "" && !slices.Contains(got, reason) {
			why = append(why, hint)
		}
	}
	message := fmt.Sprintf("expected reasons %s, got %s", bracketed(want), bracketed(got))
	if len(why) > 0 {
		message += ": " + strings.Join(why, "; ")
	}
	add("reasons", "%s", message)
}

// reasons are those that get points, in the order of their codes.
func (t *expectation) reasons() []string {
	var list []string
	for _, r := range t.outcome.Result.Reasons {
		if r.GetPoints() > 0 {
			list = append(list, r.GetReason().Name())
		}
	}
	return list
}

// whyNot says why a reason that was expected does not hold, empty when that is plain to see.
func (t *expectation) whyNot(reason string) string {
	s := &t.outcome.Signals
	code, _ := event.ParseReason(reason)
	switch code {
	case event.Reason_REASON_IP_DENIED:
		switch {
		case !s.Has(signal.DegradedAddress):
			return "the request states no address"
		case t.outcome.Result.Allowed:
			return fmt.Sprintf("%s is on the allow list of %s", s.Address, t.outcome.Policies[0])
		}
		return fmt.Sprintf("%s is on no deny list of %s", s.Address, t.policies)
	case event.Reason_REASON_USER_AGENT_BOT, event.Reason_REASON_USER_AGENT_MISSING,
		event.Reason_REASON_USER_AGENT_NON_BROWSER, event.Reason_REASON_USER_AGENT_PREVIEW:
		return "the user agent is taken for " + s.UserAgentClass.Name()
	case event.Reason_REASON_REFERRER_INVALID:
		if t.request.Referrer == "" {
			return "a click without referrer is not outside"
		}
		return "the referrer is among spec.targeting.referrerHosts, or that is not set"
	case event.Reason_REASON_GEO_DENIED:
		if t.request.Country == "" {
			return "the request states no country"
		}
		return "the country is among spec.targeting.countries, or that is not set"
	case event.Reason_REASON_IP_VELOCITY, event.Reason_REASON_DEVICE_VELOCITY, event.Reason_REASON_CLICK_TOO_FAST:
		return "a test is a single click without an impression: try clicktally explain"
	}
	return reason + " is not observed in this version"
}

func equalSets(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

func bracketed(list []string) string { return "[" + strings.Join(list, " ") + "]" }
