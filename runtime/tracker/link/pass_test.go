package link

import (
	"strings"
	"testing"

	"github.com/clicktally/clicktally/runtime/redirect"
)

// What tools behind us read goes on to the destination, unless its URL states it already.
func TestParametersThatAreHandedOn(t *testing.T) {
	var utm []string // one more than is handed on, each 512 bytes with its name and a separator more
	for c := 'a'; c < 'a'+maxPass+1; c++ {
		utm = append(utm, "utm_"+string(c)+"="+strings.Repeat("x", 505))
	}
	first := func(n int) string { return strings.Join(utm[:n], "&") }
	const url = "https://a.example/p"
	cases := map[string]struct{ query, url, want string }{
		"of networks and utm alone":        {"gclid=G&other=1&utm_=x&utm_A=x&utm_source=n", url, url + "?gclid=G&utm_source=n"},
		"nothing":                          {"cid=a", url + "?#f", url + "?#f"},
		"behind a query":                   {"gclid=G", url + "?a=1", url + "?a=1&gclid=G"},
		"behind a query with nothing":      {"gclid=G", url + "?", url + "?gclid=G"},
		"behind a separator":               {"gclid=G", url + "?a=1&", url + "?a=1&gclid=G"},
		"before a fragment":                {"gclid=G", url + "#f?x=1", url + "?gclid=G#f?x=1"},
		"not what the URL states":          {"gclid=G&fbclid=F", url + "?gclid=own", url + "?gclid=own&fbclid=F"},
		"the first of a repeated one":      {"gclid=1&gclid=2", url, url + "?gclid=1"},
		"a repeated one takes one place":   {strings.Repeat("gclid=1&", 17) + "fbclid=F", url, url + "?gclid=1&fbclid=F"},
		"escaped":                          {"gclid=a%26b%20%C3%A9", url, url + "?gclid=a%26b%20%C3%A9"},
		"at most 512 bytes of one":         {"gclid=" + strings.Repeat("x", 513) + "&fbclid=F", url, url + "?fbclid=F"},
		"a control character stays behind": {"utm_a=x%0d%0aSet-Cookie:y&utm_b=%C2%85&utm_c=%7f&gclid=ok", url, url + "?gclid=ok"},
		"at most 8192 bytes of URL in all": {first(17), url, url + "?" + first(15)},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			var q Query
			var l Link
			q.Parse(c.query)
			l.Read(&q, "a", nil)
			got := string(l.appendPass([]byte("before "+c.url), len("before ")))
			if got != "before "+c.want || len(c.want) > redirect.MaxDestination {
				t.Errorf("got  %s\nwant before %s", got, c.want)
			}
		})
	}
}

func TestAtMost16ParametersAreHandedOn(t *testing.T) {
	var q Query
	var l Link
	q.Parse("gclid=&utm_a=1&utm_b=1&utm_c=1&utm_d=1&utm_e=1&utm_f=1&utm_g=1&utm_h=1&utm_i=1&utm_j=1&utm_k=1&utm_l=1&utm_m=1&utm_n=1&utm_o=1&utm_p=1&utm_q=1")
	l.Read(&q, "a", nil)
	if got := string(l.appendPass(nil, 0)); strings.Count(got, "=") != 16 || !strings.HasSuffix(got, "utm_p=1") {
		t.Errorf("handed on: %s", got)
	}
}
