package tracker

import (
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
)

func TestClientAddress(t *testing.T) {
	const (
		xff       = catalogpb.ClientAddressHeader_CLIENT_ADDRESS_HEADER_X_FORWARDED_FOR
		forwarded = catalogpb.ClientAddressHeader_CLIENT_ADDRESS_HEADER_FORWARDED
		cf        = catalogpb.ClientAddressHeader_CLIENT_ADDRESS_HEADER_CF_CONNECTING_IP
		proxy     = catalogpb.ClientAddressHeader_CLIENT_ADDRESS_HEADER_PROXY_PROTOCOL
	)
	cases := map[string]struct {
		peer   string
		hops   uint32
		header catalogpb.ClientAddressHeader
		value  string
		want   string // empty: unknown
	}{
		"nothing is trusted by default":              {"203.0.113.1", 0, xff, "192.0.2.1", "203.0.113.1"},
		"a private peer without configuration":       {"10.0.0.1", 0, xff, "192.0.2.1", ""},
		"a loopback peer without configuration":      {"127.0.0.1", 0, 0, "", ""},
		"a mapped IPv4 peer":                         {"::ffff:203.0.113.1", 0, 0, "", "203.0.113.1"},
		"one hop: the last entry":                    {"10.0.0.1", 1, xff, "6.6.6.6, 192.0.2.1", "192.0.2.1"},
		"two hops: the last but one":                 {"10.0.0.1", 2, xff, "6.6.6.6,192.0.2.1 ,10.1.1.1", "192.0.2.1"},
		"fewer entries than hops":                    {"10.0.0.1", 3, xff, "192.0.2.1,10.1.1.1", ""},
		"no header at all":                           {"10.0.0.1", 1, xff, "", ""},
		"an entry with a port":                       {"10.0.0.1", 1, xff, "192.0.2.1:4711", "192.0.2.1"},
		"an IPv6 entry in brackets":                  {"10.0.0.1", 1, xff, "[2001:db8::1]", "2001:db8::1"},
		"an entry that is no address":                {"10.0.0.1", 1, xff, "unknown", ""},
		"too many hops":                              {"10.0.0.1", 99, xff, "192.0.2.1", ""},
		"Forwarded":                                  {"10.0.0.1", 1, forwarded, `for=6.6.6.6, For="[2001:db8::1]:80";proto=https`, "2001:db8::1"},
		"Forwarded with an obfuscated name":          {"10.0.0.1", 1, forwarded, "for=_hidden", ""},
		"Forwarded, the element of the trusted hop":  {"10.0.0.1", 2, forwarded, "for=192.0.2.1;by=x, for=10.1.1.1", "192.0.2.1"},
		"CF-Connecting-IP":                           {"10.0.0.1", 1, cf, "192.0.2.1", "192.0.2.1"},
		"CF-Connecting-IP without a trusted hop":     {"203.0.113.1", 0, cf, "192.0.2.1", "203.0.113.1"},
		"a header this server cannot read is no one": {"10.0.0.1", 1, proxy, "192.0.2.1", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := clientAddress(netip.MustParseAddr(tc.peer), tc.hops, tc.header, func(string) string { return tc.value })
			if text := ""; got.IsValid() {
				text = got.String()
				if text != tc.want {
					t.Errorf("got %s, want %q", text, tc.want)
				}
			} else if tc.want != "" {
				t.Errorf("unknown, want %s", tc.want)
			}
		})
	}
}

func TestStoredAddress(t *testing.T) {
	for name, tc := range map[string]struct {
		addr    string
		privacy catalogpb.AddressPrivacy
		want    string
	}{
		"the default truncates IPv4": {"192.0.2.77", 0, "192.0.2.0"},
		"Truncate of IPv6 is /48":    {"2001:db8:1:2::3", catalogpb.AddressPrivacy_ADDRESS_PRIVACY_TRUNCATE, "2001:db8:1::"},
		"Keep":                       {"192.0.2.77", catalogpb.AddressPrivacy_ADDRESS_PRIVACY_KEEP, "192.0.2.77"},
		"Drop":                       {"192.0.2.77", catalogpb.AddressPrivacy_ADDRESS_PRIVACY_DROP, ""},
	} {
		got, _ := netip.AddrFromSlice(storedAddress(netip.MustParseAddr(tc.addr), tc.privacy))
		if want, _ := netip.ParseAddr(tc.want); got != want {
			t.Errorf("%s: %v, want %q", name, got, tc.want)
		}
	}
}

func TestLooksLikeMacro(t *testing.T) {
	for text, want := range map[string]bool{
		"{click_id}": true, "${SUBID}": true, "#{x}": true, "[CLICK]": true, "%%CLICK%%": true, "__CALLBACK__": true, "{{site_source_name}}": true,
		"abc": false, "": false, "{": false, "a{b}": false, "__init__": false, "[": false, "%%": false, "$1": false,
	} {
		if got := looksLikeMacro(text); got != want {
			t.Errorf("looksLikeMacro(%q) = %v", text, got)
		}
	}
}

func TestClip(t *testing.T) {
	for name, tc := range map[string]struct {
		in    string
		limit int
		want  string
	}{
		"short":                     {"abc", 3, "abc"},
		"long":                      {"abcd", 3, "abc"},
		"a rune on the edge":        {"ab\u00e9", 3, "ab"},
		"not UTF-8":                 {"a\xffb", 9, "ab"},
		"nothing but continuations": {strings.Repeat("\x80", 9), 3, ""},
		"a rune that just fits":     {"a\u00e9", 3, "a\u00e9"},
	} {
		if got := clip(tc.in, tc.limit); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// FuzzQuery compares with net/url, which drops what it cannot read just as we do, but also pairs with
// a semicolon.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"", "a=b", "a=b&a=c&&d", "a%20b=c+d", "%zz=1&ok=2", "=x", "a==b", "sub1=%F0%9F%98%80", "a=%", "a=%4"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		var q query
		q.parse(raw)
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
		for _, p := range q.pairs[:q.n] {
			if got := want.Get(p.name); got != q.first(p.name) {
				t.Fatalf("%q: %q, net/url has %q", p.name, q.first(p.name), got)
			}
		}
	})
}

// FuzzLink checks that whatever a link states, what is kept can be recorded.
func FuzzLink(f *testing.F) {
	f.Add("cid=a&sub1=x&sub20=y&pos=3&cost=1&uid=u&gclid=1&utm_x=%ff")
	f.Add("cid=%7Bcid%7D&ad=%00&meta=" + strings.Repeat("m", 2000))
	f.Fuzz(func(t *testing.T, raw string) {
		var q query
		var l link
		q.parse(raw)
		l.read(&q, q.id("cid"), nil)
		for _, id := range []string{l.cid, l.lpID, l.offerID, l.tsID, l.adID, l.pubID} {
			if id != "" && !event.ValidID(id) {
				t.Fatalf("kept id %q", id)
			}
		}
		for _, text := range append(l.subList(), l.externalID, l.source, l.meta, l.userID, l.deviceID) {
			if !utf8.ValidString(text) || len(text) > event.MaxMetadata {
				t.Fatalf("kept text %q", text)
			}
		}
		base := "https://a.example/p?q=1"
		out := appendPass([]byte(base+"#f"), 0, l.pass[:l.npass])
		if u, err := url.Parse(string(out)); err != nil || u.Host != "a.example" || u.Fragment != "f" || u.Query().Get("q") != "1" {
			t.Fatalf("passed on: %s (%v)", out, err)
		}
	})
}

func FuzzAddress(f *testing.F) {
	f.Add("192.0.2.1, [2001:db8::1]:80", uint32(1))
	f.Add(`for="[::1]";for=x, for=`, uint32(2))
	f.Fuzz(func(t *testing.T, list string, hops uint32) {
		for header := range catalogpb.ClientAddressHeader_name {
			addr := clientAddress(netip.MustParseAddr("10.0.0.1"), hops, catalogpb.ClientAddressHeader(header), func(string) string { return list })
			if addr.IsValid() && (addr.Zone() != "" || addr.Is4In6()) {
				t.Fatalf("%q gave %v", list, addr)
			}
		}
	})
}

func TestParsingALinkAllocatesLittle(t *testing.T) {
	raw := "cid=spring-sale&lp_id=lp-1&ts_id=propeller&ad_id=ad-123&pub_id=p&uid=u-1&did=d-1&click_id=abc&sub1=a&sub2=b&gclid=x&pos=2"
	q, l := &query{}, &link{}
	if n := testing.AllocsPerRun(1000, func() {
		q.parse(raw)
		l.read(q, q.id("cid"), nil)
	}); n != 0 {
		t.Errorf("%v allocations for a link without escapes, want 0", n)
	}
	escaped := raw + "&sub3=a%20b&source=c+d"
	if n := testing.AllocsPerRun(1000, func() {
		q.parse(escaped)
		l.read(q, q.id("cid"), nil)
	}); n > 4 {
		t.Errorf("%v allocations, want at most 2 for each escaped value", n)
	}
}
