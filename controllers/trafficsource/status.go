package trafficsource

import (
	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/judge"
)

// statusOf states how many trackers take the source's ts_id: those that serve a campaign of its namespace.
func statusOf(source *v1alpha1.TrafficSource, seen judge.Seen, trackers int32) *v1alpha1.TrafficSourceStatus {
	next := &v1alpha1.TrafficSourceStatus{
		ObservedGeneration: seen.Generation, Conditions: seen.Conditions, Trackers: source.Status.Trackers,
	}
	if len(seen.Views) > 0 {
		next.Trackers = &trackers
	}
	return next
}
