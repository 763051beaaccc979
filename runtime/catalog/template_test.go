package catalog

import (
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

func from(values map[string]string) func(string) (string, bool) {
	return func(macro string) (string, bool) {
		v, ok := values[macro]
		return v, ok
	}
}

func TestExpand(t *testing.T) {
	values := map[string]string{
		"clickid": "AbC_-1", "sub1": "a b&c=d#e/f?g%h", "sub2": "../..", "sub3": "..", "sub4": "x\r\nSet-Cookie: a",
		"sub5": "größe", "sub20": "last", "out": "https://t.example.com/v1/out?clickid=1&x=2",
	}
	cases := map[string]struct{ template, want string }{
		"a query value cannot add a parameter or begin a fragment": {
			"https://shop.example.org/x?ct={clickid}&s={sub1}", "https://shop.example.org/x?ct=AbC_-1&s=a%20b%26c%3Dd%23e%2Ff%3Fg%25h",
		},
		"a path value stays within its segment": {"https://shop.example.org/{sub1}/end", "https://shop.example.org/a%20b%26c%3Dd%23e%2Ff%3Fg%25h/end"},
		"a fragment value is escaped too":       {"https://shop.example.org/#{sub1}", "https://shop.example.org/#a%20b%26c%3Dd%23e%2Ff%3Fg%25h"},
		"a slash within a path value is escaped, so its dots name no parent": {
			"https://shop.example.org/a/{sub2}", "https://shop.example.org/a/..%2F..",
		},
		"dots alone are dropped in a path, browsers would go up":    {"https://shop.example.org/a/{sub3}/b", "https://shop.example.org/a//b"},
		"dots alone are a fine query value":                         {"https://shop.example.org/?v={sub3}", "https://shop.example.org/?v=.."},
		"a value with control characters is dropped":                {"https://shop.example.org/?v={sub4}&w=1", "https://shop.example.org/?v=&w=1"},
		"other letters are encoded as UTF-8":                        {"https://shop.example.org/?v={sub5}", "https://shop.example.org/?v=gr%C3%B6%C3%9Fe"},
		"letters outside ASCII in the template are encoded":         {"https://shop.example.org/größe", "https://shop.example.org/gr%C3%B6%C3%9Fe"},
		"a URL within a query is escaped as a whole":                {"https://lp.example.org/a?next={out}", "https://lp.example.org/a?next=https%3A%2F%2Ft.example.com%2Fv1%2Fout%3Fclickid%3D1%26x%3D2"},
		"a macro without value is empty":                            {"https://shop.example.org/?v={cost}&w={sub20}", "https://shop.example.org/?v=&w=last"},
		"what is encoded already stays as it is":                    {"https://shop.example.org/a%2Fb?x=%7Bclickid%7D", "https://shop.example.org/a%2Fb?x=%7Bclickid%7D"},
		"a host alone is enough":                                    {"https://shop.example.org", "https://shop.example.org"},
		"a question mark within the query is of the query":          {"https://shop.example.org/?a?b={sub3}", "https://shop.example.org/?a?b=.."},
		"a question mark within the fragment begins no query again": {"https://shop.example.org/#a?b={sub3}", "https://shop.example.org/#a?b=.."},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tmpl, err := ParseTemplate(tc.template)
			if err != nil {
				t.Fatal(err)
			}
			got := tmpl.Expand(nil, from(values))
			if diff := cmp.Diff(tc.want, string(got)); diff != "" {
				t.Error(diff)
			}
			if !tmpl.KeepsHost(got) || tmpl.String() != tc.template {
				t.Errorf("KeepsHost %v, String %q", tmpl.KeepsHost(got), tmpl)
			}
		})
	}
}

func TestParseTemplateRefuses(t *testing.T) {
	cases := map[string]struct{ template, message string }{
		"another scheme":                           {"ftp://shop.example.org/", "https://"},
		"a script":                                 {"javascript://shop.example.org/%0Aalert(1)", "https://"},
		"no scheme":                                {"//shop.example.org/", "https://"},
		"no host":                                  {"https:///x", "host"},
		"a port without a host":                    {"https://:443/x", "host"},
		"a user name":                              {"https://shop.example.org@evil.example/", "user name"},
		"a macro in the host":                      {"https://{sub1}.example.org/", "not in the host"},
		"a macro that ends the host":               {"https://shop.example.org{sub1}/", "not in the host"},
		"an unknown macro":                         {"https://shop.example.org/?a={clckid}", "unknown macro {clckid} at position 29"},
		"a macro number out of range":              {"https://shop.example.org/?a={sub21}", "unknown macro {sub21}"},
		"a macro number written oddly":             {"https://shop.example.org/?a={sub01}", "unknown macro {sub01}"},
		"a brace that never closes":                {"https://shop.example.org/?a={clickid", "opening brace without its end at position 29"},
		"a brace that never opened":                {"https://shop.example.org/?a=}", "closing brace without a macro at position 29"},
		"a line feed":                              {"https://shop.example.org/\nx", "control character at position 26"},
		"a C1 control character":                   {"https://shop.example.org/\u0085", "control character"},
		"a backslash, browsers read it as a slash": {`https://shop.example.org\@evil.example/`, "percent-encoded"},
		"a space":                                  {"https://shop.example.org/a b", "percent-encoded"},
		"bytes that are not UTF-8":                 {"https://shop.example.org/\xff", "UTF-8"},
		"a host outside ASCII":                     {"https://größe.example.org/", "ASCII"},
		"a percent in the host":                    {"https://shop%2eexample.org/", "host"},
		"a port that is no number":                 {"https://shop.example.org:x/", "port"},
		"a port that no server has":                {"https://shop.example.org:99999/", "port"},
		"port 0":                                   {"https://shop.example.org:0/", "port"},
		"more than 2,048 bytes":                    {"https://shop.example.org/" + strings.Repeat("a", 2048), "2048"},
		"an empty text":                            {"", "https://"},
		"an unclosed IPv6 address":                 {"https://[::1/", "host"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := ParseTemplate(tc.template)
			if err == nil || !strings.Contains(err.Error(), tc.message) {
				t.Errorf("got error %v, want one with %q", err, tc.message)
			}
		})
	}
}

func TestTemplateHost(t *testing.T) {
	for text, want := range map[string]string{
		"https://Shop.Example.ORG:8443/x": "shop.example.org",
		"http://127.0.0.1:9000":           "127.0.0.1",
		"https://[2001:db8::1]:443/?a":    "2001:db8::1",
		"HTTPS://shop.example.org./":      "shop.example.org",
	} {
		tmpl, err := ParseTemplate(text)
		if err != nil || tmpl.Host() != want {
			t.Errorf("%s: host %v, error %v, want %s", text, tmpl, err, want)
		}
	}
}

func TestKeepsHostRefusesAnotherHost(t *testing.T) {
	tmpl, err := ParseTemplate("https://shop.example.org/")
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range []string{"https://shop.example.org.evil.example/", "https://evil.example/", "http://shop.example.org/", "https://shop.example.org:81/"} {
		if tmpl.KeepsHost([]byte(u)) {
			t.Errorf("%s passes", u)
		}
	}
}

func TestHosts(t *testing.T) {
	hosts, err := ParseHosts([]string{"*.example.org", "www.example.com", "10.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{
		"shop.example.org": true, "a.b.example.org": true, "SHOP.example.org.": true,
		"example.org": false, "evilexample.org": false, "example.org.evil.com": false, ".example.org": false,
		"www.example.com": true, "a.www.example.com": false, "example.com": false, "10.0.0.1": true, "": false,
	} {
		if got := hosts.Match(host); got != want {
			t.Errorf("Match(%q) = %v, want %v", host, got, want)
		}
	}
	for _, entry := range []string{"*", "a.*.org", "https://a.org", "", "*.*.org", "a..b", "a/b"} {
		if _, err := ParseHosts([]string{entry}); err == nil {
			t.Errorf("%q is accepted", entry)
		}
	}
	if (Hosts{}).Match("example.org") {
		t.Error("the empty list matches")
	}
}

// Whatever a template is and whatever a visitor states, the expanded URL goes to the same host.
func FuzzTemplateKeepsItsHost(f *testing.F) {
	f.Add("https://shop.example.org/{sub1}?a={sub1}#{sub1}", "@evil.example/..//\\\r\n?#&")
	f.Add("http://a.b/{sub1}{sub1}", ".")
	f.Add("https://[::1]:80?{sub1}", "\x00\xff")
	f.Fuzz(func(t *testing.T, text, value string) {
		tmpl, err := ParseTemplate(text)
		if err != nil {
			return
		}
		expanded := tmpl.Expand(nil, func(string) (string, bool) { return value, true })
		if !tmpl.KeepsHost(expanded) {
			t.Fatalf("%q became %q", text, expanded)
		}
		for _, c := range expanded {
			if c <= ' ' || c > unicode.MaxASCII || c == 0x7f || c == '\\' {
				t.Fatalf("byte %#x in %q", c, expanded)
			}
		}
		u, err := url.Parse(string(expanded))
		if err != nil {
			if _, plain := url.Parse(text); plain != nil {
				return // the author's own escapes are wrong, a browser reads them as they stand
			}
			t.Fatalf("%q does not parse: %v", expanded, err)
		}
		if got := normalHost(u.Hostname()); got != tmpl.Host() || u.User != nil {
			t.Fatalf("%q goes to %q, the template to %q", expanded, got, tmpl.Host())
		}
	})
}
