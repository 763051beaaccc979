package v1alpha1

// TrackerData are the files that signals are looked up in. Without a file its
// signals are degraded.
// +kubebuilder:validation:MinProperties=1
type TrackerData struct {
	// geoIP tells country, region and city of an address (MaxMind DB).
	// +optional
	GeoIP *DataFile `json:"geoIP,omitempty"`

	// lists are the address ranges of datacenters, proxies and Tor, and long deny
	// lists.
	// +optional
	Lists *DataFile `json:"lists,omitempty"`

	// model is the fraud model.
	// +optional
	Model *DataFile `json:"model,omitempty"`
}

// DataFile is where a data file comes from: exactly one way.
// +kubebuilder:validation:XValidation:rule="[has(self.image), has(self.claim), has(self.download)].filter(set, set).size() == 1",message="must set exactly one of image, claim and download"
type DataFile struct {
	// image is an OCI image that holds the file, such as registry.example/geo:2026-11.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^[a-z0-9][A-Za-z0-9._:/@-]*$`
	Image string `json:"image,omitempty"`

	// claim is a PersistentVolumeClaim of this namespace, mounted read-only.
	// +optional
	Claim ObjectName `json:"claim,omitempty"`

	// download fetches the file over HTTP and looks for a newer one.
	// +optional
	Download *DataDownload `json:"download,omitempty"`
}

// DataDownload fetches a data file over HTTP.
// +kubebuilder:validation:XValidation:rule="!has(self.interval) || duration(self.interval) >= duration('1m') && duration(self.interval) <= duration('720h')",fieldPath=".interval",message="must be between 1m and 720h"
type DataDownload struct {
	// url is the address of the file.
	// +required
	URL URL `json:"url,omitempty"`

	// interval is how often a newer file is looked for, 1m to 720h. Default: 24h.
	// +optional
	Interval Duration `json:"interval,omitempty"`

	// secretRef is a Secret of this namespace; its key token is sent as bearer token.
	// +optional
	SecretRef *SecretRef `json:"secretRef,omitempty"`
}
