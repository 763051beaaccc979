package crd

import "fmt"

// place is a field and a patch that sets it; %s stands for the value.
type place struct {
	path  string
	patch string
}

// The types below stand in many fields, and their rules hold in each.

func urlCases(places ...place) []ruleCase {
	var cases []ruleCase
	for _, p := range places {
		cases = append(cases, ruleCase{
			rule:     p.path + " is http or https with a plain host",
			accepted: fmt.Sprintf(p.patch, `"https://shop.example.org:8443?ct={clickid}"`),
			rejected: fmt.Sprintf(p.patch, `"https://{sub1}.example.org/"`),
			path:     p.path,
			message:  "must be an http or https URL with a host, and without user, password or macro in front of the path",
		}, ruleCase{
			rule:     p.path + " holds no spaces or control characters",
			accepted: fmt.Sprintf(p.patch, `"http://shop.example.org/a%20b?q={sub1}#top"`),
			rejected: fmt.Sprintf(p.patch, `"http://shop.example.org/a\tb"`),
			path:     p.path,
			message:  "must not contain spaces or control characters: escape them, as in %20",
		})
	}
	return cases
}

func cidrCases(places ...place) []ruleCase {
	var cases []ruleCase
	for _, p := range places {
		cases = append(cases, ruleCase{
			rule:     p.path + " is an address range",
			accepted: fmt.Sprintf(p.patch, `"2001:db8::/32"`),
			rejected: fmt.Sprintf(p.patch, `"198.51.100.7"`),
			path:     p.path,
			message:  "must be an address range such as 198.51.100.0/24; a single address is a range of /32 or /128",
		}, ruleCase{
			rule:     p.path + " begins with the first address of the range",
			accepted: fmt.Sprintf(p.patch, `"198.51.100.7/32"`),
			rejected: fmt.Sprintf(p.patch, `"198.51.100.7/24"`),
			path:     p.path,
			message:  "the address has bits beyond its prefix length: write the first address of the range",
		})
	}
	return cases
}

func rateCases(places ...place) []ruleCase {
	var cases []ruleCase
	for _, p := range places {
		cases = append(cases, ruleCase{
			rule:     p.path + " has a window of 1s to 24h",
			accepted: fmt.Sprintf(p.patch, `{count: 1, window: 24h}`),
			rejected: fmt.Sprintf(p.patch, `{count: 1, window: 999ms}`),
			path:     p.path + ".window",
			message:  "must be between 1s and 24h",
		})
	}
	return cases
}
