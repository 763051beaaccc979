// Package agent reads user agent strings: what kind of client it is, on which device, system and
// browser.
package agent

import "github.com/clicktally/clicktally/runtime/event"

// Agent is what a user agent string says.
type Agent struct {
	Class event.UserAgentClass
	// Device is the dimension clicks are counted under: Bot for declared crawlers and previews, Other
	// for scripts, libraries and a missing string.
	Device event.DeviceType
	// Presents is the device the string describes, crawlers included. Routing rules look at it, so
	// that a crawler sees what people with such a device see.
	Presents event.DeviceType
	OS       string // one of a closed list, empty when unknown
	Browser  string // one of a closed list, empty when unknown
}

// Classify reads a user agent string; only its first event.MaxUserAgent bytes count.
func Classify(userAgent string) Agent { return Agent{} }

// Classifier is Classify with a bounded memory of recent strings. It is safe for concurrent use.
type Classifier struct{}

// DefaultCache is a good number of strings to remember.
const DefaultCache = 1 << 14

// NewClassifier remembers up to entries strings, DefaultCache when it is 0.
func NewClassifier(entries int) *Classifier { return &Classifier{} }

// Classify reads a user agent string. The string is copied before it is kept.
func (c *Classifier) Classify(userAgent string) Agent { return Classify(userAgent) }
