package compile

import (
	"testing"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

func TestAPipelineNeverHasFewerPartitions(t *testing.T) {
	announced := map[string]*catalogpb.Record{}
	for number, partitions := range map[uint32]uint32{0: 4, 1: 12} {
		g := &catalogpb.Generation{Number: number, Topic: "t", Partitions: partitions}
		announced["generation/"+string(rune('0'+number))] = &catalogpb.Record{Body: &catalogpb.Record_GenerationRecord{GenerationRecord: g}}
	}
	tests := map[string]struct {
		previous map[string]*catalogpb.Record
		stated   int32
		refused  bool
	}{
		"more":                           {announced, 16, false},
		"as many as were announced last": {announced, 12, false},
		"none stated: those there are":   {announced, 0, false},
		"as many as there were before":   {announced, 4, true},
		"one fewer":                      {announced, 11, true},
		"the first ones":                 {nil, 1, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			object := &v1alpha1.AggregationPipeline{}
			object.Spec.Kafka.Partitions = test.stated
			got := checkPipeline(object, &Objects{Previous: test.previous})
			if refused := got.record == nil; refused != test.refused {
				t.Errorf("refused: %v, want %v (%v)", refused, test.refused, got.problems)
			}
			for _, p := range got.problems {
				if p.Severity == Error && p.Field != "spec.kafka.partitions" {
					t.Errorf("an error at %s: %s", p.Field, p.Message)
				}
			}
		})
	}
}
