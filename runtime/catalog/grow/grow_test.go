package grow_test

import (
	"math"
	"testing"
	"time"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/grow"
)

func TestAGenerationIsAnnouncedAheadOfWhateverIsInTheLog(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	four := &catalogpb.Generation{Number: 0, Topic: "t", Partitions: 4}
	soon := &catalogpb.Generation{Number: 7, Topic: "u", Partitions: 8, StartMs: now.Add(time.Minute).UnixMilli()}
	lead := 5*time.Minute + 90*time.Second // maxAhead, and half a minute each to publish, to know, for clocks
	tests := map[string]struct {
		on         []*catalogpb.Generation
		partitions uint32
		newest     time.Time
		number     uint32
		start      time.Time // zero: none is announced
	}{
		"more partitions":          {[]*catalogpb.Generation{four}, 12, time.Time{}, 1, now.Add(lead)},
		"as many as there are":     {[]*catalogpb.Generation{four}, 4, time.Time{}, 0, time.Time{}},
		"fewer":                    {[]*catalogpb.Generation{four}, 3, time.Time{}, 0, time.Time{}},
		"as many as are announced": {[]*catalogpb.Generation{four, soon}, 8, time.Time{}, 0, time.Time{}},
		"more than announced, after it has begun":  {[]*catalogpb.Generation{four, soon}, 12, time.Time{}, 8, now.Add(time.Minute + lead)},
		"an event of a clock that is ahead":        {[]*catalogpb.Generation{four}, 12, now.Add(time.Hour), 1, now.Add(time.Hour + lead)},
		"events as old as they are on a quiet day": {[]*catalogpb.Generation{four}, 12, now.Add(-time.Hour), 1, now.Add(lead)},
		"nothing is announced yet":                 {nil, 12, time.Time{}, 0, time.Time{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			plan := grow.Plan{On: test.on, Partitions: test.partitions, Now: now, Newest: test.newest, MaxAhead: 5 * time.Minute}
			next, err := plan.Next()
			if err != nil {
				t.Fatal(err)
			}
			if test.start.IsZero() {
				if next != nil {
					t.Errorf("announces %v", next)
				}
				return
			}
			if next.GetNumber() != test.number || next.GetPartitions() != test.partitions || next.GetStartMs() != test.start.UnixMilli() {
				t.Errorf("got %v, want generation %d from %v", next, test.number, test.start)
			}
			again := grow.Plan{On: append(catalog.Generations(test.on), next), Partitions: test.partitions, Now: now.Add(time.Second), MaxAhead: 5 * time.Minute}
			if twice, err := again.Next(); twice != nil || err != nil {
				t.Errorf("asked again it announces %v, %v", twice, err)
			}
		})
	}
	full := grow.Plan{On: catalog.Generations{{Number: math.MaxUint16, Partitions: 1}}, Partitions: 2}
	if next, err := full.Next(); err == nil {
		t.Errorf("src_part has no room for generation %v", next)
	}
}
