package v1alpha1

// Dimension is what numbers can be grouped by.
// +kubebuilder:validation:Enum=Campaign;Ad;Advertiser;Publisher;TrafficSource;Country;Region;DeviceType
type Dimension string

const (
	// DimensionCampaign is the cid.
	DimensionCampaign Dimension = "Campaign"
	// DimensionAd is the ad_id.
	DimensionAd Dimension = "Ad"
	// DimensionAdvertiser is who pays.
	DimensionAdvertiser Dimension = "Advertiser"
	// DimensionPublisher is the pub_id.
	DimensionPublisher Dimension = "Publisher"
	// DimensionTrafficSource is the ts_id.
	DimensionTrafficSource Dimension = "TrafficSource"
	// DimensionCountry is the visitor's country.
	DimensionCountry Dimension = "Country"
	// DimensionRegion is the visitor's region.
	DimensionRegion Dimension = "Region"
	// DimensionDeviceType is the visitor's device.
	DimensionDeviceType Dimension = "DeviceType"
)

// Windows are the lengths of windows that may be chosen. Tumbling windows are
// 1 minute, sliding ones 5 minutes, always.
// +kubebuilder:validation:XValidation:rule="!has(self.sessionGap) || duration(self.sessionGap) >= duration('1m') && duration(self.sessionGap) <= duration('24h')",fieldPath=".sessionGap",message="must be between 1m and 24h"
type Windows struct {
	// sessionGap is the silence that ends a session, 1m to 24h. Default: 30m.
	// +optional
	SessionGap Duration `json:"sessionGap,omitempty"`
}

// AcceptTimes is how far from now a time may be that a caller states.
// +kubebuilder:validation:XValidation:rule="!has(self.visitorMaxAge) || duration(self.visitorMaxAge) <= duration('24h')",fieldPath=".visitorMaxAge",message="must be at most 24h"
// +kubebuilder:validation:XValidation:rule="!has(self.maxAge) || duration(self.maxAge) <= duration('720h')",fieldPath=".maxAge",message="must be at most 720h (30 days)"
// +kubebuilder:validation:XValidation:rule="!has(self.maxAhead) || duration(self.maxAhead) <= duration('1h')",fieldPath=".maxAhead",message="must be at most 1h"
type AcceptTimes struct {
	// visitorMaxAge is how old an event of a visitor may be, at most 24h.
	// Default: 1h.
	// +optional
	VisitorMaxAge Duration `json:"visitorMaxAge,omitempty"`

	// maxAge is how old an event of a server may be, at most 720h and rawDays. Default: 168h.
	// +optional
	MaxAge Duration `json:"maxAge,omitempty"`

	// maxAhead is how far in the future an event may be, at most 1h, for clocks
	// that are wrong. Default: 5m.
	// +optional
	MaxAhead Duration `json:"maxAhead,omitempty"`
}

// InputFormat is the encoding of an input topic.
// +kubebuilder:validation:Enum=JSON
type InputFormat string

// InputJSON is the JSON form of an event.
const InputJSON InputFormat = "JSON"

// Input is a Kafka topic of others to take events from.
type Input struct {
	// topic is its name on the same Kafka.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=249
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9._-]+$`
	Topic string `json:"topic,omitempty"`

	// format is JSON.
	// +required
	Format InputFormat `json:"format,omitempty"`

	// sourceRef is the TrafficSource that the events count for.
	// +required
	SourceRef TrafficSourceRef `json:"sourceRef,omitzero"`
}

// IDOwner hands a campaign id over.
type IDOwner struct {
	// id is the campaign id.
	// +required
	ID ID `json:"id,omitempty"`

	// namespace may use the id from now on.
	// +required
	Namespace NamespaceName `json:"namespace,omitempty"`
}

// Retention is how long what is kept, in days.
// +kubebuilder:validation:XValidation:rule="self.?aggregateDays.orValue(730) >= self.?rawDays.orValue(90)",message="aggregateDays (default 730) must be at least rawDays (default 90): totals outlive what they are made from"
type Retention struct {
	// rawDays is how long raw events and minutes are kept, 1 to 3650. Default: 90.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3650
	RawDays int32 `json:"rawDays,omitempty"`

	// aggregateDays is how long roll-ups are kept, 1 to 36500. Default: 730.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=36500
	AggregateDays int32 `json:"aggregateDays,omitempty"`

	// fraudLogDays is how long flagged clicks are kept with their signals, 1 to
	// 3650. Default: 365.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3650
	FraudLogDays int32 `json:"fraudLogDays,omitempty"`
}

// Archive copies raw events to object storage.
// +kubebuilder:validation:XValidation:rule="!has(self.after) || duration(self.after) >= duration('1h') && duration(self.after) <= duration('720h')",fieldPath=".after",message="must be between 1h and 720h"
type Archive struct {
	// s3 is the bucket.
	// +required
	S3 S3 `json:"s3,omitzero"`

	// after is how old events are when they are copied, 1h to 720h. Default: 24h.
	// +optional
	After Duration `json:"after,omitempty"`
}

// S3 is a bucket of an S3-compatible store.
type S3 struct {
	// endpoint is the store's address.
	// +required
	Endpoint URL `json:"endpoint,omitempty"`

	// bucket is the bucket's name.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9][a-z0-9.-]*[a-z0-9]$`
	Bucket string `json:"bucket,omitempty"`

	// secretRef is a Secret of this namespace; its keys accessKeyID and
	// secretAccessKey are read. Default: the pod's own identity.
	// +optional
	SecretRef *SecretRef `json:"secretRef,omitempty"`
}
