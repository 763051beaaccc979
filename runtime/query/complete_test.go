package query

import (
	"testing"
	"time"
)

func TestTheGenerationFurthestBehindDecides(t *testing.T) {
	moment := func(text string) time.Time {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	ahead, behind := moment("2026-11-22T10:00:00Z"), moment("2026-11-22T09:20:59.999Z")
	begins := ahead.Add(time.Hour).UnixMilli()
	unreported := time.UnixMilli(0) // the store's word for a partition that has not reported
	tests := map[string]struct {
		generations []completeness
		want        completeness
	}{
		"one generation, down to its minute": {[]completeness{{until: behind}}, completeness{until: moment("2026-11-22T09:20:00Z")}},
		"the second is behind":               {[]completeness{{until: ahead}, {until: behind}}, completeness{until: moment("2026-11-22T09:20:00Z")}},
		"the first is behind":                {[]completeness{{until: behind}, {until: ahead}}, completeness{until: moment("2026-11-22T09:20:00Z")}},
		"one has not reported":               {[]completeness{{until: ahead}, {until: unreported}}, completeness{}},
		"one has not begun, nor reported":    {[]completeness{{until: behind}, completeness{until: unreported}.from(begins)}, completeness{until: moment("2026-11-22T09:20:00Z")}},
		"one has begun and not reported":     {[]completeness{{until: ahead.Add(2 * time.Hour)}, completeness{until: unreported}.from(begins)}, completeness{until: moment("2026-11-22T11:00:00Z")}},
		"what waits adds up":                 {[]completeness{{until: ahead, dirty: 2}, {until: ahead, dirty: 3}}, completeness{until: ahead, dirty: 5}},
		"there are none":                     {nil, completeness{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := leastOf(test.generations)
			if !got.until.Equal(test.want.until) || got.dirty != test.want.dirty {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
