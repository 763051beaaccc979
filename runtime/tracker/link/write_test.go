package link

import (
	"slices"
	"strings"
	"testing"
)

// A link that is written reads back as it was stated, whatever that was.
func FuzzWrittenLinksReadBack(f *testing.F) {
	f.Add("lp-1", "a b", "ö&=#?", "%zz")
	f.Add("", "x", "", "")
	f.Add("a/b", strings.Repeat("é", 200), "\xff", "+")
	f.Fuzz(func(t *testing.T, id, click, meta, sub string) {
		stated := Link{LpID: id, PublisherID: id, ExternalID: click, Metadata: meta}
		stated.SetSubs([]string{"", sub})
		if wrong, bad := stated.Check(); bad {
			if wrong.Kind != ID && wrong.Kind != Text || wrong.Parameter == "" {
				t.Fatalf("refused without a reason: %+v", wrong)
			}
			return
		}
		if slices.ContainsFunc([]string{click, meta, sub}, looksLikeMacro) {
			return // a network is to expand it
		}
		var q Query
		var read Link
		q.Parse(string(stated.AppendQuery(nil)))
		read.Read(&q, "", nil)
		if read != stated || len(q.Problems) > 0 {
			t.Fatalf("%s\nread %+v\nwant %+v\n%v", stated.AppendQuery(nil), read, stated, q.Problems)
		}
	})
}

func TestCheckNamesWhatALinkCannotState(t *testing.T) {
	long := strings.Repeat("x", 257)
	cases := map[string]struct {
		link Link
		want Problem // zero: there is none
	}{
		"nothing stated":          {Link{}, Problem{}},
		"an id with a slash":      {Link{AdID: "a/b"}, Problem{Kind: ID, Parameter: "ad_id"}},
		"ids come before texts":   {Link{PublisherID: " ", ExternalID: long}, Problem{Kind: ID, Parameter: "pub_id"}},
		"a click id of 257 bytes": {Link{ExternalID: long}, Problem{Kind: Text, Parameter: "click_id", Limit: 256}},
		"metadata not in UTF-8":   {Link{Metadata: "\xff"}, Problem{Kind: Text, Parameter: "meta", Limit: 1024}},
		"a sub of 257 bytes":      {Link{subs: [20]string{2: long}}, Problem{Kind: Text, Parameter: "sub3", Limit: 256}},
	}
	for sentence, c := range cases {
		if got, bad := c.link.Check(); got != c.want || bad != (c.want != Problem{}) {
			t.Errorf("%s: got %+v, %v, want %+v", sentence, got, bad, c.want)
		}
	}
}
