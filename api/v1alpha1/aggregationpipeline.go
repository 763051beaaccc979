package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AggregationPipeline is where clicks go and become numbers: the stores, what
// is counted, and how long it is kept. Deleting it removes workloads, never
// topics or tables.
//
// Topic prefix, database and dimensions are immutable because counted rows hold
// them: make a second pipeline and move the trackers.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=pipe,categories=clicktally
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Prefix",type=string,JSONPath=`.spec.kafka.topicPrefix`
// +kubebuilder:printcolumn:name="Trackers",type=integer,JSONPath=`.status.trackers`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="has(self.spec.kafka.topicPrefix) == has(oldSelf.spec.kafka.topicPrefix) && (!has(self.spec.kafka.topicPrefix) || self.spec.kafka.topicPrefix == oldSelf.spec.kafka.topicPrefix)",fieldPath=".spec.kafka.topicPrefix",message="the topic prefix is immutable: make a second pipeline and move the trackers"
// +kubebuilder:validation:XValidation:rule="has(self.spec.clickHouse.database) == has(oldSelf.spec.clickHouse.database) && (!has(self.spec.clickHouse.database) || self.spec.clickHouse.database == oldSelf.spec.clickHouse.database)",fieldPath=".spec.clickHouse.database",message="the database is immutable: make a second pipeline and move the trackers"
// +kubebuilder:validation:XValidation:rule="has(self.spec.dimensions) == has(oldSelf.spec.dimensions) && (!has(self.spec.dimensions) || self.spec.dimensions == oldSelf.spec.dimensions)",fieldPath=".spec.dimensions",message="the dimensions are immutable: make a second pipeline and move the trackers"
type AggregationPipeline struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what the platform team wants.
	// +required
	Spec AggregationPipelineSpec `json:"spec,omitzero"`

	// status is what ClickTally reports.
	// +optional
	// +default={"conditions":[{"type":"Accepted","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"},{"type":"ResolvedRefs","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"},{"type":"Programmed","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"},{"type":"Ready","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"}]}
	Status AggregationPipelineStatus `json:"status,omitzero"`
}

// AggregationPipelineList is a list of aggregation pipelines.
// +kubebuilder:object:root=true
type AggregationPipelineList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []AggregationPipeline `json:"items"`
}

// AggregationPipelineSpec is what a platform team writes.
type AggregationPipelineSpec struct {
	// kafka is the log of events and configuration.
	// +required
	Kafka Kafka `json:"kafka,omitzero"`

	// redis holds live counters.
	// +required
	Redis Redis `json:"redis,omitzero"`

	// clickHouse holds raw events and everything computed from them.
	// +required
	ClickHouse ClickHouse `json:"clickHouse,omitzero"`

	// archive copies raw events to object storage. Default: no archive.
	// +optional
	Archive *Archive `json:"archive,omitempty"`

	// windows are the lengths of windows that may be chosen.
	// +optional
	Windows *Windows `json:"windows,omitempty"`

	// dimensions are what numbers can be grouped by, immutable.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +default=["Campaign","Ad","Advertiser","Publisher","TrafficSource","Country","Region","DeviceType"]
	// +kubebuilder:validation:XValidation:rule="['Campaign', 'Advertiser'].all(d, d in self)",message="must contain Campaign and Advertiser: bills are made from them"
	Dimensions []Dimension `json:"dimensions,omitempty"`

	// accept is how far from now a stated time may be.
	// +optional
	Accept *AcceptTimes `json:"accept,omitempty"`

	// inputs are Kafka topics of others to take events from, at most 16.
	// +optional
	// +listType=map
	// +listMapKey=topic
	// +kubebuilder:validation:MaxItems=16
	Inputs []Input `json:"inputs,omitempty"`

	// idOwners hand campaign ids over to another namespace, at most 256.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=256
	IDOwners []IDOwner `json:"idOwners,omitempty"`

	// retention is how long what is kept.
	// +optional
	Retention *Retention `json:"retention,omitempty"`

	// aggregator sizes the aggregators.
	// +optional
	Aggregator *Workload `json:"aggregator,omitempty"`

	// query sizes the query service and says who may read.
	// +optional
	Query *QueryWorkload `json:"query,omitempty"`

	// version pins the image. Default: the operator's own version.
	// +optional
	Version Version `json:"version,omitempty"`

	// suspend keeps the operator from acting on this pipeline. Counting goes on.
	// +optional
	Suspend Suspend `json:"suspend,omitempty"`
}

// AggregationPipelineStatus is what ClickTally reports about a pipeline.
type AggregationPipelineStatus struct {
	// observedGeneration is the generation that conditions speak of.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Accepted, ResolvedRefs, Programmed, Ready, Balanced, and
	// while true Reconciling and Stalled.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// trackers is how many trackers send events here.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Trackers *int32 `json:"trackers,omitempty"`
}
