package link

import (
	"strings"
	"testing"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// Each problem names the parameter as the link does, its kind for the count, and why for people.
func TestProblemsOfALink(t *testing.T) {
	source := &catalog.Source{Source: &catalogpb.Source{Parameters: []*catalogpb.Parameter{
		{From: "price", To: "cost", Currency: "USD"}, {From: "visitor", To: "click_id"}, {From: "zone", Macro: "ZONE_ID", To: "pub_id"},
	}}}
	many := strings.Repeat("x=&", maxParameters)
	cases := map[string]struct {
		query string
		want  string // parameter kind: message; empty: there is none
	}{
		"a good link":                   {"cid=a&ad=1&sub20=x&pos=3&visitor=v&price=0.50&other=%7Bx%7D", ""},
		"empty values":                  {"cid=a&ad=&sub1=&pos=", ""},
		"a macro":                       {"sub1={x}", `sub1 Macro: "{x}" looks like a macro that was not expanded: counts as missing`},
		"a macro of a mapped name":      {"visitor=%24%7BV%7D", `visitor Macro: "${V}" looks like a macro that was not expanded: counts as missing`},
		"a macro of the source's own":   {"zone=ZONE_ID", `zone Macro: "ZONE_ID" looks like a macro that was not expanded: counts as missing`},
		"stated again, by a short name": {"ad_id=1&ad=2", "ad Repeated: is stated again: the first one counts"},
		"an amount stated again":        {"price=1&price=2", "price Repeated: is stated again: the first one counts"},
		"an id that is none":            {"pub=a%20b", "pub ID: is not an id of 1 to 64 of the characters A-Z a-z 0-9 . _ ~ -: dropped"},
		"a text that is too long":       {"sub2=" + strings.Repeat("s", 257), "sub2 Text: is not text of at most 256 bytes: dropped"},
		"a text that is not UTF-8":      {"meta=%ff", "meta Text: is not text of at most 1024 bytes: dropped"},
		"no number":                     {"pos=third", "pos Number: is not a number: dropped"},
		"no amount":                     {"price=cheap", "price Number: is not an amount such as 0.50, at most 100000.00: dropped"},
		"an amount beyond reason":       {"price=100001", "price Number: is not an amount such as 0.50, at most 100000.00: dropped"},
		"a cost of the visitor's own":   {"cost=1", "cost CostUnmapped: a cost counts only where the traffic source (ts_id) maps a parameter to it: dropped"},
		"a broken escape":               {"sub1=%zz", "sub1 Encoding: a percent escape is broken: the parameter is dropped"},
		"64 parameters":                 {many, ""},
		"65 parameters":                 {many + "sub1={x}", " TooMany: more than 64 parameters: the rest is ignored"},
		"no sub":                        {"sub0={x}&sub21={x}&sub01={x}&sub={x}", ""},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			var q Query
			q.Parse(c.query)
			(&Link{}).Read(&q, "a", source)
			var lines []string
			for i := range q.Problems {
				p := &q.Problems[i]
				lines = append(lines, p.Parameter+" "+p.Kind.Name()+": "+p.Message())
			}
			if got := strings.Join(lines, "\n"); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestEveryKindHasNameAndMessage(t *testing.T) {
	for kind := Kind(1); kind < Kinds; kind++ {
		if p := (&Problem{Kind: kind}); kind.Name() == "" || p.Message() == "" {
			t.Errorf("kind %d: name %q, message %q", kind, kind.Name(), p.Message())
		}
	}
}

func TestProblemsAreBounded(t *testing.T) {
	var q Query
	q.Parse(strings.Repeat("%&", 2*maxProblems))
	if len(q.Problems) != maxProblems {
		t.Errorf("%d problems, want %d", len(q.Problems), maxProblems)
	}
	if q.Parse("cid=a"); len(q.Problems) != 0 {
		t.Errorf("a query that is used again still has %d problems", len(q.Problems))
	}
}
