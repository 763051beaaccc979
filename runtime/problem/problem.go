// Package problem is how every HTTP surface of ClickTally says that something is wrong:
// application/problem+json (RFC 9457) with a stable type and the offending parameter.
package problem

import (
	"encoding/json"
	"net/http"
)

// Base is the common beginning of every problem's type. A type never changes once released.
const Base = "https://clicktally.dev/problems/"

// ContentType is the media type of a problem.
const ContentType = "application/problem+json"

// Problem is one refused request.
type Problem struct {
	// Type is Base and a stable name, such as "bad-parameter".
	Type string `json:"type"`
	// Title is the same for every problem of one type.
	Title string `json:"title"`
	// Status is the HTTP status it is answered with.
	Status int `json:"status"`
	// Detail says what was wrong here and what to do.
	Detail string `json:"detail,omitempty"`
	// Parameter names the query parameter or field that is wrong, or is empty.
	Parameter string `json:"parameter,omitempty"`
}

// New returns a problem of the type Base+name.
func New(status int, name, title, detail string) *Problem {
	return &Problem{Type: Base + name, Title: title, Status: status, Detail: detail}
}

// BadParameter returns a 400 that names the parameter at fault.
func BadParameter(parameter, detail string) *Problem {
	p := New(http.StatusBadRequest, "bad-parameter", "A parameter is wrong", detail)
	p.Parameter = parameter
	return p
}

// Error makes a Problem an error: the parameter, when there is one, and the detail.
func (p *Problem) Error() string {
	if p.Parameter != "" {
		return p.Parameter + ": " + p.Detail
	}
	return p.Detail
}

// Write answers with the problem. A problem is never cached.
func (p *Problem) Write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", ContentType)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the reader is gone: nobody is left to tell
}
