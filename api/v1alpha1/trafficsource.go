package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// TrafficSource is where visitors come from: how its parameters map to ours,
// and how conversions are told to each other. Its name is the ts_id, which
// campaigns of the same namespace may use in links.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=ts,categories=clicktally
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Type",type=string,JSONPath=`.spec.type`
// +kubebuilder:printcolumn:name="Trackers",type=integer,JSONPath=`.status.trackers`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 64",fieldPath=".metadata",message="the name is the ts_id in links: at most 64 characters"
type TrafficSource struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what the campaign team knows of the source.
	// +required
	Spec TrafficSourceSpec `json:"spec,omitzero"`

	// status is what ClickTally reports.
	// +optional
	// +default={"conditions":[{"type":"Accepted","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"},{"type":"ResolvedRefs","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"},{"type":"Programmed","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"},{"type":"Ready","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"}]}
	Status TrafficSourceStatus `json:"status,omitzero"`
}

// TrafficSourceList is a list of traffic sources.
// +kubebuilder:object:root=true
type TrafficSourceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []TrafficSource `json:"items"`
}

// TrafficSourceType is the trade of a traffic source; reports group by it.
// +kubebuilder:validation:Enum=AdNetwork;TelegramBot;PartnerNetwork;Search;Social;Direct
type TrafficSourceType string

const (
	// AdNetwork sells visitors of many publishers.
	AdNetwork TrafficSourceType = "AdNetwork"
	// TelegramBot sends visitors from chats.
	TelegramBot TrafficSourceType = "TelegramBot"
	// PartnerNetwork sends visitors of affiliates.
	PartnerNetwork TrafficSourceType = "PartnerNetwork"
	// Search is ads beside search results.
	Search TrafficSourceType = "Search"
	// Social is ads in social networks.
	Social TrafficSourceType = "Social"
	// Direct is links of one's own: mail, print, QR codes.
	Direct TrafficSourceType = "Direct"
)

// TrafficSourceSpec is what a campaign team knows of a source.
type TrafficSourceSpec struct {
	// type is the source's trade.
	// +required
	Type TrafficSourceType `json:"type,omitempty"`

	// parameters map the source's query parameters to ours, at most 32; each of
	// ours is filled once.
	// +optional
	// +listType=map
	// +listMapKey=to
	// +kubebuilder:validation:MaxItems=32
	Parameters []ParameterMapping `json:"parameters,omitempty"`

	// postback is how the source tells us of conversions.
	// +optional
	Postback *Postback `json:"postback,omitempty"`

	// notify is how we tell the source of conversions, at most 8 calls.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Notify []Notification `json:"notify,omitempty"`
}

// Parameter is a query parameter of a click link that a source may fill.
// +kubebuilder:validation:Enum=ad_id;pub_id;click_id;uid;did;pos;cost;source;meta;sub1;sub2;sub3;sub4;sub5;sub6;sub7;sub8;sub9;sub10;sub11;sub12;sub13;sub14;sub15;sub16;sub17;sub18;sub19;sub20
type Parameter string

// ParameterMapping fills one of our parameters from one of theirs.
// +kubebuilder:validation:XValidation:rule="(self.to == 'cost') == has(self.currency)",message="a mapping to cost must state its currency, and no other may"
type ParameterMapping struct {
	// from is the source's name of the parameter.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9._~-]+$`
	From string `json:"from,omitempty"`

	// macro is what the source's panel replaces by the value, such as ${SUBID};
	// link generation writes it, and a click that still holds it states nothing.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Macro string `json:"macro,omitempty"`

	// to is our parameter.
	// +required
	To Parameter `json:"to,omitempty"`

	// currency is what the source's cost is in. Only cost has one.
	// +optional
	Currency Currency `json:"currency,omitempty"`
}

// TrafficSourceStatus is what ClickTally reports about a traffic source.
type TrafficSourceStatus struct {
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

	// trackers is how many trackers know the source.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Trackers *int32 `json:"trackers,omitempty"`
}
