package v1alpha1

import corev1 "k8s.io/api/core/v1"

// Version pins the image tag of a workload, such as v0.3.1.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=128
// +kubebuilder:validation:Pattern=`^[A-Za-z0-9_][A-Za-z0-9._-]*$`
type Version string

// Suspend says what the operator leaves alone.
// +kubebuilder:validation:Enum=None;Reconciliation
type Suspend string

const (
	// SuspendNone leaves nothing alone: the operator works.
	SuspendNone Suspend = "None"
	// SuspendReconciliation leaves workloads and catalog as they are. What runs
	// keeps running and serving.
	SuspendReconciliation Suspend = "Reconciliation"
)

// Workload sizes one of the pipeline's Deployments.
type Workload struct {
	// replicas is the number of pods. Default 2. More aggregators than Kafka
	// partitions have nothing to do.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=4096
	Replicas int32 `json:"replicas,omitempty"`

	// pod overrides parts of the pods.
	// +optional
	Pod *PodOverrides `json:"pod,omitempty"`
}

// ReaderAuthorization says who decides which readers the query service answers.
// +kubebuilder:validation:Enum=None;Cluster
type ReaderAuthorization string

const (
	// ReadersNone lets read who reaches the Service.
	ReadersNone ReaderAuthorization = "None"
	// ReadersCluster lets read whose bearer token the cluster knows, and who may
	// get aggregationpipelines/stats of the pipeline.
	ReadersCluster ReaderAuthorization = "Cluster"
)

// QueryWorkload sizes the query service and says who may read.
type QueryWorkload struct {
	Workload `json:",inline"`

	// authorization says who decides which readers are answered. None: who
	// reaches the Service reads. Cluster: a reader sends a bearer token of the
	// cluster, whose account needs the right to get aggregationpipelines/stats
	// of this pipeline; the ServiceAccount of the query service needs the right
	// to ask, which the chart grants by query.authorization.pipelines.
	// Default: None.
	// +optional
	Authorization ReaderAuthorization `json:"authorization,omitempty"`
}

// PodOverrides is the part of a pod that a platform team may want different.
// Containers, volumes and security settings belong to ClickTally.
// +kubebuilder:validation:MinProperties=1
type PodOverrides struct {
	// labels are added to the pods; ClickTally's own labels win.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	Labels map[string]string `json:"labels,omitempty"`

	// annotations are added to the pods.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	Annotations map[string]string `json:"annotations,omitempty"`

	// resources replaces the requests and limits of the main container.
	// +optional
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`

	// nodeSelector restricts the nodes.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	NodeSelector map[string]string `json:"nodeSelector,omitempty"`

	// tolerations are the taints that the pods tolerate.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`

	// affinity steers where the pods stand.
	// +optional
	Affinity *corev1.Affinity `json:"affinity,omitempty"`

	// topologySpreadConstraints replaces the spread over zones and nodes that
	// ClickTally sets.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	TopologySpreadConstraints []corev1.TopologySpreadConstraint `json:"topologySpreadConstraints,omitempty"`
}
