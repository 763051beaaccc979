package status

import (
	"errors"
	"fmt"

	"github.com/clicktally/clicktally/controllers/internal/publishing"
	"github.com/clicktally/clicktally/runtime/catalog/publish"
)

// Waits says why an object's new generation does not get into the catalog of a pipeline. The message is the
// same as long as the trouble is, so it holds nothing of a client's own words.
func Waits(pipeline string, err error) string {
	return fmt.Sprintf("waiting for pipeline %s: %s", pipeline, trouble(err))
}

func trouble(err error) string {
	switch {
	case errors.Is(err, publish.ErrPrefixOwned):
		return "its topicPrefix belongs to another pipeline: its owner must use another one"
	case errors.Is(err, publish.ErrTopicReplaced):
		return "a Kafka topic was deleted and made again, which its owner must acknowledge with `clicktally recover`"
	case errors.Is(err, publish.ErrFenced):
		return "another operator publishes its catalog"
	case errors.Is(err, publishing.ErrSuspended):
		return "spec.suspend keeps its catalog as it is"
	}
	return "its Kafka cannot be reached or does not answer; what is published goes on"
}
