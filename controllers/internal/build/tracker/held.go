package tracker

import (
	"encoding/json"

	appsv1 "k8s.io/api/apps/v1"
)

// Held is the number of pods that must go on being applied while spec.autoscaling is set: that of the
// live StatefulSet until somebody else than owner, our field manager, owns the field. Left out before
// that, nobody owns it, and it falls to 1. nil: leave it out.
func Held(live *appsv1.StatefulSet, owner string) *int32 {
	if live == nil || live.Spec.Replicas == nil {
		return nil
	}
	for _, entry := range live.ManagedFields {
		if entry.Manager != owner && entry.FieldsV1 != nil && ownsReplicas(entry.FieldsV1.GetRawBytes()) {
			return nil
		}
	}
	return live.Spec.Replicas
}

func ownsReplicas(fields []byte) bool {
	owned := struct {
		Spec struct {
			Replicas *struct{} `json:"f:replicas"`
		} `json:"f:spec"`
	}{}
	return json.Unmarshal(fields, &owned) == nil && owned.Spec.Replicas != nil
}
