package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// FraudPolicy says how many points a signal makes, and what a score means.
// Scores are a function of stored signals and a policy, so a policy can be
// replayed over the past before it is applied.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=fraudpolicies,shortName=fp,categories=clicktally
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Fraudulent",type=string,JSONPath=`.spec.actions.fraudulent`
// +kubebuilder:printcolumn:name="Trackers",type=integer,JSONPath=`.status.trackers`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type FraudPolicy struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is how clicks are judged. Everything in it has a default.
	// +optional
	Spec FraudPolicySpec `json:"spec,omitzero"`

	// status is what ClickTally reports.
	// +optional
	// +default={"conditions":[{"type":"Accepted","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"},{"type":"ResolvedRefs","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"},{"type":"Programmed","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"},{"type":"Ready","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"}]}
	Status FraudPolicyStatus `json:"status,omitzero"`
}

// FraudPolicyList is a list of fraud policies.
// +kubebuilder:object:root=true
type FraudPolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []FraudPolicy `json:"items"`
}

// FraudPolicySpec is how clicks are judged. Order: deny, then allow, then rules
// and model.
type FraudPolicySpec struct {
	// bands divide the scores 0 to 100. Default: suspicious from 31, fraudulent
	// from 71.
	// +optional
	Bands *Bands `json:"bands,omitempty"`

	// rules change the points of reasons, at most 32. A reason left out keeps its
	// default.
	// +optional
	// +listType=map
	// +listMapKey=reason
	// +kubebuilder:validation:MaxItems=32
	Rules []FraudRule `json:"rules,omitempty"`

	// custom are expressions of your own over the signals, at most 16.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Custom []CustomRule `json:"custom,omitempty"`

	// deny are addresses that score 100, at most 256. Longer lists are data files
	// of the tracker.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	Deny []DenyEntry `json:"deny,omitempty"`

	// allow are addresses that score 0 unless denied, at most 256. Only a
	// tracker's policy allows; in a campaign's policy the list has no effect.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	Allow []AllowEntry `json:"allow,omitempty"`

	// model says when the tracker's model counts.
	// +optional
	Model *ModelRule `json:"model,omitempty"`

	// actions say where flagged visitors go.
	// +optional
	Actions *FraudActions `json:"actions,omitempty"`
}

// FraudPolicyStatus is what ClickTally reports about a policy.
type FraudPolicyStatus struct {
	// observedGeneration is the generation that conditions speak of.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Accepted, ResolvedRefs, Programmed, Ready, and while true
	// Reconciling and Stalled.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// trackers is how many trackers score with the policy, as live policy or as
	// shadow.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Trackers *int32 `json:"trackers,omitempty"`
}
