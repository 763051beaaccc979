package redirect

import (
	"bytes"
	"net/url"
	"strings"
	"testing"

	"github.com/clicktally/clicktally/runtime/catalog"
)

func parse(t *testing.T, text string) *catalog.Template {
	t.Helper()
	template, err := catalog.ParseTemplate(text)
	if err != nil {
		t.Fatal(err)
	}
	return template
}

func none(string) (string, bool) { return "", false }

func constant(value string) func(string) (string, bool) {
	return func(string) (string, bool) { return value, true }
}

func TestAppendURL(t *testing.T) {
	cases := map[string]struct {
		template string
		test     bool
		clickID  string
		values   func(string) (string, bool)
		want     string
	}{
		"macros are expanded":                   {"https://a.example/x?ct={clickid}&s={sub1}", false, "ID", constant("v 1"), "https://a.example/x?ct=ID&s=v%201"},
		"state Test adds click_id":              {"https://a.example/x", true, "ID", none, "https://a.example/x?click_id=ID"},
		"behind an existing query":              {"https://a.example/x?a=1", true, "ID", none, "https://a.example/x?a=1&click_id=ID"},
		"before a fragment":                     {"https://a.example/x?a=1#top", true, "ID", none, "https://a.example/x?a=1&click_id=ID#top"},
		"before a fragment without a query":     {"https://a.example/x#a?b", true, "ID", none, "https://a.example/x?click_id=ID#a?b"},
		"before an empty fragment":              {"https://a.example/x#", true, "ID", none, "https://a.example/x?click_id=ID#"},
		"behind an empty query":                 {"https://a.example/x?", true, "ID", none, "https://a.example/x?click_id=ID"},
		"behind a query that ends with &":       {"https://a.example/x?a=1&", true, "ID", none, "https://a.example/x?a=1&click_id=ID"},
		"of a host alone":                       {"https://a.example", true, "ID", none, "https://a.example?click_id=ID"},
		"escaped":                               {"https://a.example/", true, "a&b#c", none, "https://a.example/?click_id=a%26b%23c"},
		"not where there is no click":           {"https://a.example/x?ct={clickid}", true, "", none, "https://a.example/x?ct="},
		"a value that looks like a fragment":    {"https://a.example/x?s={sub1}", true, "ID", constant("#f?"), "https://a.example/x?s=%23f%3F&click_id=ID"},
		"too long keeps the click id":           {"https://a.example/x?ct={clickid}&s={sub1}", false, "ID", constant(strings.Repeat("x", MaxDestination)), "https://a.example/x?ct=ID&s="},
		"too long in state Test keeps click_id": {"https://a.example/x?s={sub1}", true, "ID", constant(strings.Repeat("x", MaxDestination)), "https://a.example/x?s=&click_id=ID"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			d := Decision{Destination: parse(t, tc.template), AddClickID: tc.test}
			if got := string(d.AppendURL([]byte("Location: "), tc.clickID, tc.values)); got != "Location: "+tc.want {
				t.Errorf("%s\nwant Location: %s", got, tc.want)
			}
		})
	}
}

func TestTheLengthIsBounded(t *testing.T) {
	template := "https://a.example/" + strings.Repeat("{clickid}", 200) // 200 times 64 bytes is too long
	d := Decision{Destination: parse(t, template), AddClickID: true}
	got := d.AppendURL(nil, strings.Repeat("i", 64), constant("x"))
	if want := "https://a.example/?click_id=" + strings.Repeat("i", 64); string(got) != want {
		t.Errorf("%d bytes %.80q, want %q", len(got), got, want)
	}
}

// Whatever a template that parses is expanded with, the URL is one, and leads to the template's host.
func FuzzAppendURL(f *testing.F) {
	f.Add("https://a.example/x?ct={clickid}&s={sub1}#{sub2}", "ID", "v", true)
	f.Add("http://a.example:8080/{sub1}/{sub1}", "", "../../@evil.example/", false)
	f.Add("https://[2001:db8::1]/{country}", "ID", "//evil.example\\\r\n", true)
	f.Add("https://a.example?{source}", "ID", "%zz#?&=", true)
	f.Add("HTTPS://A.example/ü{sub20}", "ID", "\u202e\x00", false)
	f.Fuzz(func(t *testing.T, text, clickID, value string, test bool) {
		template, err := catalog.ParseTemplate(text)
		if err != nil {
			t.Skip()
		}
		if len(clickID) > 64 {
			t.Skip()
		}
		d := Decision{Destination: template, AddClickID: test}
		got := d.AppendURL(nil, clickID, constant(value))
		if len(got) == 0 || len(got) > MaxDestination || !template.KeepsHost(got) {
			t.Fatalf("%q becomes %d bytes %q", text, len(got), got)
		}
		if bytes.ContainsFunc(got, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			t.Fatalf("%q becomes %q, which is no header value", text, got)
		}
		bare, err := url.Parse(string(template.Expand(nil, none)))
		if err != nil {
			t.Skip() // the template itself is no URL, whatever the values
		}
		parsed, err := url.Parse(string(got))
		if err != nil {
			t.Fatalf("%q becomes %q: %v", text, got, err)
		}
		if parsed.Host != bare.Host || parsed.Scheme != bare.Scheme || parsed.User != nil {
			t.Fatalf("%q leads to %s://%s", text, parsed.Scheme, parsed.Host)
		}
		if test && clickID != "" && parsed.Query().Get("click_id") == "" && !bare.Query().Has("click_id") && !strings.Contains(parsed.RawQuery, ";") {
			t.Fatalf("%q becomes %q without click_id", text, got)
		}
	})
}
