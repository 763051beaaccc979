package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Autoscaling lets the load decide the number of pods.
// +kubebuilder:validation:XValidation:rule="self.?minReplicas.orValue(2) <= self.maxReplicas",message="minReplicas (default 2) must be at most maxReplicas"
type Autoscaling struct {
	// minReplicas is the fewest pods, 1 to 1000. Default: 2.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	MinReplicas int32 `json:"minReplicas,omitempty"`

	// maxReplicas is the most pods, 1 to 1000.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	MaxReplicas int32 `json:"maxReplicas,omitempty"`

	// targetCPUPercent is the share of the CPU request that pods should use, 1 to
	// 100. Default: 60.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	TargetCPUPercent int32 `json:"targetCPUPercent,omitempty"`
}

// RouteType is the object that brings visitors in.
// +kubebuilder:validation:Enum=None;Ingress;HTTPRoute
type RouteType string

const (
	// RouteNone makes no object: a load balancer of your own points at the Service.
	RouteNone RouteType = "None"
	// RouteIngress makes an Ingress.
	RouteIngress RouteType = "Ingress"
	// RouteHTTPRoute makes an HTTPRoute of the Gateway API.
	RouteHTTPRoute RouteType = "HTTPRoute"
)

// TrackerRoute is how visitors come in from outside the cluster.
// +kubebuilder:validation:XValidation:rule="(self.type == 'HTTPRoute') == has(self.parentRefs)",fieldPath=".parentRefs",message="an HTTPRoute must name its gateways in parentRefs, and no other route may"
// +kubebuilder:validation:XValidation:rule="!has(self.ingressClassName) || self.type == 'Ingress'",fieldPath=".ingressClassName",message="only an Ingress has a class"
type TrackerRoute struct {
	// type is None, Ingress or HTTPRoute.
	// +required
	Type RouteType `json:"type,omitempty"`

	// parentRefs are the gateways of an HTTPRoute, 1 to 8.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	ParentRefs []GatewayRef `json:"parentRefs,omitempty"`

	// ingressClassName is the class of an Ingress. Default: the cluster's.
	// +optional
	IngressClassName ObjectName `json:"ingressClassName,omitempty"`
}

// GatewayRef names a Gateway of the Gateway API.
type GatewayRef struct {
	// name is the gateway's name.
	// +required
	Name ObjectName `json:"name,omitempty"`

	// namespace is the gateway's namespace. Default: the tracker's own.
	// +optional
	Namespace NamespaceName `json:"namespace,omitempty"`

	// sectionName is one listener of the gateway. Default: all.
	// +optional
	SectionName ObjectName `json:"sectionName,omitempty"`
}

// AddressHeader is where a proxy writes the visitor's address.
// +kubebuilder:validation:Enum=XForwardedFor;Forwarded;ProxyProtocol;CFConnectingIP
type AddressHeader string

const (
	// XForwardedFor is the header X-Forwarded-For.
	XForwardedFor AddressHeader = "XForwardedFor"
	// Forwarded is the header of RFC 7239.
	Forwarded AddressHeader = "Forwarded"
	// ProxyProtocol is the PROXY protocol before the request.
	ProxyProtocol AddressHeader = "ProxyProtocol"
	// CFConnectingIP is the header of one content delivery network.
	CFConnectingIP AddressHeader = "CFConnectingIP"
)

// ClientAddress is how to see a visitor's address behind proxies. Trusting a
// proxy that is not there lets visitors forge their address.
// +kubebuilder:validation:XValidation:rule="(self.header in ['XForwardedFor', 'Forwarded']) == has(self.trustedHops)",fieldPath=".trustedHops",message="XForwardedFor and Forwarded are lists and need trustedHops; ProxyProtocol and CFConnectingIP hold one address and must not have it"
type ClientAddress struct {
	// trustedHops is the number of proxies before the tracker, 1 to 16: so many
	// addresses are counted from the right of the list.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=16
	TrustedHops int32 `json:"trustedHops,omitempty"`

	// header is where the address stands.
	// +required
	Header AddressHeader `json:"header,omitempty"`
}

// AllowedCampaigns are the campaigns that may use a tracker.
type AllowedCampaigns struct {
	// namespaces are where those campaigns live.
	// +required
	Namespaces AllowedNamespaces `json:"namespaces,omitzero"`
}

// NamespacesFrom says how namespaces are chosen.
// +kubebuilder:validation:Enum=Same;Names;Selector;All
type NamespacesFrom string

const (
	// NamespacesSame is the tracker's own namespace.
	NamespacesSame NamespacesFrom = "Same"
	// NamespacesNames is a list of names.
	NamespacesNames NamespacesFrom = "Names"
	// NamespacesSelector is a selector over the labels of namespaces.
	NamespacesSelector NamespacesFrom = "Selector"
	// NamespacesAll is every namespace.
	NamespacesAll NamespacesFrom = "All"
)

// AllowedNamespaces chooses namespaces. Taking one away stops its campaigns at once.
// +kubebuilder:validation:XValidation:rule="(self.from == 'Names') == has(self.names)",fieldPath=".names",message="from Names must list names, and no other from may"
// +kubebuilder:validation:XValidation:rule="(self.from == 'Selector') == has(self.selector)",fieldPath=".selector",message="from Selector must have a selector, and no other from may"
type AllowedNamespaces struct {
	// from is Same, Names, Selector or All.
	// +required
	From NamespacesFrom `json:"from,omitempty"`

	// names are the namespaces when from is Names, 1 to 64.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	Names []NamespaceName `json:"names,omitempty"`

	// selector matches the labels of namespaces when from is Selector.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
}

// Destinations are where visitors may be sent. A host that is taken away stops
// its campaigns at once.
type Destinations struct {
	// allowedHosts are the hosts, such as shop.example.org or *.example.org, at
	// most 256. Default: none, so campaigns can use only the fallback URL's host.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=256
	AllowedHosts []HostPattern `json:"allowedHosts,omitempty"`
}
