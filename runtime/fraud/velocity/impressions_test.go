package velocity

import (
	"net/netip"
	"testing"
)

func TestImpressions(t *testing.T) {
	visitor := []byte("0123456789abcdef")
	key := OfVisitor("spring-sale", "ad-1", visitor)
	cases := map[string]struct {
		seen   []int64
		look   ImpressionKey
		now    int64
		wantMs uint32
		want   bool
	}{
		"a click half a second later":  {[]int64{start}, key, start + 499, 499, true},
		"a click in the same ms":       {[]int64{start}, key, start, 0, true},
		"the last of several counts":   {[]int64{start, start + 300}, key, start + 400, 100, true},
		"a late impression is none":    {[]int64{start + 300, start}, key, start + 400, 100, true},
		"no impression":                {nil, key, start, 0, false},
		"a clock set back since":       {[]int64{start}, key, start - 1, 0, false},
		"another ad":                   {[]int64{start}, OfVisitor("spring-sale", "ad-2", visitor), start + 1, 0, false},
		"another campaign":             {[]int64{start}, OfVisitor("autumn-sale", "ad-1", visitor), start + 1, 0, false},
		"another visitor":              {[]int64{start}, OfVisitor("spring-sale", "ad-1", visitor[:15]), start + 1, 0, false},
		"ids alike only when joined":   {[]int64{start}, OfVisitor("spring-salea", "d-1", visitor), start + 1, 0, false},
		"one of more than 49 days ago": {[]int64{start}, key, start + 1<<33, 1<<32 - 1, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			m := NewImpressions(16)
			for _, at := range tc.seen {
				m.Saw(key, at)
			}
			if ms, ok := m.Since(tc.look, tc.now); ms != tc.wantMs || ok != tc.want {
				t.Errorf("Since = %d, %v, want %d, %v", ms, ok, tc.wantMs, tc.want)
			}
		})
	}
}

func TestAClientIsAddressAndAgent(t *testing.T) {
	a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	m := NewImpressions(16)
	m.Saw(OfClient("c", "ad", a, "Mozilla/5.0"), start)
	for name, tc := range map[string]struct {
		key  ImpressionKey
		want bool
	}{
		"the same":                           {OfClient("c", "ad", a, "Mozilla/5.0"), true},
		"the same address in IPv6 form":      {OfClient("c", "ad", netip.AddrFrom16(a.As16()), "Mozilla/5.0"), true},
		"another address":                    {OfClient("c", "ad", b, "Mozilla/5.0"), false},
		"another agent":                      {OfClient("c", "ad", a, "curl/8.0"), false},
		"a visitor hash of the same 16 byte": {OfVisitor("c", "ad", a.AsSlice()), false},
	} {
		if _, ok := m.Since(tc.key, start+1); ok != tc.want {
			t.Errorf("%s: known %v, want %v", name, ok, tc.want)
		}
	}
}

func TestAnImpressionAllocatesNothing(t *testing.T) {
	m, addr, now := NewImpressions(1<<10), netip.MustParseAddr("192.0.2.1"), start
	visitor := []byte("0123456789abcdef")
	agent := "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36"
	step := func() {
		now++
		addr = addr.Next()
		m.Saw(OfClient("spring-sale", "ad-1", addr, agent), now)
		m.Since(OfVisitor("spring-sale", "ad-1", visitor), now)
	}
	for range 1 << 12 {
		step()
	}
	if allocs := testing.AllocsPerRun(1000, step); allocs != 0 {
		t.Errorf("%v allocations per impression, want none", allocs)
	}
}
