package v1alpha1

// ReasonCode says why a click got points. A click carries one or more; the same
// word stands in YAML, JSON, SQL and metrics.
// +kubebuilder:validation:Enum=IPVelocity;DeviceVelocity;IPDatacenter;IPProxy;IPTor;IPDenied;NoImpression;ClickTooFast;NoPointer;PointerSynthetic;RegularTiming;FingerprintInconsistent;GeoDenied;GeoTimeZoneMismatch;ImpossibleTravel;ReferrerInvalid;UserAgentBot;UserAgentNonBrowser;UserAgentMissing;UserAgentPreview;BotAddressForged;Replay;SignatureInvalid;RateLimited;ModelHigh;Custom
type ReasonCode string

const (
	// IPVelocity is too many clicks of one campaign from one IPv4 address or IPv6 /64.
	IPVelocity ReasonCode = "IPVelocity"
	// DeviceVelocity is too many clicks of one campaign from one device.
	DeviceVelocity ReasonCode = "DeviceVelocity"
	// IPDatacenter is an address of a hosting provider.
	IPDatacenter ReasonCode = "IPDatacenter"
	// IPProxy is an address of a known proxy or VPN.
	IPProxy ReasonCode = "IPProxy"
	// IPTor is a Tor exit.
	IPTor ReasonCode = "IPTor"
	// IPDenied is an address on a deny list. It alone makes 100 points.
	IPDenied ReasonCode = "IPDenied"
	// NoImpression is a click whose ad was never shown.
	NoImpression ReasonCode = "NoImpression"
	// ClickTooFast is a click sooner after its impression than people are.
	ClickTooFast ReasonCode = "ClickTooFast"
	// NoPointer is a click without any movement of a pointer or finger.
	NoPointer ReasonCode = "NoPointer"
	// PointerSynthetic is movement that a script drew.
	PointerSynthetic ReasonCode = "PointerSynthetic"
	// RegularTiming is a visitor whose clicks come at equal intervals.
	RegularTiming ReasonCode = "RegularTiming"
	// FingerprintInconsistent is a device whose facts contradict each other.
	FingerprintInconsistent ReasonCode = "FingerprintInconsistent"
	// GeoDenied is a country outside the campaign's targeting.
	GeoDenied ReasonCode = "GeoDenied"
	// GeoTimeZoneMismatch is an address far from the stated time zone.
	GeoTimeZoneMismatch ReasonCode = "GeoTimeZoneMismatch"
	// ImpossibleTravel is one visitor in two places faster than anyone travels.
	ImpossibleTravel ReasonCode = "ImpossibleTravel"
	// ReferrerInvalid is a referrer outside the campaign's targeting.
	ReferrerInvalid ReasonCode = "ReferrerInvalid"
	// UserAgentBot is a crawler that declares itself. It alone makes 100 points.
	UserAgentBot ReasonCode = "UserAgentBot"
	// UserAgentNonBrowser is a script or a library.
	UserAgentNonBrowser ReasonCode = "UserAgentNonBrowser"
	// UserAgentMissing is a request without user agent.
	UserAgentMissing ReasonCode = "UserAgentMissing"
	// UserAgentPreview is a link preview that declares itself. It alone makes 100 points.
	UserAgentPreview ReasonCode = "UserAgentPreview"
	// BotAddressForged is a declared crawler from an address its owner does not use.
	BotAddressForged ReasonCode = "BotAddressForged"
	// Replay is the same one-time link again.
	Replay ReasonCode = "Replay"
	// SignatureInvalid is a link whose signature is wrong or missing.
	SignatureInvalid ReasonCode = "SignatureInvalid"
	// RateLimited is a click over a limit: a mark of 0 points.
	RateLimited ReasonCode = "RateLimited"
	// ModelHigh is a model score above the threshold.
	ModelHigh ReasonCode = "ModelHigh"
	// Custom is one of the policy's own expressions.
	Custom ReasonCode = "Custom"
)

// InvalidTrafficClass divides invalid traffic as the MRC guidelines do.
// +kubebuilder:validation:Enum=General;Sophisticated
type InvalidTrafficClass string

const (
	// General invalid traffic is found by lists and parameters.
	General InvalidTrafficClass = "General"
	// Sophisticated invalid traffic needs corroboration.
	Sophisticated InvalidTrafficClass = "Sophisticated"
)

// ClickStatus is the band a click's score falls into.
// +kubebuilder:validation:Enum=Valid;Suspicious;Fraudulent
type ClickStatus string

const (
	// Valid is a score below bands.suspiciousFrom.
	Valid ClickStatus = "Valid"
	// Suspicious is a score from bands.suspiciousFrom to below bands.fraudulentFrom.
	Suspicious ClickStatus = "Suspicious"
	// Fraudulent is a score from bands.fraudulentFrom to 100.
	Fraudulent ClickStatus = "Fraudulent"
)

// ConversionStatus is what became of a conversion.
// +kubebuilder:validation:Enum=Pending;Approved;Rejected
type ConversionStatus string

const (
	// Pending is a conversion that its source has not judged yet.
	Pending ConversionStatus = "Pending"
	// Approved is a conversion that counts.
	Approved ConversionStatus = "Approved"
	// Rejected is a conversion that was taken back.
	Rejected ConversionStatus = "Rejected"
)
