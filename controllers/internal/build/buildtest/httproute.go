package buildtest

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// httpRoute is the part of the Gateway API's HTTPRoute, v1, that is used here, as its reference says
// it: names of fields and their types.
type httpRoute struct {
	metav1.TypeMeta `json:",inline"`

	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     struct {
		ParentRefs []struct {
			Group       *string `json:"group"`
			Kind        *string `json:"kind"`
			Namespace   *string `json:"namespace"`
			Name        string  `json:"name"`
			SectionName *string `json:"sectionName"`
			Port        *int32  `json:"port"`
		} `json:"parentRefs"`
		Hostnames []string `json:"hostnames"`
		Rules     []struct {
			Matches []struct {
				Path struct {
					Type  string `json:"type"`
					Value string `json:"value"`
				} `json:"path"`
			} `json:"matches"`
			BackendRefs []struct {
				Group     *string `json:"group"`
				Kind      *string `json:"kind"`
				Namespace *string `json:"namespace"`
				Name      string  `json:"name"`
				Port      *int32  `json:"port"`
				Weight    *int32  `json:"weight"`
			} `json:"backendRefs"`
		} `json:"rules"`
	} `json:"spec"`
}
