// Package link reads tracking links and impression pixels, and writes what comes of them: tracking
// links for people to publish, and the URL of a destination (design 8). It is pure: trackers,
// `clicktally explain` and a campaign's tests read a link in the same way.
//
// Query cuts a query string into parameters, Link holds what they mean, a Problem names a parameter
// that could not be taken. A link is read in two steps, because the campaign and the traffic source
// that it names decide how the rest is read.
package link

import (
	"net/url"
	"strings"

	"github.com/clicktally/clicktally/runtime/event"
)

// maxParameters bounds the parameters of one link; those behind it are ignored and reported.
const maxParameters = 64

// parameter is one pair of a query as it was stated, decoded.
type parameter struct{ name, value string }

// Query is a decoded query string of bounded size. It can be used again.
type Query struct {
	list [maxParameters]parameter
	n    int
	// Problems are what could not be taken, of the query and of the link that was read from it.
	Problems Problems
}

// Parse reads an application/x-www-form-urlencoded query without its question mark. A parameter whose
// escapes are broken is dropped and reported. Values share the memory of raw where nothing had to be
// decoded.
func (q *Query) Parse(raw string) {
	q.n, q.Problems = 0, q.Problems[:0]
	for raw != "" {
		var item string
		item, raw, _ = strings.Cut(raw, "&")
		if item == "" {
			continue
		}
		if q.n == maxParameters {
			q.Problems.Add(Problem{Kind: TooMany})
			return
		}
		stated, text, _ := strings.Cut(item, "=")
		name, errName := url.QueryUnescape(stated)
		value, errValue := url.QueryUnescape(text)
		if errName != nil || errValue != nil {
			q.Problems.Add(Problem{Kind: Encoding, Parameter: stated})
			continue
		}
		q.list[q.n] = parameter{name, value}
		q.n++
	}
}

// First returns the first value of a parameter, empty when there is none.
func (q *Query) First(name string) string {
	for i := range q.n {
		if q.list[i].name == name {
			return q.list[i].value
		}
	}
	return ""
}

// ID returns the id that a parameter states first, empty when it is missing or unusable. It finds cid
// and ts_id before the link is read.
func (q *Query) ID(name string) string {
	id := q.First(name)
	if looksLikeMacro(id) || !event.ValidID(id) {
		return ""
	}
	return id
}
