package velocity

import "time"

const (
	// DefaultKeys bounds the (key, window) pairs of a counter: about 40 MB when full.
	DefaultKeys = 1 << 18
	// MaxWindow is the longest window.
	MaxWindow = 24 * time.Hour
)

// Counter counts hits per key within sliding windows.
type Counter struct{}

// NewCounter keeps up to keys pairs of key and window, DefaultKeys when it is 0.
func NewCounter(keys int) *Counter { return &Counter{} }

// Hit counts one click at now, in ms since the epoch, and returns the clicks of key in the window that
// ends now, this one included. windowS is in seconds, at most MaxWindow.
func (c *Counter) Hit(key Key, windowS uint32, now int64) uint32 { return 1 }
