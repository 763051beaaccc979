package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Budget is what a campaign may cost, or take, in a day. Clicks beyond it are
// kept as Closed and not billed.
// +kubebuilder:validation:XValidation:rule="has(self.daily) || has(self.dailyClicks)",message="must set daily, dailyClicks, or both"
type Budget struct {
	// daily is the most that the clicks of one day may cost.
	// +optional
	Daily *Money `json:"daily,omitempty"`

	// dailyClicks is the most billed clicks of one day, 1 to 10^12.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000000000
	DailyClicks int64 `json:"dailyClicks,omitempty"`

	// timeZone is where the day begins. Default: UTC.
	// +optional
	TimeZone TimeZone `json:"timeZone,omitempty"`
}

// Schedule is when a campaign is open: from is inside, to is outside.
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.from) || !has(self.to) || self.from < self.to",message="from must be before to"
type Schedule struct {
	// from is when the campaign opens. Default: it is open already.
	// +optional
	From *metav1.Time `json:"from,omitempty"`

	// to is when the campaign closes. Default: never.
	// +optional
	To *metav1.Time `json:"to,omitempty"`
}

// Targeting is who a campaign is meant for.
// +kubebuilder:validation:MinProperties=1
type Targeting struct {
	// countries are where visitors may come from, at most 249. Default: all.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=249
	Countries []Country `json:"countries,omitempty"`

	// referrerHosts are the sites that may send visitors, at most 64. Default:
	// all. A click without referrer is not outside.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	ReferrerHosts []HostPattern `json:"referrerHosts,omitempty"`
}
