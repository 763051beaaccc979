package velocity

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const (
	hour  = uint32(3600)
	start = int64(1_795_000_000_000)
)

func minutes(n int64) int64 { return start + n*60_000 }

func TestTheEleventhClickWithinAnHourIsTheFirstAboveTen(t *testing.T) {
	c, key := NewCounter(0), Address(ScopeOf("spring-sale"), netip.MustParseAddr("203.0.113.7"))
	for n := range int64(11) {
		if got := c.Hit(key, hour, minutes(n*5)); got != uint32(n+1) {
			t.Fatalf("click %d within an hour counted as %d", n+1, got)
		}
	}
	// Clicks at 0, 5, ... 50. At 59:59.999 all are inside; at 60:00 the first is an hour old.
	if got := c.Hit(key, hour, minutes(60)-1); got != 12 {
		t.Errorf("just before the hour: %d, want 12", got)
	}
	if got := c.Hit(key, hour, minutes(60)); got != 12 {
		t.Errorf("the click an hour ago must be out: %d, want 12", got)
	}
}

func TestCountsAreApart(t *testing.T) {
	a, b := ScopeOf("a"), ScopeOf("b")
	addr := netip.MustParseAddr
	cases := map[string]struct {
		first, second Key
		same          bool
	}{
		"two addresses":                         {Address(a, addr("192.0.2.1")), Address(a, addr("192.0.2.2")), false},
		"two campaigns":                         {Address(a, addr("192.0.2.1")), Address(b, addr("192.0.2.1")), false},
		"one IPv4 address in two forms":         {Address(a, addr("192.0.2.1")), Address(a, addr("::ffff:192.0.2.1")), true},
		"two addresses of one IPv6 /64":         {Address(a, addr("2001:db8:1:2::1")), Address(a, addr("2001:db8:1:2:ffff::9")), true},
		"two IPv6 /64":                          {Address(a, addr("2001:db8:1:2::1")), Address(a, addr("2001:db8:1:3::1")), false},
		"an IPv6 address with a zone":           {Address(a, addr("fe80::1%eth0")), Address(a, addr("fe80::1")), true},
		"the lowest IPv6 /64 and IPv4 0.0.0.0":  {Address(a, addr("::1")), Address(a, addr("0.0.0.0")), false},
		"two devices":                           {Device(a, [16]byte{1}), Device(a, [16]byte{2}), false},
		"one device on two campaigns":           {Device(a, [16]byte{1}), Device(b, [16]byte{1}), false},
		"one device":                            {Device(a, [16]byte{1}), Device(a, [16]byte{1}), true},
		"clicks without a campaign, one device": {Device(ScopeOf(""), [16]byte{1}), Device(ScopeOf(""), [16]byte{1}), true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := NewCounter(16)
			c.Hit(tc.first, hour, start)
			if got := c.Hit(tc.second, hour, start) == 2; got != tc.same {
				t.Errorf("counted together: %v, want %v", got, tc.same)
			}
		})
	}
}

func TestEveryWindowCountsForItself(t *testing.T) {
	c, key := NewCounter(16), Device(ScopeOf("a"), [16]byte{1})
	for n := range int64(4) {
		long, short := c.Hit(key, hour, minutes(10*n)), c.Hit(key, 60, minutes(10*n))
		if long != uint32(n+1) || short != 1 {
			t.Errorf("click %d: %d in an hour and %d in a minute, want %d and 1", n+1, long, short, n+1)
		}
	}
}

func TestAClockThatIsSetBack(t *testing.T) {
	c, key := NewCounter(16), Device(ScopeOf("a"), [16]byte{1})
	c.Hit(key, hour, minutes(0))
	if got := c.Hit(key, hour, minutes(-1)); got != 2 {
		t.Errorf("a minute back counts on: %d, want 2", got)
	}
	if got := c.Hit(key, hour, minutes(-120)); got != 1 {
		t.Errorf("more than the window back begins again: %d, want 1", got)
	}
}

func TestAKeyThatReturnsAfterMonthsBeginsAgain(t *testing.T) {
	c, key := NewCounter(16), Device(ScopeOf("a"), [16]byte{1})
	for range 40 {
		c.Hit(key, hour, start)
	}
	wrap := int64(1) << 32 // the low 32 bits of ms repeat
	if got := c.Hit(key, hour, start+wrap); got != 1 {
		t.Errorf("counted %d, want 1", got)
	}
}

// The oracle keeps every time and counts.
func TestCountsAgreeWithANaiveList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		windowS := rapid.SampledFrom([]uint32{1, 7, 60, 3600, 86400}).Draw(t, "window")
		window := int64(windowS) * 1000
		c, key := NewCounter(4), Device(ScopeOf("a"), [16]byte{1})
		gap := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, window/40), rapid.Int64Range(0, window/8), rapid.Int64Range(0, 2*window))
		var times []int64
		now := rapid.Int64Range(0, 1<<42).Draw(t, "start")
		for range rapid.IntRange(1, 200).Draw(t, "clicks") {
			now += gap.Draw(t, "gap")
			times = append(times, now)
			got := c.Hit(key, windowS, now)
			want, floor := naiveCount(times, now, window), naiveCount(times, now, window-window/buckets)
			if want < MaxExact && got != want {
				t.Fatalf("%d clicks, want %d", got, want)
			}
			if got > want || got < max(min(want, MaxExact), floor) {
				t.Fatalf("%d clicks, want %d, or at least %d", got, want, floor)
			}
		}
	})
}

func naiveCount(times []int64, now, window int64) (n uint32) {
	for _, t := range times {
		if now-t < window {
			n++
		}
	}
	return n
}

func TestMemoryIsBounded(t *testing.T) {
	c := NewCounter(1 << 10)
	for n := range 1 << 13 {
		c.Hit(Device(ScopeOf("a"), [16]byte{byte(n), byte(n >> 8)}), hour, start)
	}
	if c.Len() > 1<<10 {
		t.Errorf("holds %d keys, bound is %d", c.Len(), 1<<10)
	}
	if c.Evictions() == 0 {
		t.Error("what made room is not counted")
	}
}

func TestConcurrentClicksAreAllCounted(t *testing.T) {
	c, key := NewCounter(0), Device(ScopeOf("a"), [16]byte{1})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 500 {
				c.Hit(key, hour, start)
			}
		})
	}
	group.Wait()
	if got := c.Hit(key, hour, start); got != 8*500+1 {
		t.Errorf("counted %d, want %d", got, 8*500+1)
	}
}

func TestAHitAllocatesNothing(t *testing.T) {
	c, addr, now := NewCounter(1<<10), netip.MustParseAddr("2001:db8::1"), start
	hit := func() {
		now += 1000
		addr = addr.Next()
		scope := ScopeOf("spring-sale")
		c.Hit(Address(scope, addr), hour, now)
		c.Hit(Device(scope, [16]byte{byte(now >> 10), byte(now >> 18)}), hour, now)
	}
	for range 1 << 12 {
		hit()
	}
	if allocs := testing.AllocsPerRun(1000, hit); allocs != 0 {
		t.Errorf("%v allocations per hit, want none", allocs)
	}
}

func BenchmarkHit(b *testing.B) {
	c, scope := NewCounter(0), ScopeOf("spring-sale")
	b.ReportAllocs()
	n := uint32(0)
	for b.Loop() {
		n++
		addr := netip.AddrFrom4([4]byte{10, byte(n >> 11), byte(n >> 3), byte(n)})
		c.Hit(Address(scope, addr), hour, start+int64(n))
	}
}

func BenchmarkScopeOf(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ScopeOf("spring-sale")
	}
}

func TestLongerThanTheLongestWindowIsTheLongest(t *testing.T) {
	c, key := NewCounter(16), Device(ScopeOf("a"), [16]byte{1})
	c.Hit(key, hour*48, start)
	if got := c.Hit(key, hour*48, start+MaxWindow.Milliseconds()); got != 1 {
		t.Errorf("a click %s ago still counts: %d, want 1", MaxWindow, got)
	}
	if got := c.Hit(key, hour*48, start+MaxWindow.Milliseconds()+time.Minute.Milliseconds()); got != 2 {
		t.Errorf("counted %d, want 2", got)
	}
}
