package v1alpha1

import "k8s.io/apimachinery/pkg/api/resource"

// TrackerFraud is how clicks are scored.
type TrackerFraud struct {
	// policyRef is the FraudPolicy of this namespace that counts. Default:
	// ClickTally's built-in policy.
	// +optional
	PolicyRef *LocalRef `json:"policyRef,omitempty"`

	// shadowPolicyRefs are policies of this namespace that score beside it, at
	// most 4. Their verdicts are stored and have no effect.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=4
	ShadowPolicyRefs []LocalRef `json:"shadowPolicyRefs,omitempty"`
}

// LimitAction says what happens to a click over a limit.
// +kubebuilder:validation:Enum=Mark;Reject
type LimitAction string

const (
	// LimitMark redirects the visitor and marks the click RateLimited.
	LimitMark LimitAction = "Mark"
	// LimitReject answers 429.
	LimitReject LimitAction = "Reject"
)

// TrackerLimits are ceilings for every campaign of a tracker.
type TrackerLimits struct {
	// action is what happens over a limit. Default: Mark.
	// +optional
	Action LimitAction `json:"action,omitempty"`

	RateLimits `json:",inline"`
}

// AckPolicy says what makes a click durable.
// +kubebuilder:validation:Enum=Race;Kafka;Journal
type AckPolicy string

const (
	// AckRace waits for Kafka within the budget, else for the journal.
	AckRace AckPolicy = "Race"
	// AckKafka waits for Kafka only.
	AckKafka AckPolicy = "Kafka"
	// AckJournal writes every click to the journal first.
	AckJournal AckPolicy = "Journal"
)

// Ack is when a click counts as accepted. The visitor is answered after it.
// +kubebuilder:validation:XValidation:rule="!has(self.budget) || duration(self.budget) >= duration('1ms') && duration(self.budget) <= duration('5s')",fieldPath=".budget",message="must be between 1ms and 5s"
// +kubebuilder:validation:XValidation:rule="!has(self.budget) || !has(self.policy) || self.policy == 'Race'",fieldPath=".budget",message="only the policy Race has a budget"
type Ack struct {
	// policy is Race, Kafka or Journal. Default: Race.
	// +optional
	Policy AckPolicy `json:"policy,omitempty"`

	// budget is how long Race waits for Kafka, 1ms to 5s. Default: 25ms.
	// +optional
	Budget Duration `json:"budget,omitempty"`
}

// JournalVolume is what the journal is written to.
// +kubebuilder:validation:Enum=Claim;EmptyDir
type JournalVolume string

const (
	// JournalClaim is a PersistentVolumeClaim per pod: it survives the pod.
	JournalClaim JournalVolume = "Claim"
	// JournalEmptyDir is the node's disk: it survives a crash, not the pod.
	JournalEmptyDir JournalVolume = "EmptyDir"
)

// WhenFull says what happens to visitors when the journal is full.
// +kubebuilder:validation:Enum=RedirectUnbilled;Reject
type WhenFull string

const (
	// WhenFullRedirectUnbilled redirects; the click is reported as not billed.
	WhenFullRedirectUnbilled WhenFull = "RedirectUnbilled"
	// WhenFullReject answers 503.
	WhenFullReject WhenFull = "Reject"
)

// Journal is where clicks wait while Kafka is away.
// +kubebuilder:validation:XValidation:rule="!has(self.storageClassName) || self.?volume.orValue('Claim') == 'Claim'",fieldPath=".storageClassName",message="only a Claim has a storage class"
type Journal struct {
	// volume is Claim or EmptyDir, immutable. Default: Claim.
	// +optional
	Volume JournalVolume `json:"volume,omitempty"`

	// size is the room per pod, immutable; about 2 million clicks fit into 1Gi.
	// Default: 1Gi.
	// +optional
	Size *resource.Quantity `json:"size,omitempty"`

	// storageClassName is the class of a Claim, immutable. Default: the cluster's.
	// +optional
	StorageClassName ObjectName `json:"storageClassName,omitempty"`

	// whenFull is what happens to visitors then. Default: RedirectUnbilled.
	// +optional
	WhenFull WhenFull `json:"whenFull,omitempty"`
}

// AddressPrivacy says what is kept of an address.
// +kubebuilder:validation:Enum=Keep;Truncate;Drop
type AddressPrivacy string

const (
	// AddressKeep keeps the whole address.
	AddressKeep AddressPrivacy = "Keep"
	// AddressTruncate keeps an IPv4 /24 or an IPv6 /48.
	AddressTruncate AddressPrivacy = "Truncate"
	// AddressDrop keeps nothing.
	AddressDrop AddressPrivacy = "Drop"
)

// Privacy is what is kept of a visitor. Signals are gathered before.
type Privacy struct {
	// address is Keep, Truncate or Drop. Default: Truncate.
	// +optional
	Address AddressPrivacy `json:"address,omitempty"`

	// hashKeyRef is a Secret of this namespace; its key "key" hashes user and
	// device ids. Default: a key that ClickTally makes for the pipeline.
	// +optional
	HashKeyRef *SecretRef `json:"hashKeyRef,omitempty"`
}

// SigningMode says what a wrong or missing signature of a link does.
// +kubebuilder:validation:Enum=None;ReportOnly;Enforce
type SigningMode string

const (
	// SigningNone looks at no signature. (YAML reads Off as false.)
	SigningNone SigningMode = "None"
	// SigningReportOnly reports and does nothing.
	SigningReportOnly SigningMode = "ReportOnly"
	// SigningEnforce gives the points of SignatureInvalid.
	SigningEnforce SigningMode = "Enforce"
)

// Signing is how links are protected.
// +kubebuilder:validation:XValidation:rule="self.mode == 'None' || has(self.keysRef)",fieldPath=".keysRef",message="ReportOnly and Enforce need keysRef"
type Signing struct {
	// mode is None, ReportOnly or Enforce.
	// +required
	Mode SigningMode `json:"mode,omitempty"`

	// keysRef is a Secret of this namespace; each of its keys is a key id, each
	// value a signing key. The last id in order signs, all verify.
	// +optional
	KeysRef *SecretRef `json:"keysRef,omitempty"`
}
