package v1alpha1

// ID names a campaign, ad, offer, landing page, advertiser or publisher in
// links, events and reports: 1 to 64 characters that no URL has to escape.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=64
// +kubebuilder:validation:Pattern=`^[A-Za-z0-9._~-]+$`
type ID string

// URL is an absolute http or https address of at most 2048 characters. Macros
// such as {clickid} may stand in path, query and fragment, never in the host.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=2048
// +kubebuilder:validation:XValidation:rule=`self.matches('^https?://[^/?#@{}]+([/?#]|$)')`,message="must be an http or https URL with a host, and without user, password or macro in front of the path"
// +kubebuilder:validation:XValidation:rule=`!self.matches('[\\x00-\\x20\\x7f]')`,message="must not contain spaces or control characters: escape them, as in %20"
type URL string

// Host is a DNS name or an IPv4 address, in lower case and without port.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:Pattern=`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`
type Host string

// HostPattern is a Host, or *. and a Host: every name below it, at any depth,
// but not itself.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=255
// +kubebuilder:validation:Pattern=`^(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`
type HostPattern string

// HostPort is a host and a port, such as kafka:9092.
// +kubebuilder:validation:MinLength=3
// +kubebuilder:validation:MaxLength=259
// +kubebuilder:validation:Pattern=`^([A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}$`
type HostPort string

// CIDR is an IPv4 or IPv6 range, such as 198.51.100.0/24 or 2001:db8::/32.
// +kubebuilder:validation:MinLength=4
// +kubebuilder:validation:MaxLength=43
// +kubebuilder:validation:XValidation:rule="isCIDR(self)",message="must be an address range such as 198.51.100.0/24; a single address is a range of /32 or /128"
// +kubebuilder:validation:XValidation:rule="!isCIDR(self) || cidr(self) == cidr(self).masked()",message="the address has bits beyond its prefix length: write the first address of the range"
type CIDR string

// Address is one IPv4 or IPv6 address.
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=39
// +kubebuilder:validation:XValidation:rule="isIP(self)",message="must be an IPv4 or IPv6 address"
type Address string

// Country is an ISO 3166-1 code of two capital letters.
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=2
// +kubebuilder:validation:Pattern=`^[A-Z]{2}$`
type Country string

// TimeZone is a name of the IANA time zone database, such as Europe/Berlin.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=64
// +kubebuilder:validation:Pattern=`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`
type TimeZone string

// DeviceType is the kind of device that a user agent speaks of.
// +kubebuilder:validation:Enum=Desktop;Mobile;Tablet;Bot;Other
type DeviceType string

const (
	// Desktop is a desktop or laptop computer.
	Desktop DeviceType = "Desktop"
	// Mobile is a phone.
	Mobile DeviceType = "Mobile"
	// Tablet is a tablet.
	Tablet DeviceType = "Tablet"
	// Bot is a crawler that declares itself, or a script.
	Bot DeviceType = "Bot"
	// Other is everything else: television, console, unknown.
	Other DeviceType = "Other"
)
