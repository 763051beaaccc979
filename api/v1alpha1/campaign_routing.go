package v1alpha1

// Route sends the visitors it matches to one of a split's targets.
type Route struct {
	// name is what events and explain call the rule.
	// +required
	Name ID `json:"name,omitempty"`

	// when are the conditions, all of which must hold. Default: every visitor.
	// +optional
	When *RouteMatch `json:"when,omitempty"`

	// split divides the visitors among 1 to 16 targets. The choice is sticky per
	// visitor.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.map(s, s.weight).sum() == 10000",messageExpression="'weights add up to %d, must be 10000'.format([self.map(s, s.weight).sum()])",message="weights must add up to 10000"
	Split []SplitTarget `json:"split,omitempty"`
}

// RouteMatch is a set of conditions; each names the values it accepts.
// +kubebuilder:validation:MinProperties=1
type RouteMatch struct {
	// countries are where the visitor's address is, at most 249.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=249
	Countries []Country `json:"countries,omitempty"`

	// deviceTypes are the visitor's device, by its user agent.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=5
	DeviceTypes []DeviceType `json:"deviceTypes,omitempty"`
}

// SplitTarget is one share of a split.
// +kubebuilder:validation:XValidation:rule="has(self.offer) != has(self.landingPage)",message="must name exactly one of offer and landingPage"
type SplitTarget struct {
	// offer is the id of one of spec.offers.
	// +optional
	Offer ID `json:"offer,omitempty"`

	// landingPage is the id of one of spec.landingPages.
	// +optional
	LandingPage ID `json:"landingPage,omitempty"`

	// weight is the share in basis points, 1 to 10000.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	Weight int32 `json:"weight,omitempty"`
}
