package v1alpha1

// Currency is an ISO 4217 code of three capital letters.
// +kubebuilder:validation:MinLength=3
// +kubebuilder:validation:MaxLength=3
// +kubebuilder:validation:Pattern=`^[A-Z]{3}$`
type Currency string

// Amount is a sum of money as a decimal string, never below zero: up to 12
// digits, then up to 6 decimals (one micro is the unit that ClickTally counts
// in). Without quotes YAML reads a number, which cannot hold money exactly.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=19
// +kubebuilder:validation:Pattern=`^[0-9]{1,12}(\.[0-9]{1,6})?$`
type Amount string

// Money is an amount in one currency. Amounts of different currencies are never
// added.
type Money struct {
	// amount is the sum as a decimal string in quotes, such as "0.50".
	// +required
	Amount Amount `json:"amount,omitempty"`

	// currency is the ISO 4217 code of the amount, such as EUR.
	// +required
	Currency Currency `json:"currency,omitempty"`
}

// PriceModel says which event the advertiser pays for.
// +kubebuilder:validation:Enum=CPC
type PriceModel string

// CPC pays for every click that is not fraudulent.
const CPC PriceModel = "CPC"

// Price is what the advertiser pays.
type Price struct {
	// model is the event that is paid for: CPC, the click.
	// +required
	Model PriceModel `json:"model,omitempty"`

	Money `json:",inline"`
}
