package agent

import (
	"strings"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/fraud/recent"
)

// DefaultCache is how many strings a Classifier remembers: a fleet sees a few thousand that matter,
// and each takes at most event.MaxUserAgent bytes and its Agent.
const DefaultCache = 1 << 14

// Classifier is Classify with a bounded memory of recent strings. It is safe for concurrent use.
type Classifier struct {
	known *recent.Table[string, Agent]
}

// NewClassifier remembers up to entries strings, DefaultCache when it is 0.
func NewClassifier(entries int) *Classifier {
	if entries == 0 {
		entries = DefaultCache
	}
	return &Classifier{known: recent.New[string, Agent](entries)}
}

// Classify reads a user agent string. It keeps a copy, so the string may share memory that is used
// again.
func (c *Classifier) Classify(userAgent string) Agent {
	userAgent = userAgent[:min(len(userAgent), event.MaxUserAgent)]
	if a, ok := c.known.Get(userAgent); ok {
		return a
	}
	a := Classify(userAgent)
	c.known.Update(strings.Clone(userAgent), func(known *Agent, _ bool) { *known = a })
	return a
}
