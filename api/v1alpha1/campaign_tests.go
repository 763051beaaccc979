package v1alpha1

// CampaignTest is a request and the answer it must get.
type CampaignTest struct {
	// name says in a sentence what is expected.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Name string `json:"name,omitempty"`

	// request is what the visitor sends.
	// +required
	Request TestRequest `json:"request,omitzero"`

	// expect is what must come of it.
	// +required
	Expect TestExpectation `json:"expect,omitzero"`
}

// TestRequest is a visitor's request. Nothing is looked up for it: what is left
// out is unknown.
type TestRequest struct {
	// query is the query of the click URL, without question mark, such as
	// cid=spring-sale&sub1=x.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2048
	Query string `json:"query,omitempty"`

	// userAgent is the User-Agent header. Default: none.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	UserAgent string `json:"userAgent,omitempty"`

	// referrer is the Referer header. Default: none.
	// +optional
	Referrer URL `json:"referrer,omitempty"`

	// country is where the address is. Default: unknown.
	// +optional
	Country Country `json:"country,omitempty"`

	// address is the visitor's address. Default: unknown.
	// +optional
	Address Address `json:"address,omitempty"`
}

// TestExpectation is what must come of a request. What is left out may be anything.
// +kubebuilder:validation:MinProperties=1
type TestExpectation struct {
	// destination is the Location that the visitor gets, macros expanded.
	// +optional
	Destination URL `json:"destination,omitempty"`

	// status is the band of the click's score.
	// +optional
	Status ClickStatus `json:"status,omitempty"`

	// reasons are all reasons that get points, in any order. To expect none, say
	// status: Valid.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Reasons []ReasonCode `json:"reasons,omitempty"`
}
