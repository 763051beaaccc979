package score

import "testing"

func TestAPersonCostsNoAllocation(t *testing.T) {
	s := browser()
	policy := build(t, lists(entries("198.51.100.0/24", "2001:db8::/32"), entries("203.0.113.7/32")))
	stricter := build(t, unchanged)
	if allocs := testing.AllocsPerRun(1000, func() { Score(&s, policy, stricter, now) }); allocs != 0 {
		t.Errorf("%v allocations, want none", allocs)
	}
}

func TestReasonsCostTwoAllocations(t *testing.T) {
	s, policy := facts{ipClicks(11), deviceClicks(6), class(nonBrowser)}.signals(), Default()
	if allocs := testing.AllocsPerRun(1000, func() { Score(s, policy, nil, now) }); allocs > 2 {
		t.Errorf("%v allocations, want the reasons and their list", allocs)
	}
}

func BenchmarkScorePerson(b *testing.B) {
	s := browser()
	policy := build(b, lists(entries("198.51.100.0/24", "2001:db8::/32"), entries("203.0.113.7/32")))
	b.ReportAllocs()
	for b.Loop() {
		Score(&s, policy, nil, now)
	}
}

func BenchmarkScoreTwoPoliciesThreeReasons(b *testing.B) {
	s := facts{ipClicks(11), deviceClicks(6), class(nonBrowser)}.signals()
	tracker, campaign := build(b, unchanged), build(b, unchanged)
	b.ReportAllocs()
	for b.Loop() {
		Score(s, tracker, campaign, now)
	}
}
