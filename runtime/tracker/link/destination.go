package link

import (
	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/redirect"
)

// Destination is a decision with what the macros of its URL stand for.
type Destination struct {
	Link     *Link
	Decision *redirect.Decision
	ClickID  string // {clickid}, our public click id; empty when there is none
	Country  string // {country}, ISO 3166-1 alpha-2; empty when unknown
	Device   string // {device}, the name of an event.DeviceType
	Next     string // {out}, the URL of the next step; empty when there is none
}

// AppendURL appends the URL with its macros expanded, and with the link's advertising parameters that
// it does not state itself.
func (d *Destination) AppendURL(dst []byte) []byte {
	from := len(dst)
	return d.Link.appendPass(d.Decision.AppendURL(dst, d.ClickID, d.value), from)
}

// value is what a macro other than {clickid} stands for.
func (d *Destination) value(macro string) (string, bool) {
	l := d.Link
	switch macro {
	case "cid":
		return l.CampaignID, true
	case "externalid":
		return l.ExternalID, true
	case "ad_id":
		return l.AdID, true
	case "pub_id":
		return l.PublisherID, true
	case "ts_id":
		return l.TsID, true
	case "source":
		return l.Source, true
	case "lp_id":
		return d.Decision.LandingPage, true
	case "offer_id":
		return d.Decision.Offer, true
	case "country":
		return d.Country, true
	case "device":
		return d.Device, true
	case "out":
		return d.Next, true
	case "cost":
		if l.CostCurrency == "" {
			return "", false
		}
		return event.FormatMicros(l.Cost), true
	}
	if n := subNumber(macro); n > 0 {
		return l.subs[n-1], true
	}
	return "", false
}
