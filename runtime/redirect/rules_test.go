package redirect

import (
	"math"
	"strconv"
	"testing"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

const visitors = 20_000

// split routes many visitors by weights of of-1, of-2 and lp-1, and returns what each of them got.
func split(t *testing.T, rule string, change func(*catalogpb.Campaign), weights ...uint32) []string {
	t.Helper()
	shares := []*catalogpb.Share{{Offer: "of-1", Weight: weights[0]}, {Offer: "of-2", Weight: weights[1]}}
	if len(weights) == 3 {
		shares = append(shares, &catalogpb.Share{LandingPage: "lp-1", Weight: weights[2]})
	}
	c := campaign()
	c.Routing = []*catalogpb.Route{{Name: rule, Split: shares}}
	if change != nil {
		change(c)
	}
	r := Request{Actions: defaultActions, Now: now}
	r.Tracker, r.Campaign = load(t, c)
	got := make([]string, visitors)
	for i := range got {
		r.Visitor = []byte("visitor-" + strconv.Itoa(i))
		d := Decide(&r)
		got[i] = d.Offer + d.LandingPage
	}
	return got
}

func share(got []string, of string) float64 {
	n := 0
	for _, g := range got {
		if g == of {
			n++
		}
	}
	return float64(n) / float64(len(got))
}

func moved(a, b []string) float64 {
	n := 0
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return float64(n) / float64(len(a))
}

// near is within five standard deviations of a share of the visitors.
func near(got, want float64) bool {
	return math.Abs(got-want) <= 5*math.Sqrt(want*(1-want)/visitors)
}

func TestASplitFollowsItsWeights(t *testing.T) {
	got := split(t, "r", nil, 7000, 2500, 500)
	for of, want := range map[string]float64{"of-1": 0.70, "of-2": 0.25, "lp-1": 0.05} {
		if s := share(got, of); !near(s, want) {
			t.Errorf("%s got %.4f of the visitors, want %.2f", of, s, want)
		}
	}
}

func TestAVisitorStays(t *testing.T) {
	first := split(t, "r", nil, 7000, 3000)
	if n := moved(first, split(t, "r", nil, 7000, 3000)); n != 0 {
		t.Errorf("%.4f of the visitors moved", n)
	}
	// 70/30 to 60/40: a tenth must move, and only towards of-2.
	second := split(t, "r", nil, 6000, 4000)
	if n := moved(first, second); !near(n, 0.10) {
		t.Errorf("a weight changed by a tenth moved %.4f", n)
	}
	for i := range first {
		if first[i] == "of-2" && second[i] != "of-2" {
			t.Fatalf("visitor %d left the page that grew", i)
		}
	}
	// Independent splits of equal weights agree by chance for .49 + .09.
	if n := moved(first, split(t, "another", nil, 7000, 3000)); !near(n, 0.42) {
		t.Errorf("two rules agree on the same visitors: %.4f differ, want 0.42", n)
	}
}

func TestOnlyTheVisitorsOfAnInactivePageMove(t *testing.T) {
	before := split(t, "r", nil, 5000, 3000, 2000)
	after := split(t, "r", func(c *catalogpb.Campaign) { c.Offers[1].Active = false }, 5000, 3000, 2000)
	for i := range before {
		if before[i] != "of-2" && after[i] != before[i] {
			t.Fatalf("visitor %d moved from %s to %s", i, before[i], after[i])
		}
	}
	if s := share(after, "of-1"); !near(s, 5.0/7) {
		t.Errorf("of-1 has %.4f, want its weight among those left, %.4f", s, 5.0/7)
	}
	if s := share(after, "of-2"); s != 0 {
		t.Errorf("an inactive offer got %.4f of the visitors", s)
	}
}
