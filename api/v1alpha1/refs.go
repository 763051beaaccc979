package v1alpha1

// ObjectName is the name of a Kubernetes object.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`
type ObjectName string

// NamespaceName is the name of a namespace.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
type NamespaceName string

// LocalRef names an object of the same namespace. The field that holds it says
// the kind.
type LocalRef struct {
	// name is the object's name.
	// +required
	Name ObjectName `json:"name,omitempty"`
}

// SecretRef names a Secret of the same namespace. The field that holds it says
// which keys are read.
type SecretRef struct {
	// name is the Secret's name.
	// +required
	Name ObjectName `json:"name,omitempty"`
}

// TrackerRef names a Tracker, which must admit the namespace that names it.
type TrackerRef struct {
	// name is the tracker's name.
	// +required
	Name ObjectName `json:"name,omitempty"`

	// namespace is the tracker's namespace. Default: the namespace of the object
	// that holds the reference.
	// +optional
	Namespace NamespaceName `json:"namespace,omitempty"`
}

// TrafficSourceRef names a TrafficSource.
type TrafficSourceRef struct {
	// name is the traffic source's name.
	// +required
	Name ObjectName `json:"name,omitempty"`

	// namespace is the traffic source's namespace. Default: the namespace of the
	// object that holds the reference.
	// +optional
	Namespace NamespaceName `json:"namespace,omitempty"`
}
