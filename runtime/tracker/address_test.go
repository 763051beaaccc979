package tracker

import (
	"net/netip"
	"testing"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
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
