package score

import "github.com/clicktally/clicktally/runtime/event"

// reasonCount is one more than the highest reason code.
const reasonCount = int(event.Reason_REASON_CUSTOM) + 1

// Class divides invalid traffic as the MRC guidelines do.
type Class uint8

const (
	// General invalid traffic is found by lists and parameters.
	General Class = iota + 1
	// Sophisticated invalid traffic needs corroboration.
	Sophisticated
)

// Name is General or Sophisticated.
func (c Class) Name() string {
	switch c {
	case General:
		return "General"
	case Sophisticated:
		return "Sophisticated"
	}
	return ""
}

// family is a set of reasons that tell of the same thing: only the highest of them counts.
type family uint8

const (
	noFamily family = iota // a mark
	address
	device
	timing
	agent
	place
	link
	model
	custom
	familyCount
)

// trait is what a reason is, whatever a policy gives for it.
type trait struct {
	family family
	class  Class
	hard   bool    // one such reason may reach the fraudulent band alone
	fixed  *uint32 // the points, which no policy changes
}

// traits is the one table of reasons. Hard are those that are a fact about the click and no hint: a
// list entry that a person wrote, a client that says it is a machine, an address that proves a name
// false, a link used twice or altered, and the model, which weighs several signals already. Everything
// else also happens to people (Tor, a shared address, a private browser) and is soft.
var traits = [reasonCount]trait{
	event.Reason_REASON_IP_VELOCITY:              {family: address, class: General},
	event.Reason_REASON_IP_DATACENTER:            {family: address, class: General},
	event.Reason_REASON_IP_PROXY:                 {family: address, class: Sophisticated},
	event.Reason_REASON_IP_TOR:                   {family: address, class: General},
	event.Reason_REASON_IP_DENIED:                {family: address, class: General, hard: true, fixed: new(uint32(MaxPoints))},
	event.Reason_REASON_DEVICE_VELOCITY:          {family: device, class: General},
	event.Reason_REASON_FINGERPRINT_INCONSISTENT: {family: device, class: Sophisticated},
	event.Reason_REASON_CLICK_TOO_FAST:           {family: timing, class: General},
	event.Reason_REASON_REGULAR_TIMING:           {family: timing, class: Sophisticated},
	event.Reason_REASON_NO_POINTER:               {family: agent, class: Sophisticated},
	event.Reason_REASON_POINTER_SYNTHETIC:        {family: agent, class: Sophisticated},
	event.Reason_REASON_USER_AGENT_BOT:           {family: agent, class: General, hard: true, fixed: new(uint32(MaxPoints))},
	event.Reason_REASON_USER_AGENT_PREVIEW:       {family: agent, class: General, hard: true, fixed: new(uint32(MaxPoints))},
	event.Reason_REASON_USER_AGENT_NON_BROWSER:   {family: agent, class: General},
	event.Reason_REASON_USER_AGENT_MISSING:       {family: agent, class: General},
	event.Reason_REASON_BOT_ADDRESS_FORGED:       {family: agent, class: Sophisticated, hard: true},
	event.Reason_REASON_GEO_DENIED:               {family: place, class: General},
	event.Reason_REASON_GEO_TIME_ZONE_MISMATCH:   {family: place, class: Sophisticated},
	event.Reason_REASON_IMPOSSIBLE_TRAVEL:        {family: place, class: Sophisticated},
	event.Reason_REASON_NO_IMPRESSION:            {family: link, class: General},
	event.Reason_REASON_REFERRER_INVALID:         {family: link, class: General},
	event.Reason_REASON_REPLAY:                   {family: link, class: General, hard: true},
	event.Reason_REASON_SIGNATURE_INVALID:        {family: link, class: General, hard: true},
	event.Reason_REASON_MODEL_HIGH:               {family: model, class: Sophisticated, hard: true},
	event.Reason_REASON_CUSTOM:                   {family: custom, class: Sophisticated},
	event.Reason_REASON_RATE_LIMITED:             {family: noFamily, class: General, fixed: new(uint32(0))},
}

// ClassOf returns the class of a reason; 0 for an unknown one. A custom rule states its own class,
// Sophisticated unless it does.
func ClassOf(r event.Reason) Class {
	if r < 0 || int(r) >= reasonCount {
		return 0
	}
	return traits[r].class
}
