package standalone

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
)

// lookAtTopics notes the ids that the topics have now. One that was made again has another: then
// nothing is published until `clicktally recover` has acknowledged it, and after that with its new id.
func (s *source) lookAtTopics(ctx context.Context) error {
	if len(s.topicIDs) == 0 {
		return nil
	}
	return s.withAdmin(func(admin *kadm.Client) error {
		// Asked this way, the client's cache does not answer.
		there, err := admin.ListTopics(kadm.WithAuthorizedOps(ctx), slices.Sorted(maps.Keys(s.topicIDs))...)
		if err != nil {
			return fmt.Errorf("look at topics: %w", err)
		}
		for name, detail := range there {
			if detail.Err == nil {
				s.topicIDs[name] = detail.ID[:]
			}
		}
		return nil
	})
}
