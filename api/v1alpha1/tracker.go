package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Tracker is a fleet of pods that redirect visitors and record their clicks.
//
// The journal's volume, size and class are immutable because StatefulSets
// cannot change them: make a second tracker, move the domains, drain the first.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=trk,categories=clicktally
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Serving",type=integer,JSONPath=`.status.serving`
// +kubebuilder:printcolumn:name="Behind",type=integer,JSONPath=`.status.behind`
// +kubebuilder:printcolumn:name="Campaigns",type=integer,JSONPath=`.status.campaigns`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="(has(self.spec.journal) && has(self.spec.journal.volume)) == (has(oldSelf.spec.journal) && has(oldSelf.spec.journal.volume)) && (!(has(self.spec.journal) && has(self.spec.journal.volume)) || self.spec.journal.volume == oldSelf.spec.journal.volume)",fieldPath=".spec.journal.volume",message="the journal's volume is immutable: make a second tracker and move the domains"
// +kubebuilder:validation:XValidation:rule="(has(self.spec.journal) && has(self.spec.journal.size)) == (has(oldSelf.spec.journal) && has(oldSelf.spec.journal.size)) && (!(has(self.spec.journal) && has(self.spec.journal.size)) || self.spec.journal.size == oldSelf.spec.journal.size)",fieldPath=".spec.journal.size",message="the journal's size is immutable: make a second tracker and move the domains"
// +kubebuilder:validation:XValidation:rule="(has(self.spec.journal) && has(self.spec.journal.storageClassName)) == (has(oldSelf.spec.journal) && has(oldSelf.spec.journal.storageClassName)) && (!(has(self.spec.journal) && has(self.spec.journal.storageClassName)) || self.spec.journal.storageClassName == oldSelf.spec.journal.storageClassName)",fieldPath=".spec.journal.storageClassName",message="the journal's storage class is immutable: make a second tracker and move the domains"
type Tracker struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what the platform team wants.
	// +required
	Spec TrackerSpec `json:"spec,omitzero"`

	// status is what ClickTally reports.
	// +optional
	// +default={"conditions":[{"type":"Accepted","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"},{"type":"ResolvedRefs","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"},{"type":"Programmed","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"},{"type":"Ready","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"}]}
	Status TrackerStatus `json:"status,omitzero"`
}

// TrackerList is a list of trackers.
// +kubebuilder:object:root=true
type TrackerList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []Tracker `json:"items"`
}

// TrackerSpec is what a platform team writes.
// +kubebuilder:validation:XValidation:rule="has(self.replicas) != has(self.autoscaling)",message="must set exactly one of replicas and autoscaling"
// +kubebuilder:validation:XValidation:rule="!has(self.route) || self.route.type == 'None' || has(self.clientAddress)",fieldPath=".clientAddress",message="a route puts a proxy in front: say how to see the visitor behind it"
type TrackerSpec struct {
	// pipelineRef is the AggregationPipeline of this namespace that counts.
	// +required
	PipelineRef LocalRef `json:"pipelineRef,omitzero"`

	// domains are the names that links use, 1 to 32. The first is the default.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a == b))",message="names a domain twice"
	Domains []Host `json:"domains,omitempty"`

	// fallbackURL is where a visitor goes when nothing else is known: an unknown
	// campaign, or a campaign without any page.
	// +required
	FallbackURL URL `json:"fallbackURL,omitempty"`

	// replicas is the number of pods, 1 to 1000.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	Replicas int32 `json:"replicas,omitempty"`

	// autoscaling lets the load decide the number of pods.
	// +optional
	Autoscaling *Autoscaling `json:"autoscaling,omitempty"`

	// version pins the image. Default: the operator's own version.
	// +optional
	Version Version `json:"version,omitempty"`

	// suspend keeps the operator from acting on this tracker. Visitors are served.
	// +optional
	Suspend Suspend `json:"suspend,omitempty"`

	// route is how visitors come in from outside the cluster. Default: None.
	// +optional
	Route *TrackerRoute `json:"route,omitempty"`

	// clientAddress is how to see a visitor's address behind proxies. Default:
	// nothing is trusted, the peer is the visitor.
	// +optional
	ClientAddress *ClientAddress `json:"clientAddress,omitempty"`

	// allowedCampaigns are the campaigns that may use this tracker. Default:
	// those of its own namespace.
	// +optional
	AllowedCampaigns *AllowedCampaigns `json:"allowedCampaigns,omitempty"`

	// destinations are where visitors may be sent.
	// +optional
	Destinations *Destinations `json:"destinations,omitempty"`

	// fraud is how clicks are scored.
	// +optional
	Fraud *TrackerFraud `json:"fraud,omitempty"`

	// limits are the rate limits of every campaign here. A campaign may set lower
	// ones.
	// +optional
	Limits *TrackerLimits `json:"limits,omitempty"`

	// ack is when a click counts as accepted.
	// +optional
	Ack *Ack `json:"ack,omitempty"`

	// journal is where clicks wait while Kafka is away.
	// +optional
	Journal *Journal `json:"journal,omitempty"`

	// privacy is what is kept of a visitor.
	// +optional
	Privacy *Privacy `json:"privacy,omitempty"`

	// data are the files that signals are looked up in.
	// +optional
	Data *TrackerData `json:"data,omitempty"`

	// signing is how links are protected.
	// +optional
	Signing *Signing `json:"signing,omitempty"`

	// pod overrides parts of the pods.
	// +optional
	Pod *PodOverrides `json:"pod,omitempty"`
}

// TrackerStatus is what ClickTally reports about a tracker. The numbers are
// coarse: they follow the fleet at most every 10 seconds.
type TrackerStatus struct {
	// observedGeneration is the generation that conditions speak of.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Accepted, ResolvedRefs, Programmed, Ready, Durable,
	// ClientAddressKnown, and while true Reconciling and Stalled.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// serving is how many pods serve.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Serving *int32 `json:"serving,omitempty"`

	// behind is how many of them have not applied the latest configuration.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Behind *int32 `json:"behind,omitempty"`

	// campaigns is how many campaigns the tracker serves.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Campaigns *int32 `json:"campaigns,omitempty"`
}
