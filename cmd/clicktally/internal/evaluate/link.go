package evaluate

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
)

// Bounds of a link as trackers take it.
const (
	maxParameters = 64
	maxStated     = 256 // bytes of a user or device id and of the source's click id
)

// Problem is something a link states that a tracker cannot take. The visitor is redirected all the
// same.
type Problem struct {
	Parameter string `json:"parameter"` // as the link names it
	Message   string `json:"message"`
}

// link is what the query of a click states: our names of parameters and their usable values.
type link struct {
	values   map[string]string
	pass     []parameter // handed on to the destination
	problems []Problem
}

// parameter is one pair of a query, decoded.
type parameter struct{ name, value string }

// parseQuery cuts a query into parameters. A question mark or a whole URL in front of it is forgiven:
// people paste links.
func parseQuery(raw string) (list []parameter, problems []Problem) {
	if _, query, ok := strings.Cut(raw, "?"); ok {
		raw = query
	}
	for item := range strings.SplitSeq(raw, "&") {
		if item == "" {
			continue
		}
		if len(list) == maxParameters {
			return list, append(problems, Problem{"", fmt.Sprintf("more than %d parameters: the rest is ignored", maxParameters)})
		}
		name, value, _ := strings.Cut(item, "=")
		decodedName, errName := url.QueryUnescape(name)
		decoded, errValue := url.QueryUnescape(value)
		if errName != nil || errValue != nil {
			problems = append(problems, Problem{name, "a percent escape is broken: the parameter is dropped"})
			continue
		}
		list = append(list, parameter{decodedName, decoded})
	}
	return list, problems
}

// first is the id that a parameter states first, empty when that cannot be used.
func first(list []parameter, name string) string {
	for _, p := range list {
		if p.name == name {
			if looksLikeMacro(p.value) || !event.ValidID(p.value) {
				return ""
			}
			return p.value
		}
	}
	return ""
}

// readLink takes the parameters under our names; a traffic source's mapping wins over ours.
func readLink(list []parameter, mappings []*catalogpb.Parameter) *link {
	l := &link{values: map[string]string{}}
	for _, p := range list {
		if p.value == "" {
			continue
		}
		to, mapped := canonical(p.name), false
		for _, m := range mappings {
			if m.GetFrom() == p.name {
				to, mapped = m.GetTo(), true
				break
			}
		}
		l.set(p, to, mapped)
	}
	return l
}

// canonical is the long form of a parameter's name.
func canonical(name string) string {
	switch name {
	case "ad":
		return "ad_id"
	case "pub":
		return "pub_id"
	}
	return name
}

func (l *link) set(p parameter, to string, mapped bool) {
	what, usable := check(to, p.value)
	switch {
	case what == "":
		l.handOn(p)
	case to == "cost" && !mapped:
		l.problem(p, "a cost counts only where the traffic source (ts_id) maps a parameter to it: dropped")
	case looksLikeMacro(p.value):
		l.problem(p, fmt.Sprintf("%q looks like a macro that was not expanded: counts as missing", p.value))
	case l.values[to] != "":
		l.problem(p, "is stated again: the first one counts")
	case !usable:
		l.problem(p, "is not "+what+": dropped")
	default:
		l.values[to] = p.value
	}
}

func (l *link) problem(p parameter, message string) {
	l.problems = append(l.problems, Problem{p.name, message})
}

// check says what a parameter of ours must be, empty for one that is not ours, and whether value is.
func check(name, value string) (what string, usable bool) {
	const id = "an id of 1 to 64 of the characters A-Z a-z 0-9 . _ ~ -"
	switch name {
	case "cid", "lp_id", "offer_id", "ts_id", "ad_id", "pub_id":
		return id, event.ValidID(value)
	case "uid", "did", "click_id":
		return text(value, maxStated)
	case "source":
		return text(value, event.MaxSub)
	case "meta":
		return text(value, event.MaxMetadata)
	case "pos":
		_, err := strconv.ParseUint(value, 10, 32)
		return "a number", err == nil
	case "cost":
		_, err := event.ParseMoney(value)
		return "an amount such as 0.50", err == nil
	}
	if strings.HasPrefix(name, "sub") && catalog.KnownMacro(name) {
		return text(value, event.MaxSub)
	}
	return "", false
}

func text(value string, most int) (what string, usable bool) {
	return fmt.Sprintf("text of at most %d bytes", most), len(value) <= most && strings.ToValidUTF8(value, "") == value
}

// looksLikeMacro says whether a network left its own macro unexpanded: {x} ${x} #{x} [x] %%x%% __X__.
func looksLikeMacro(s string) bool {
	bare := strings.TrimLeft(s, "$#")
	switch {
	case enclosed(bare, "{", "}"), enclosed(s, "[", "]"), enclosed(s, "%%", "%%"):
		return true
	}
	return enclosed(s, "__", "__") && strings.ToUpper(s) == s
}

func enclosed(s, open, end string) bool {
	return len(s) > len(open)+len(end) && strings.HasPrefix(s, open) && strings.HasSuffix(s, end)
}
