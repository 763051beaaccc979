package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// BillingSchedule seals periods of a pipeline: after the grace it checks that
// the period is complete and balanced, and states its totals for good.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=bs,categories=clicktally
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Pipeline",type=string,JSONPath=`.spec.pipelineRef.name`
// +kubebuilder:printcolumn:name="Sealed",type=integer,JSONPath=`.status.sealedPeriods`
// +kubebuilder:printcolumn:name="Last",type=string,JSONPath=`.status.lastRevision`
// +kubebuilder:printcolumn:name="Sealing",type=string,JSONPath=`.status.conditions[?(@.type=="Sealed")].reason`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type BillingSchedule struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what finance wants.
	// +required
	Spec BillingScheduleSpec `json:"spec,omitzero"`

	// status is what ClickTally reports.
	// +optional
	// +default={"conditions":[{"type":"Accepted","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"},{"type":"ResolvedRefs","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"},{"type":"Programmed","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"},{"type":"Ready","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"}]}
	Status BillingScheduleStatus `json:"status,omitzero"`
}

// BillingScheduleList is a list of billing schedules.
// +kubebuilder:object:root=true
type BillingScheduleList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []BillingSchedule `json:"items"`
}

// BillingPeriod is the length of what one bill covers.
// +kubebuilder:validation:Enum=Day;Week;Month
type BillingPeriod string

const (
	// BillingDay is a calendar day.
	BillingDay BillingPeriod = "Day"
	// BillingWeek is a week from Monday.
	BillingWeek BillingPeriod = "Week"
	// BillingMonth is a calendar month.
	BillingMonth BillingPeriod = "Month"
)

// BillingScheduleSpec is what finance writes.
//
// A period must be sealed while its raw events are still there: the rule below
// holds for the default of 90 days of raw, less a week of reserve. Shorter
// retention is checked against the pipeline.
// +kubebuilder:validation:XValidation:rule="!has(self.grace) || duration({'Day': '24h', 'Week': '168h', 'Month': '744h'}[self.period]) + duration(self.grace) <= duration('1992h')",fieldPath=".grace",message="period and grace together must be at most 1992h (83 days), so that raw events outlive the seal"
type BillingScheduleSpec struct {
	// pipelineRef is an AggregationPipeline of this namespace.
	// +required
	PipelineRef LocalRef `json:"pipelineRef,omitzero"`

	// period is what one bill covers: Day, Week (from Monday) or Month.
	// +required
	Period BillingPeriod `json:"period,omitempty"`

	// timeZone is where days begin. Default: UTC.
	// +optional
	TimeZone TimeZone `json:"timeZone,omitempty"`

	// grace is how long after its end a period waits for late events. Default: 48h.
	// +optional
	Grace Duration `json:"grace,omitempty"`

	// billable are the statuses of clicks that are billed. Default: Valid and
	// Suspicious.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	Billable []ClickStatus `json:"billable,omitempty"`
}

// BillingScheduleStatus is what ClickTally reports about a schedule.
type BillingScheduleStatus struct {
	// observedGeneration is the generation that conditions speak of.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Accepted, ResolvedRefs, Programmed, Ready, Sealed, and while
	// true Reconciling and Stalled.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// sealedPeriods is how many periods have a sealed revision.
	// +optional
	// +kubebuilder:validation:Minimum=0
	SealedPeriods *int32 `json:"sealedPeriods,omitempty"`

	// lastRevision is the revision that was sealed last, such as
	// 2026-10@Europe/Berlin-1.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	LastRevision string `json:"lastRevision,omitempty"`

	// lastSealTime is when lastRevision was sealed.
	// +optional
	LastSealTime *metav1.Time `json:"lastSealTime,omitempty"`
}
