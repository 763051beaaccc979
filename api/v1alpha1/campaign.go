package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Campaign is what a campaign team runs: who pays, where visitors go, and what
// a click costs.
//
// The cid and the currency are immutable because links and bills in the world
// hold them: make a new campaign instead.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=camp,categories=clicktally
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.spec.state`
// +kubebuilder:printcolumn:name="Tracker",type=string,JSONPath=`.spec.trackerRefs[0].name`
// +kubebuilder:printcolumn:name="Serving",type=string,JSONPath=`.status.serving`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="has(self.spec.id) ? self.spec.id == (has(oldSelf.spec.id) ? oldSelf.spec.id : self.metadata.name) : !has(oldSelf.spec.id) || oldSelf.spec.id == self.metadata.name",fieldPath=".spec.id",message="the campaign id is immutable, links out there hold it: make a new campaign"
// +kubebuilder:validation:XValidation:rule="has(self.spec.id) || self.metadata.name.size() <= 64",fieldPath=".spec.id",message="the name is longer than 64 characters: set spec.id to a shorter campaign id"
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.spec.price) || has(self.spec.price)",fieldPath=".spec.price",message="a price cannot be removed: set its amount to \"0\""
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.spec.price) || !has(self.spec.price) || self.spec.price.currency == oldSelf.spec.price.currency",fieldPath=".spec.price.currency",message="the currency of a campaign is immutable: make a new campaign"
type Campaign struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what the campaign team wants.
	// +required
	Spec CampaignSpec `json:"spec,omitzero"`

	// status is what ClickTally reports.
	// +optional
	// +default={"conditions":[{"type":"Accepted","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"},{"type":"ResolvedRefs","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"},{"type":"Programmed","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"},{"type":"Ready","status":"Unknown","reason":"Pending","message":"waiting for the operator","lastTransitionTime":"1970-01-01T00:00:00Z"}]}
	Status CampaignStatus `json:"status,omitzero"`
}

// CampaignList is a list of campaigns.
// +kubebuilder:object:root=true
type CampaignList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []Campaign `json:"items"`
}

// CampaignState says whether visitors are sent and clicks are billed.
// +kubebuilder:validation:Enum=Active;Test;Paused
type CampaignState string

const (
	// StateActive sends visitors and bills clicks.
	StateActive CampaignState = "Active"
	// StateTest sends visitors with click_id added to the destination; clicks
	// are counted apart and never billed.
	StateTest CampaignState = "Test"
	// StatePaused sends visitors to the overflow URL or the safe page; clicks
	// are kept as Closed and never billed.
	StatePaused CampaignState = "Paused"
)

// CampaignSpec is what a campaign team writes. trackerRefs, advertiser and an
// offer page are enough for a first click.
// +kubebuilder:validation:XValidation:rule="!has(self.routing) || self.routing.all(r, r.split.all(s, !has(s.offer) || has(self.offers) && self.offers.exists(o, o.id == s.offer)))",fieldPath=".routing",message="every offer in a split must be the id of one of spec.offers"
// +kubebuilder:validation:XValidation:rule="!has(self.routing) || self.routing.all(r, r.split.all(s, !has(s.landingPage) || has(self.landingPages) && self.landingPages.exists(p, p.id == s.landingPage)))",fieldPath=".routing",message="every landingPage in a split must be the id of one of spec.landingPages"
// +kubebuilder:validation:XValidation:rule="!has(self.ads) || self.ads.all(a, !has(a.price) || has(self.price) && a.price.currency == self.price.currency)",fieldPath=".ads",message="an ad's price needs spec.price, and the same currency"
// +kubebuilder:validation:XValidation:rule="!has(self.budget) || !has(self.budget.daily) || has(self.price) && self.budget.daily.currency == self.price.currency",fieldPath=".budget.daily",message="a daily budget needs spec.price, and the same currency"
type CampaignSpec struct {
	// id is the cid in links and reports, unique per pipeline and immutable.
	// Default: metadata.name.
	// +optional
	ID ID `json:"id,omitempty"`

	// displayName is what reports and the dashboard show. Default: the id.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	DisplayName string `json:"displayName,omitempty"`

	// trackerRefs are the trackers that serve the campaign, 1 to 8. All of them
	// belong to one pipeline and admit this namespace.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a.name == b.name && has(a.__namespace__) == has(b.__namespace__) && (!has(a.__namespace__) || a.__namespace__ == b.__namespace__)))",message="names a tracker twice"
	TrackerRefs []TrackerRef `json:"trackerRefs,omitempty"`

	// advertiser is who pays, as reports and bills name it.
	// +required
	Advertiser ID `json:"advertiser,omitempty"`

	// state is Active, Test (never billed) or Paused.
	// +optional
	// +default="Active"
	State CampaignState `json:"state,omitempty"`

	// offerPageURL is where a valid visitor goes when no routing rule matches.
	// Default: the safe page. Macros are expanded.
	// +optional
	OfferPageURL URL `json:"offerPageURL,omitempty"`

	// safePageURL is where traffic that poses as human goes. Default: the
	// tracker's fallback URL. Macros are expanded.
	// +optional
	SafePageURL URL `json:"safePageURL,omitempty"`

	// overflowURL is where visitors go while the campaign is not open: paused,
	// outside its schedule, cap or budget spent. Default: the safe page.
	// +optional
	OverflowURL URL `json:"overflowURL,omitempty"`

	// landingPages are the pages that lp_id and splits may name, at most 64.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=64
	LandingPages []LandingPage `json:"landingPages,omitempty"`

	// offers are the offers that offer_id and splits may name, at most 64.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=64
	Offers []Offer `json:"offers,omitempty"`

	// ads are the ads of this campaign with their publisher and price, at most
	// 256. A click may state other ads; those have the campaign's price.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=256
	Ads []Ad `json:"ads,omitempty"`

	// price is what the advertiser pays for a click. Its currency is immutable.
	// Without a price clicks are counted and cost nothing.
	// +optional
	Price *Price `json:"price,omitempty"`

	// limits are rate limits of this campaign. The tracker's are ceilings.
	// +optional
	Limits *RateLimits `json:"limits,omitempty"`

	// budget closes the campaign for the rest of the day once it is spent.
	// +optional
	Budget *Budget `json:"budget,omitempty"`

	// schedule is when the campaign is open. Default: always.
	// +optional
	Schedule *Schedule `json:"schedule,omitempty"`

	// targeting is who the campaign is meant for. Clicks from outside get points,
	// GeoDenied or ReferrerInvalid.
	// +optional
	Targeting *Targeting `json:"targeting,omitempty"`

	// fraudPolicyRef is a FraudPolicy of this namespace. It can only be stricter:
	// the higher of its score and the tracker's counts.
	// +optional
	FraudPolicyRef *LocalRef `json:"fraudPolicyRef,omitempty"`

	// routing decides where valid visitors go, at most 32 rules. The first match
	// wins; without one they go to the offer page.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a.name == b.name))",message="names a rule twice"
	Routing []Route `json:"routing,omitempty"`

	// tests are requests with the answers they must get, at most 16. Lint and
	// cluster run them with the tracker's own code; a failure never stops serving.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Tests []CampaignTest `json:"tests,omitempty"`
}
