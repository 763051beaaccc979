package v1alpha1

// Duration is a length of time in the form of GEP-2257, such as 500ms, 30m or
// 1h30m. Days do not exist in it: write 48h.
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=32
// +kubebuilder:validation:Pattern=`^([0-9]{1,5}(h|m|s|ms)){1,4}$`
type Duration string

// Rate is a count within a sliding window.
// +kubebuilder:validation:XValidation:rule="duration(self.window) >= duration('1s') && duration(self.window) <= duration('24h')",fieldPath=".window",message="must be between 1s and 24h"
type Rate struct {
	// count is how many are within the rate; one more exceeds it.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000000
	Count int32 `json:"count,omitempty"`

	// window is the length of the sliding window, from 1s to 24h.
	// +required
	Window Duration `json:"window,omitempty"`
}

// RateLimits are the limits on clicks. What exceeds one is marked RateLimited.
type RateLimits struct {
	// perIP limits the clicks of one campaign from one IPv4 address or IPv6 /64.
	// Default 100 in 1m.
	// +optional
	PerIP *Rate `json:"perIP,omitempty"`

	// perCampaign limits the clicks of one campaign. Default 1000 in 1m.
	// +optional
	PerCampaign *Rate `json:"perCampaign,omitempty"`
}
