package event

import (
	"encoding/json"
	"testing"
)

func TestTheHandWrittenJSONIsThatOfTheViews(t *testing.T) {
	whole := full(t)
	odd := &Verdict{Reasons: []*ReasonPoints{{Name: "a \"b\" <c> & \\ \u00fc \x01"}, {Reason: Reason_REASON_CUSTOM, Points: 7}}, ListVersion: "\xff"}
	for name, verdict := range map[string]*Verdict{"none": nil, "empty": {}, "full": whole.Verdict, "odd texts": odd} {
		same(t, "verdict, "+name, verdict.AppendJSON([]byte("x")), verdict.View(), verdict == nil)
	}
	for name, signals := range map[string]*Signals{
		"none": nil, "empty": {}, "full": whole.Signals, "at once": {ImpressionToClickMs: new(uint32)},
	} {
		same(t, "signals, "+name, signals.AppendJSON([]byte("x")), signals.View(), signals == nil)
	}
}

func same(t *testing.T, name string, got []byte, view any, none bool) {
	t.Helper()
	want, err := json.Marshal(view)
	if err != nil {
		t.Fatal(err)
	}
	if none {
		want = nil
	}
	if string(got) != "x"+string(want) {
		t.Errorf("%s: %s, want %s", name, got[1:], want)
	}
}
