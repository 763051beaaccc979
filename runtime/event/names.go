package event

// The names below are the same in YAML, JSON, SQL and metrics. The zero value has the empty name;
// wire values that the field of advertising fixes stay in its spelling (page_view).

var eventTypeNames = [...]string{"", "click", "click_through", "impression", "page_view", "conversion", "bounce"}

var originNames = [...]string{"", "Own", "Foreign"}

var dispositionNames = [...]string{"", "Routed", "Orphan", "Closed", "Test"}

var statusNames = [...]string{"", "Valid", "Suspicious", "Fraudulent"}

var deviceTypeNames = [...]string{"", "Desktop", "Mobile", "Tablet", "Bot", "Other"}

var userAgentClassNames = [...]string{"", "Browser", "Missing", "Bot", "Preview", "NonBrowser"}

var conversionStatusNames = [...]string{"", "Pending", "Approved", "Rejected"}

var reasonNames = [...]string{
	"", "IPVelocity", "DeviceVelocity", "IPDatacenter", "IPProxy", "IPTor", "IPDenied", "NoImpression",
	"ClickTooFast", "NoPointer", "PointerSynthetic", "RegularTiming", "FingerprintInconsistent",
	"GeoDenied", "GeoTimeZoneMismatch", "ImpossibleTravel", "ReferrerInvalid", "UserAgentBot",
	"UserAgentNonBrowser", "UserAgentMissing", "UserAgentPreview", "BotAddressForged", "Replay",
	"SignatureInvalid", "RateLimited", "ModelHigh", "Custom",
}

// Name is the type as it stands in JSON and SQL.
func (x EventType) Name() string { return nameOf(eventTypeNames[:], x) }

// Name is Own or Foreign.
func (x Origin) Name() string { return nameOf(originNames[:], x) }

// Name is Routed, Orphan, Closed or Test.
func (x Disposition) Name() string { return nameOf(dispositionNames[:], x) }

// Name is Valid, Suspicious or Fraudulent; empty for a type that is not scored.
func (x Status) Name() string { return nameOf(statusNames[:], x) }

// Name is the device type as routing rules state it.
func (x DeviceType) Name() string { return nameOf(deviceTypeNames[:], x) }

// Name is the class of a user agent.
func (x UserAgentClass) Name() string { return nameOf(userAgentClassNames[:], x) }

// Name is Pending, Approved or Rejected.
func (x ConversionStatus) Name() string { return nameOf(conversionStatusNames[:], x) }

// Name is the reason code as policies state it.
func (x Reason) Name() string { return nameOf(reasonNames[:], x) }

// ParseEventType reads a type's name.
func ParseEventType(s string) (EventType, bool) { return parseName[EventType](eventTypeNames[:], s) }

// ParseDisposition reads a disposition's name.
func ParseDisposition(s string) (Disposition, bool) {
	return parseName[Disposition](dispositionNames[:], s)
}

// ParseStatus reads a status' name.
func ParseStatus(s string) (Status, bool) { return parseName[Status](statusNames[:], s) }

// ParseDeviceType reads a device type's name.
func ParseDeviceType(s string) (DeviceType, bool) {
	return parseName[DeviceType](deviceTypeNames[:], s)
}

// ParseConversionStatus reads a conversion status' name.
func ParseConversionStatus(s string) (ConversionStatus, bool) {
	return parseName[ConversionStatus](conversionStatusNames[:], s)
}

// ParseReason reads a reason code.
func ParseReason(s string) (Reason, bool) { return parseName[Reason](reasonNames[:], s) }

func nameOf[E ~int32](names []string, value E) string {
	if value < 0 || int(value) >= len(names) {
		return ""
	}
	return names[value]
}

func parseName[E ~int32](names []string, name string) (E, bool) {
	if name == "" {
		return 0, false
	}
	for i, n := range names {
		if n == name {
			return E(i), true
		}
	}
	return 0, false
}
