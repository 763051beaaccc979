// Package status turns what became of an object into what its author reads: conditions and messages that
// say what to do, and which generation keeps serving (design 4, style 3). It is pure but for Writer.
package status

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// maxMessage bounds a condition's message, in bytes.
const maxMessage = 256

// Verdict is what became of an object.
type Verdict struct {
	Generation int64
	// Problems of the object, sorted.
	Problems []compile.Problem
	// Served is the generation that serves, 0 for none. With an Error among the problems it is an older one.
	Served int64
	// Programmed says whether every process that was ready has applied the generation. It does not count
	// when there is an Error.
	Programmed Answer
	// Workload says whether enough pods are ready; nil: the kind has none.
	Workload *Answer
	// Serving is the message of Ready while it is True.
	Serving string
	// Weather are the kind's own conditions by type, which never enter Ready.
	Weather map[string]Answer
	// NoRecord says that the kind has no record of its own, so that nothing of it keeps serving.
	NoRecord bool
}

// Answer is the content of one condition. An empty Status is False.
type Answer struct {
	Status          metav1.ConditionStatus
	Reason, Message string
}

// Conditions are those of a verdict, in a fixed order. A condition that says the same as in before keeps its
// time; Reconciling and Stalled are there only while they are true.
func (v *Verdict) Conditions(before []metav1.Condition, now metav1.Time) []metav1.Condition {
	accepted := v.accepted()
	resolved := v.judge(isReference, Answer{metav1.ConditionTrue, v1alpha1.ReasonResolved, "everything that the spec names exists and may be used"})
	programmed := v.Programmed
	failed := firstFalse(accepted, resolved)
	if failed != nil {
		programmed = Answer{metav1.ConditionFalse, failed.Reason, orInvalid(v.keeps())}
	}
	ready, workload := Answer{metav1.ConditionTrue, v1alpha1.ReasonServing, v.Serving}, Answer{Status: metav1.ConditionTrue}
	if v.Workload != nil {
		workload = *v.Workload
	}
	if first := firstFalse(accepted, resolved, programmed, workload); first != nil {
		ready = *first
	}
	b := builder{generation: v.Generation, before: before, now: now}
	b.add(v1alpha1.ConditionAccepted, accepted)
	b.add(v1alpha1.ConditionResolvedRefs, resolved)
	b.add(v1alpha1.ConditionProgrammed, programmed)
	b.add(v1alpha1.ConditionReady, ready)
	switch {
	case failed != nil:
		b.add(v1alpha1.ConditionStalled, Answer{metav1.ConditionTrue, failed.Reason, failed.Message})
	case programmed.Status != metav1.ConditionTrue:
		b.add(v1alpha1.ConditionReconciling, Answer{metav1.ConditionTrue, v1alpha1.ReasonProgressing, programmed.Message})
	}
	for _, kind := range slices.Sorted(maps.Keys(v.Weather)) {
		b.add(kind, v.Weather[kind])
	}
	return b.list
}

// Unknown are the conditions of an object that cannot be judged yet; why is the trouble.
func Unknown(generation, served int64, why string, before []metav1.Condition, now metav1.Time) []metav1.Condition {
	v := Verdict{Served: served}
	message := fit(why, v.keeps())
	b := builder{generation: generation, before: before, now: now}
	for _, kind := range []string{v1alpha1.ConditionAccepted, v1alpha1.ConditionResolvedRefs, v1alpha1.ConditionProgrammed, v1alpha1.ConditionReady} {
		b.add(kind, Answer{metav1.ConditionUnknown, v1alpha1.ReasonProgressing, message})
	}
	b.add(v1alpha1.ConditionReconciling, Answer{metav1.ConditionTrue, v1alpha1.ReasonProgressing, message})
	return b.list
}

// accepted names fields without effect, which keep nothing from being accepted.
func (v *Verdict) accepted() Answer {
	otherwise := Answer{metav1.ConditionTrue, v1alpha1.ReasonAccepted, "the spec is valid"}
	notices := v.of(func(p *compile.Problem) bool { return p.Severity == compile.Notice })
	if len(notices) > 0 {
		otherwise = Answer{metav1.ConditionTrue, cmp.Or(notices[0].Reason, v1alpha1.ReasonAccepted), fit(describe(notices), "")}
	}
	return v.judge(func(p *compile.Problem) bool { return !isReference(p) }, otherwise)
}

// judge is False with the errors that concern a condition, else otherwise.
func (v *Verdict) judge(concerns func(*compile.Problem) bool, otherwise Answer) Answer {
	errors := v.of(func(p *compile.Problem) bool { return p.Severity == compile.Error && concerns(p) })
	if len(errors) == 0 {
		return otherwise
	}
	return Answer{metav1.ConditionFalse, errors[0].Reason, fit(describe(errors), v.keeps())}
}

func (v *Verdict) of(concerns func(*compile.Problem) bool) []*compile.Problem {
	var list []*compile.Problem
	for i := range v.Problems {
		if concerns(&v.Problems[i]) {
			list = append(list, &v.Problems[i])
		}
	}
	return list
}

// keeps says what serves in place of a generation that does not.
func (v *Verdict) keeps() string {
	switch {
	case v.NoRecord:
		return ""
	case v.Served > 0:
		return fmt.Sprintf("generation %d keeps serving", v.Served)
	}
	return "nothing of it is served"
}

func isReference(p *compile.Problem) bool {
	return p.Reason == v1alpha1.ReasonRefNotFound || p.Reason == v1alpha1.ReasonRefNotPermitted
}

func firstFalse(answers ...Answer) *Answer {
	at := slices.IndexFunc(answers, func(a Answer) bool { return a.Status != metav1.ConditionTrue })
	if at < 0 {
		return nil
	}
	return &answers[at]
}

// describe states the first problem and counts the rest.
func describe(problems []*compile.Problem) string {
	first := problems[0].Field + ": " + problems[0].Message
	switch more := len(problems) - 1; more {
	case 0:
		return first
	case 1:
		return first + " (and 1 more)"
	default:
		return fmt.Sprintf("%s (and %d more)", first, more)
	}
}

// fit joins a text and what must not be cut off, and cuts the text where both are too long.
func fit(text, end string) string {
	if end != "" {
		end = "; " + end
	}
	if most := maxMessage - len(end); len(text) > most {
		text = strings.ToValidUTF8(text[:most-len("...")], "") + "..."
	}
	return text + end
}

// orInvalid stands in where there is nothing to say of what serves.
func orInvalid(text string) string { return cmp.Or(text, "the spec is not accepted") }

// builder makes a list of conditions.
type builder struct {
	generation int64
	before     []metav1.Condition
	now        metav1.Time
	list       []metav1.Condition
}

func (b *builder) add(kind string, a Answer) {
	c := metav1.Condition{
		Type: kind, Status: cmp.Or(a.Status, metav1.ConditionFalse), Reason: a.Reason, Message: fit(a.Message, ""),
		ObservedGeneration: b.generation, LastTransitionTime: b.now,
	}
	if was := Find(b.before, kind); was != nil && was.Status == c.Status && was.Reason != v1alpha1.ReasonPending {
		c.LastTransitionTime = was.LastTransitionTime
	}
	b.list = append(b.list, c)
}

// Kept are the conditions of these types as they were: for what cannot be said anew.
func Kept(before []metav1.Condition, kinds ...string) []metav1.Condition {
	var list []metav1.Condition
	for _, kind := range kinds {
		if was := Find(before, kind); was != nil {
			list = append(list, *was)
		}
	}
	return list
}

// Find returns a condition, nil when it is not there.
func Find(list []metav1.Condition, kind string) *metav1.Condition {
	at := slices.IndexFunc(list, func(c metav1.Condition) bool { return c.Type == kind })
	if at < 0 {
		return nil
	}
	return &list[at]
}

// Latched reports whether a condition is True for a generation: then nothing takes Programmed back.
func Latched(list []metav1.Condition, kind string, generation int64) bool {
	c := Find(list, kind)
	return c != nil && c.Status == metav1.ConditionTrue && c.ObservedGeneration == generation
}
