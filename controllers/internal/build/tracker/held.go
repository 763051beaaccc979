package tracker

import (
	"encoding/json"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Held is the number of pods that must go on being applied while spec.autoscaling is set: that of the
// live StatefulSet as long as owner, our field manager, owns the field. Left out before somebody else
// owns it, it falls to 1. The first who scales the fleet takes the field from us; then, and for a fleet
// that is not there (nil), Held is nil: leave it out.
//
// live must come from the API server itself: a cache that lags behind the autoscaler takes its pods back.
func Held(live *appsv1.StatefulSet, owner string) *int32 {
	if live == nil {
		return nil
	}
	for _, entry := range live.ManagedFields {
		if entry.Manager == owner && entry.Operation == metav1.ManagedFieldsOperationApply && entry.Subresource == "" && ownsReplicas(entry.FieldsV1) {
			return live.Spec.Replicas
		}
	}
	return nil
}

func ownsReplicas(fields *metav1.FieldsV1) bool {
	owned := struct {
		Spec struct {
			Replicas *struct{} `json:"f:replicas"`
		} `json:"f:spec"`
	}{}
	return fields != nil && json.Unmarshal(fields.GetRawBytes(), &owned) == nil && owned.Spec.Replicas != nil
}
