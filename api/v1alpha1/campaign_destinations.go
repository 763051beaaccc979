package v1alpha1

// DestinationState says whether visitors are sent to a landing page or offer.
// +kubebuilder:validation:Enum=Active;Paused
type DestinationState string

const (
	// DestinationActive receives visitors.
	DestinationActive DestinationState = "Active"
	// DestinationPaused receives none; splits share its weight among the others.
	DestinationPaused DestinationState = "Paused"
)

// LandingPage is a page before the offer. Its link onward is the macro {out}.
type LandingPage struct {
	// id is the lp_id, unique within the campaign.
	// +required
	ID ID `json:"id,omitempty"`

	// displayName is what reports show. Default: the id.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	DisplayName string `json:"displayName,omitempty"`

	// url is the page's address. Macros are expanded.
	// +required
	URL URL `json:"url,omitempty"`

	// state is Active or Paused.
	// +optional
	// +default="Active"
	State DestinationState `json:"state,omitempty"`
}

// Offer is what the advertiser sells, and where.
type Offer struct {
	// id is the offer_id, unique within the campaign.
	// +required
	ID ID `json:"id,omitempty"`

	// displayName is what reports show. Default: the id.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	DisplayName string `json:"displayName,omitempty"`

	// url is the offer's address. Macros are expanded.
	// +required
	URL URL `json:"url,omitempty"`

	// state is Active or Paused.
	// +optional
	// +default="Active"
	State DestinationState `json:"state,omitempty"`
}

// Ad is one ad of a campaign.
type Ad struct {
	// id is the ad_id, unique within the campaign.
	// +required
	ID ID `json:"id,omitempty"`

	// publisher shows the ad. It counts for clicks that state no pub_id.
	// +optional
	Publisher ID `json:"publisher,omitempty"`

	// price replaces the campaign's price, in the same currency.
	// +optional
	Price *Price `json:"price,omitempty"`
}
