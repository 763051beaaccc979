package signal_test

import (
	"net/netip"
	"testing"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/fraud/signal"
)

// What cannot be had is named, and is never taken for a fact.
func TestFactsOfARequest(t *testing.T) {
	hosts, err := catalog.ParseHosts([]string{"*.publisher.example"})
	if err != nil {
		t.Fatal(err)
	}
	open := &catalog.Campaign{Campaign: &catalogpb.Campaign{}}
	targeted := &catalog.Campaign{Campaign: &catalogpb.Campaign{Countries: []string{"DE", "AT"}}, Referrers: hosts}
	const client = signal.DegradedAddress | signal.DegradedDevice
	cases := map[string]struct {
		request           signal.Request
		referrer, country bool // outside
		degraded          signal.Degraded
	}{
		"nothing is known":                 {signal.Request{}, false, false, client},
		"address and device are known":     {signal.Request{Address: netip.MustParseAddr("192.0.2.1"), DeviceStated: true}, false, false, 0},
		"a campaign that asks for nothing": {signal.Request{Campaign: open, Referrer: "https://elsewhere.example/", Country: "FR"}, false, false, client},
		"within the targeting":             {signal.Request{Campaign: targeted, Referrer: "https://www.publisher.example:8443/a", Country: "AT"}, false, false, client},
		"outside of it":                    {signal.Request{Campaign: targeted, Referrer: "https://elsewhere.example/", Country: "FR"}, true, true, client},
		"neither referrer nor country":     {signal.Request{Campaign: targeted}, false, false, client | signal.DegradedReferrer | signal.DegradedCountry},
		"a referrer that cannot be read":   {signal.Request{Campaign: targeted, Referrer: "https://%zz/", Country: "DE"}, false, false, client | signal.DegradedReferrer},
		"a referrer without a host":        {signal.Request{Campaign: targeted, Referrer: "about:blank", Country: "DE"}, false, false, client | signal.DegradedReferrer},
	}
	for sentence, c := range cases {
		t.Run(sentence, func(t *testing.T) {
			s := signal.Of(&c.request)
			if s.ReferrerOutside != c.referrer || s.CountryOutside != c.country || s.Degraded != c.degraded {
				t.Errorf("got referrer outside %v, country outside %v, degraded %05b; want %v, %v, %05b",
					s.ReferrerOutside, s.CountryOutside, s.Degraded, c.referrer, c.country, c.degraded)
			}
			if s.Address != c.request.Address || s.DeviceStrong != c.request.DeviceStated {
				t.Errorf("address %v and device %v are not the request's", s.Address, s.DeviceStrong)
			}
		})
	}
}
