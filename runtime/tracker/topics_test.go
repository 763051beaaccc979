package tracker

import (
	"slices"
	"testing"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

func TestATopicWasMadeAgainWhenItsIDChanges(t *testing.T) {
	at := func(topic, id string) *catalogpb.Generation {
		return &catalogpb.Generation{Topic: topic, TopicId: []byte(id)}
	}
	before := []*catalogpb.Generation{at("a", "1"), at("b", "1"), at("c", "")}
	now := []*catalogpb.Generation{at("a", "1"), at("b", "2"), at("c", "1"), at("new", "1")}
	if got := madeAgain(before, now); !slices.Equal(got, []string{"b"}) {
		t.Errorf("made again: %v, want b alone: c's id was not known before", got)
	}
}
