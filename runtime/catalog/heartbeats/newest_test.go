package heartbeats

import (
	"testing"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
)

func TestHowNewTheNewestEventIs(t *testing.T) {
	type report struct {
		pod    string
		age    time.Duration // of the report
		newest *event.NewestEvent
	}
	ahead := func(by time.Duration) *event.NewestEvent { return &event.NewestEvent{At: noon.Add(by).UnixMilli()} }
	for sentence, c := range map[string]struct {
		reports []report
		want    newest
	}{
		"nobody tells":                              {nil, newest{}},
		"none is ahead of the clock":                {[]report{{"a", 0, &event.NewestEvent{}}}, newest{known: true}},
		"the furthest ahead counts":                 {[]report{{"a", 0, ahead(time.Minute)}, {"b", 0, ahead(time.Hour)}}, newest{true, time.Hour}},
		"a clock that is ahead stays ahead":         {[]report{{"a", 10 * time.Second, ahead(50 * time.Second)}}, newest{true, time.Minute}},
		"one that cannot ask does not hide another": {[]report{{"a", 0, nil}, {"b", 0, ahead(time.Hour)}}, newest{true, time.Hour}},
		"an aggregator of an older version":         {[]report{{"a", 0, nil}}, newest{}},
		"an answer that is not repeated is over":    {[]report{{"a", newestHolds + time.Second, ahead(time.Hour)}}, newest{}},
	} {
		found := judgements{}
		for _, r := range c.reports {
			found.hear(&event.Heartbeat{Pod: r.pod, Balance: &event.Balance{Status: "True"}, Newest: r.newest}, noon.Add(-r.age))
		}
		if got := found.newest(noon); got != c.want {
			t.Errorf("%s: %+v, want %+v", sentence, got, c.want)
		}
	}
}
