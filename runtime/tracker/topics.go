package tracker

import (
	"bytes"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// adoptTopics lets the producers write to topics that were made again, once somebody has acknowledged
// that in the catalog (`clicktally recover`). A client keeps to the id that it saw first: until then what
// it accepts waits in the journal.
func (t *Tracker) adoptTopics(before, now []*catalogpb.Generation) {
	for _, topic := range madeAgain(before, now) {
		t.log.Warn("the topic was made again, producing to the new one", "topic", topic)
		t.client.PurgeTopicsFromProducing(topic)
		if t.ship != nil {
			t.ship.PurgeTopicsFromProducing(topic)
		}
	}
}

// madeAgain names the topics whose ids differ.
func madeAgain(before, now []*catalogpb.Generation) []string {
	ids := make(map[string][]byte, len(before))
	for _, g := range before {
		ids[g.GetTopic()] = g.GetTopicId()
	}
	var topics []string
	for _, g := range now {
		if id := ids[g.GetTopic()]; len(id) > 0 && !bytes.Equal(id, g.GetTopicId()) {
			topics = append(topics, g.GetTopic())
		}
	}
	return topics
}
