package v1alpha1

// Postback is how a source tells us of conversions.
type Postback struct {
	// auth is how the source proves itself. Without it only a click id with a
	// good MAC counts, and its conversion stays Pending.
	// +optional
	Auth *PostbackAuth `json:"auth,omitempty"`

	// statuses translate the source's words into ours, at most 32. A word that is
	// not listed makes the conversion Pending.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a.from == b.from))",message="translates a word twice"
	Statuses []StatusMapping `json:"statuses,omitempty"`
}

// PostbackAuth is how a source proves itself: by its key, from its addresses.
type PostbackAuth struct {
	// secretRef is a Secret of this namespace; its key token is the bearer token
	// and the HMAC key.
	// +required
	SecretRef SecretRef `json:"secretRef,omitzero"`

	// allowedCIDRs are the addresses that the source calls from, at most 64.
	// Default: any.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	AllowedCIDRs []CIDR `json:"allowedCIDRs,omitempty"`
}

// StatusMapping translates one of the source's words.
type StatusMapping struct {
	// from is the source's word, such as sale.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	From string `json:"from,omitempty"`

	// to is what it means: Pending, Approved or Rejected.
	// +required
	To ConversionStatus `json:"to,omitempty"`
}

// Notification is a call that we make when a conversion changes.
type Notification struct {
	// statuses are those that make the call when a conversion takes them on. (A
	// key named "on" would be read as true in YAML.)
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=3
	Statuses []ConversionStatus `json:"statuses,omitempty"`

	// url is called with GET. Macros are expanded, {externalid} being the
	// source's own click id.
	// +required
	URL URL `json:"url,omitempty"`
}
