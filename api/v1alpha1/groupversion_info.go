package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupName is the API group of every ClickTally kind.
const GroupName = "clicktally.dev"

var (
	// GroupVersion is the group and version of the kinds in this package.
	GroupVersion = schema.GroupVersion{Group: GroupName, Version: "v1alpha1"}

	// SchemeBuilder collects the functions that teach a scheme these kinds.
	SchemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)

	// AddToScheme teaches a scheme the kinds of this package.
	AddToScheme = SchemeBuilder.AddToScheme
)

// Resource returns the group-qualified form of a plural resource name.
func Resource(resource string) schema.GroupResource {
	return GroupVersion.WithResource(resource).GroupResource()
}

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&AggregationPipeline{}, &AggregationPipelineList{},
		&BillingSchedule{}, &BillingScheduleList{},
		&Campaign{}, &CampaignList{},
		&FraudPolicy{}, &FraudPolicyList{},
		&Tracker{}, &TrackerList{},
		&TrafficSource{}, &TrafficSourceList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
