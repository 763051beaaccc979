package controllers

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

func TestTheSchemeKnowsOurKindsAndThoseOfKubernetes(t *testing.T) {
	s := NewScheme()
	if gvk, err := apiutil.GVKForObject(&v1alpha1.Campaign{}, s); err != nil || gvk.String() != "clicktally.dev/v1alpha1, Kind=Campaign" {
		t.Errorf("%v, %v", gvk, err)
	}
	if gvk, err := apiutil.GVKForObject(&appsv1.StatefulSet{}, s); err != nil || gvk.Kind != "StatefulSet" {
		t.Errorf("%v, %v", gvk, err)
	}
}
