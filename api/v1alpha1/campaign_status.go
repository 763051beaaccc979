package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// CampaignStatus is what ClickTally reports about a campaign. It changes when
// the campaign or its trackers change, never with traffic.
type CampaignStatus struct {
	// observedGeneration is the generation that conditions and trackers speak of.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Accepted, ResolvedRefs, Programmed, Ready, TestsPassed, and
	// while true Reconciling and Stalled.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// serving is what the trackers serve, in words: "gen 7", or "gen 6 (2 of 3)"
	// while some have another generation.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Serving string `json:"serving,omitempty"`

	// trackers tell what became of the campaign on each tracker, in the order of
	// spec.trackerRefs.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Trackers []CampaignTrackerStatus `json:"trackers,omitempty"`
}

// Acceptance says whether a tracker took a campaign.
// +kubebuilder:validation:Enum=True;False;Unknown
type Acceptance string

// CampaignTrackerStatus is what became of a campaign on one tracker.
type CampaignTrackerStatus struct {
	// name is the tracker's name.
	// +required
	Name ObjectName `json:"name,omitempty"`

	// namespace is the tracker's namespace.
	// +required
	Namespace NamespaceName `json:"namespace,omitempty"`

	// accepted is True when the tracker serves the campaign, False when it does
	// not, Unknown before the operator could tell.
	// +required
	Accepted Acceptance `json:"accepted,omitempty"`

	// reason is why, as a reason of the condition Accepted or ResolvedRefs.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Reason string `json:"reason,omitempty"`

	// link is the link to hand out: the tracker's first domain and this cid.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	Link string `json:"link,omitempty"`

	// servedGeneration is the generation that every ready pod of the tracker
	// serves. 0 or absent: none yet.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ServedGeneration int64 `json:"servedGeneration,omitempty"`
}
