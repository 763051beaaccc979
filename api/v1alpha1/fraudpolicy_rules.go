package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Bands divide the scores 0 to 100 into Valid, Suspicious and Fraudulent.
// +kubebuilder:validation:XValidation:rule="self.suspiciousFrom < self.fraudulentFrom",message="suspiciousFrom must be below fraudulentFrom"
type Bands struct {
	// suspiciousFrom is the lowest suspicious score, 1 to 99.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=99
	SuspiciousFrom int32 `json:"suspiciousFrom,omitempty"`

	// fraudulentFrom is the lowest fraudulent score, 2 to 100.
	// +required
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=100
	FraudulentFrom int32 `json:"fraudulentFrom,omitempty"`
}

// FraudRule changes what one reason is worth.
// +kubebuilder:validation:XValidation:rule="!(self.reason in ['IPDenied', 'UserAgentBot', 'UserAgentPreview', 'RateLimited', 'ModelHigh', 'Custom'])",fieldPath=".reason",message="has no rule: IPDenied, UserAgentBot and UserAgentPreview are always 100, RateLimited always 0; use model for ModelHigh and custom for Custom"
// +kubebuilder:validation:XValidation:rule="!has(self.threshold) || self.reason in ['IPVelocity', 'DeviceVelocity']",fieldPath=".threshold",message="only IPVelocity and DeviceVelocity have a threshold"
// +kubebuilder:validation:XValidation:rule="!has(self.minimum) || self.reason == 'ClickTooFast'",fieldPath=".minimum",message="only ClickTooFast has a minimum"
// +kubebuilder:validation:XValidation:rule="!has(self.minimum) || duration(self.minimum) <= duration('1h')",fieldPath=".minimum",message="must be at most 1h"
// +kubebuilder:validation:XValidation:rule="has(self.points) || has(self.threshold) || has(self.minimum)",message="changes nothing: set points, threshold or minimum"
type FraudRule struct {
	// reason is the reason code that the rule is about.
	// +required
	Reason ReasonCode `json:"reason,omitempty"`

	// points are added to the score, 0 to 100; 0 switches the reason off.
	// Default: the reason's own.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Points *int32 `json:"points,omitempty"`

	// threshold is how many clicks are still fine. Only velocity reasons have
	// one. Default: 10 in 1h for IPVelocity, 5 in 1h for DeviceVelocity.
	// +optional
	Threshold *Rate `json:"threshold,omitempty"`

	// minimum is the shortest time from impression to click that is still fine,
	// at most 1h. Only ClickTooFast has one. Default: 500ms.
	// +optional
	Minimum Duration `json:"minimum,omitempty"`
}

// CustomRule gives points where an expression is true.
type CustomRule struct {
	// name is what events and explain call the rule.
	// +required
	Name ID `json:"name,omitempty"`

	// points are added to the score, 1 to 100.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	Points int32 `json:"points,omitempty"`

	// class is the class of invalid traffic that reports count it under.
	// +required
	Class InvalidTrafficClass `json:"class,omitempty"`

	// expression is CEL over `signals` with a bool as result, at most 1024
	// characters, without regular expressions and of bounded cost.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Expression string `json:"expression,omitempty"`
}

// DenyEntry is a range of addresses whose clicks are fraudulent.
type DenyEntry struct {
	// cidr is the range.
	// +required
	CIDR CIDR `json:"cidr,omitempty"`

	// comment says why, for the next reader.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Comment string `json:"comment,omitempty"`

	// expires is when the entry ends. Default: never.
	// +optional
	Expires *metav1.Time `json:"expires,omitempty"`
}

// AllowEntry is a range of addresses whose clicks are valid.
type AllowEntry struct {
	// cidr is the range.
	// +required
	CIDR CIDR `json:"cidr,omitempty"`

	// comment says why, for the next reader.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Comment string `json:"comment,omitempty"`

	// expires is when the entry ends. An open door needs a date.
	// +required
	Expires metav1.Time `json:"expires,omitzero"`
}

// ModelRule says when the model's score counts.
type ModelRule struct {
	// threshold is the model score, in basis points, from which ModelHigh holds.
	// Default: 9000.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	Threshold int32 `json:"threshold,omitempty"`

	// points are added to the score, 0 to 100; 0 switches the model off.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Points *int32 `json:"points,omitempty"`
}

// FraudAction says where a flagged visitor goes. It never changes what is billed.
// +kubebuilder:validation:Enum=OfferPage;SafePage
type FraudAction string

const (
	// ActionOfferPage treats the visitor like a valid one.
	ActionOfferPage FraudAction = "OfferPage"
	// ActionSafePage sends the visitor to the safe page.
	ActionSafePage FraudAction = "SafePage"
)

// FraudActions say where flagged visitors go.
type FraudActions struct {
	// suspicious is where suspicious visitors go. Default: OfferPage.
	// +optional
	Suspicious FraudAction `json:"suspicious,omitempty"`

	// fraudulent is where fraudulent visitors go. Default: SafePage.
	// +optional
	Fraudulent FraudAction `json:"fraudulent,omitempty"`
}
