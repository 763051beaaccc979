package status

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// One is a condition that a controller of its own writes beside those of a Verdict. do says what helps; it is not cut
// off where the message is too long.
func One(kind string, generation int64, a Answer, do string, before []metav1.Condition, now metav1.Time) metav1.Condition {
	a.Message = fit(a.Message, do)
	b := builder{generation: generation, before: before, now: now}
	b.add(kind, a)
	return b.list[0]
}
