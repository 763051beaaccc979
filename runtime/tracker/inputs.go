package tracker

// problemKind is something a link stated that could not be taken; the visitor is redirected all the
// same, and clicktally_tracker_input_problems_total tells that a set-up needs a look.
type problemKind uint8

// Kinds, as the metric names them.
const (
	problemMacro    problemKind = iota // a value is an unexpanded macro: counts as missing
	problemRepeated                    // a parameter is stated again: the first wins
	problemID                          // an id is too long or outside the alphabet: dropped
	problemText                        // a text is too long or not UTF-8: dropped
	problemNumber                      // not a number, or an amount that cannot be read: dropped
	problemEncoding                    // a percent escape is broken: dropped
	problemTooMany                     // more than maxParameters: the rest is ignored
	problemCost                        // cost without a mapping of the traffic source: dropped
	problemSource                      // ts_id names no source of the campaign
	problemClickID                     // a click id of ours with a wrong MAC
	problemKinds
)

var problemNames = [problemKinds]string{
	"Macro", "Repeated", "ID", "Text", "Number", "Encoding", "TooMany", "CostUnmapped", "SourceUnknown", "ClickID",
}

// problems counts what was wrong with one request.
type problems [problemKinds]uint8

func (p *problems) add(kind problemKind) {
	if p[kind] < 255 {
		p[kind]++
	}
}
