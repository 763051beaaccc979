package signal

// Count is the number of clicks of one key within one sliding window, this click included.
type Count struct {
	WindowS uint32 // seconds
	Clicks  uint32
}

// Counts are the velocity counts of one key, at most one per window and MaxWindows in all.
type Counts struct {
	list [MaxWindows]Count
	n    int
}

// Add keeps the count of a window. A window that is there already is replaced; it reports false when
// there is no room for another.
func (c *Counts) Add(windowS, clicks uint32) bool {
	for i := range c.n {
		if c.list[i].WindowS == windowS {
			c.list[i].Clicks = clicks
			return true
		}
	}
	if c.n == MaxWindows {
		return false
	}
	c.list[c.n] = Count{WindowS: windowS, Clicks: clicks}
	c.n++
	return true
}

// In returns the clicks within the window of that many seconds; false when it was not counted.
func (c *Counts) In(windowS uint32) (clicks uint32, ok bool) {
	for i := range c.n {
		if c.list[i].WindowS == windowS {
			return c.list[i].Clicks, true
		}
	}
	return 0, false
}

// All returns the counts in the order they were added; they share c's memory.
func (c *Counts) All() []Count { return c.list[:c.n] }
