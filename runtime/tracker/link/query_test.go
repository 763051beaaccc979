package link

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzQuery compares with net/url, which drops what it cannot read just as we do, but also pairs with
// a semicolon.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"", "a=b", "a=b&a=c&&d", "a%20b=c+d", "%zz=1&ok=2", "=x", "a==b", "sub1=%F0%9F%98%80", "a=%", "a=%4"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		var q Query
		q.Parse(raw)
		if strings.Contains(raw, ";") || q.n == maxParameters {
			return
		}
		want, _ := url.ParseQuery(raw)
		n := 0
		for _, values := range want {
			n += len(values)
		}
		if n != q.n {
			t.Fatalf("%d pairs, net/url has %d: %v", q.n, n, want)
		}
		for _, p := range q.list[:q.n] {
			if got := want.Get(p.name); got != q.First(p.name) {
				t.Fatalf("%q: %q, net/url has %q", p.name, q.First(p.name), got)
			}
		}
	})
}
