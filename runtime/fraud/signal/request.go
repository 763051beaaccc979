package signal

import (
	"net/netip"
	"net/url"
	"slices"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/event"
)

// Request is what a click says of itself.
type Request struct {
	Address        netip.Addr // the client's, invalid when unknown
	UserAgentClass event.UserAgentClass
	DeviceStated   bool
	Campaign       *catalog.Campaign // nil when unknown
	Referrer       string
	Country        string // ISO 3166-1 alpha-2, empty when unknown
}

// Of returns the facts of a click that need no memory of others: all but counts and impressions.
func Of(r *Request) Signals {
	s := Signals{Address: r.Address, UserAgentClass: r.UserAgentClass, DeviceStrong: r.DeviceStated}
	if !s.Address.IsValid() {
		s.Degraded |= DegradedAddress
	}
	if !s.DeviceStrong {
		s.Degraded |= DegradedDevice
	}
	if r.Campaign != nil {
		s.target(r)
	}
	return s
}

// target holds referrer and country against the campaign's targeting. A click without a referrer, or
// from an unknown country, cannot be judged by it.
func (s *Signals) target(r *Request) {
	if !r.Campaign.Referrers.Empty() {
		if u, err := url.Parse(r.Referrer); err == nil && u.Hostname() != "" {
			s.ReferrerOutside = !r.Campaign.Referrers.Match(u.Hostname())
		} else {
			s.Degraded |= DegradedReferrer
		}
	}
	if countries := r.Campaign.GetCountries(); len(countries) > 0 {
		if r.Country == "" {
			s.Degraded |= DegradedCountry
		} else {
			s.CountryOutside = !slices.Contains(countries, r.Country)
		}
	}
}
