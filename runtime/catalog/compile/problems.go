package compile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

// report collects the problems of one object.
type report struct {
	ref      Ref
	problems []Problem
	errors   int
}

// invalid reports a value that breaks a rule.
func (r *report) invalid(field, format string, args ...any) {
	r.fail(v1alpha1.ReasonInvalid, field, format, args...)
}

func (r *report) fail(reason, field, format string, args ...any) {
	r.errors++
	r.problems = append(r.problems, Problem{r.ref, field, Error, reason, fmt.Sprintf(format, args...)})
}

// noEffect reports a field that is set and does nothing yet.
func (r *report) noEffect(field, why string) {
	message := "has no effect in this version"
	if why != "" {
		message += ": " + why
	}
	r.problems = append(r.problems, Problem{r.ref, field, Notice, v1alpha1.ReasonUnsupported, message})
}

// noEffectIf is noEffect for a field that may be unset.
func (r *report) noEffectIf(set bool, field, why string) {
	if set {
		r.noEffect(field, why)
	}
}

func (r *report) unchecked(field, format string, args ...any) {
	r.problems = append(r.problems,
		Problem{r.ref, field, Notice, v1alpha1.ReasonRefNotFound, "not checked: " + fmt.Sprintf(format, args...)})
}

// CompareRefs is the order of Result.Outcomes: by kind, namespace and name.
func CompareRefs(a, b Ref) int {
	if c := strings.Compare(a.Kind, b.Kind); c != 0 {
		return c
	}
	if c := strings.Compare(a.Namespace, b.Namespace); c != 0 {
		return c
	}
	return strings.Compare(a.Name, b.Name)
}

func sortProblems(list []Problem) {
	slices.SortStableFunc(list, func(a, b Problem) int {
		return cmp.Or(CompareRefs(a.Ref, b.Ref), strings.Compare(a.Field, b.Field),
			strings.Compare(a.Message, b.Message))
	})
}

// listed joins the first three of a list and counts the rest, so that messages stay short.
func listed(list []string) string {
	const shown = 3
	if len(list) == 0 {
		return "none"
	}
	if len(list) <= shown {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:shown], ", "), len(list)-shown)
}
