package velocity

import (
	"time"

	"github.com/clicktally/clicktally/runtime/fraud/recent"
)

const (
	// DefaultKeys bounds the (key, window) pairs of a counter, and the keys of Impressions. A counter
	// holds about 50 MB when full.
	DefaultKeys = 1 << 18
	// MaxWindow is the longest window; a longer one is counted as this one.
	MaxWindow = 24 * time.Hour
	// MaxExact is how many clicks in a window are counted exactly. Above it a count is at most the
	// clicks of the oldest sixteenth of the window too low, and never too high.
	MaxExact = 16
)

// Counter counts hits per key within sliding windows. A pair of key and window that makes room for
// others begins again at one; so does a window that no policy asked for before.
type Counter struct {
	table *recent.Table[pair, hits]
}

type pair struct {
	key     Key
	windowS uint32
}

// NewCounter keeps up to keys pairs of key and window, DefaultKeys when it is 0.
func NewCounter(keys int) *Counter {
	if keys == 0 {
		keys = DefaultKeys
	}
	return &Counter{table: recent.New[pair, hits](keys)}
}

// Hit counts one click at now, in ms since the epoch, and returns the clicks of key in the window that
// ends now, this one included; a click as old as the window is outside. windowS is in seconds, from 1
// to MaxWindow. While the clock is behind an earlier click of the key, its clicks count as
// simultaneous with that one; behind by more than a window, the key begins again.
func (c *Counter) Hit(key Key, windowS uint32, now int64) (clicks uint32) {
	windowS = min(max(windowS, 1), uint32(MaxWindow/time.Second))
	c.table.Update(pair{key, windowS}, func(h *hits, _ bool) {
		clicks = h.add(now, int64(windowS)*1000)
	})
	return clicks
}

// Len returns the number of pairs held.
func (c *Counter) Len() int { return c.table.Len() }

// Evictions returns how many pairs made room for others; when it grows, counts may be too low.
func (c *Counter) Evictions() uint64 { return c.table.Evictions() }
