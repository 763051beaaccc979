package crd

import "fmt"

// setting is a field and a patch that sets it; %s stands for the value.
type setting struct {
	path  string
	patch string
}

// The types below stand in many fields, and their rules hold in each.

func urlCases(settings ...setting) []ruleCase {
	var cases []ruleCase
	for _, s := range settings {
		cases = append(cases, ruleCase{
			rule:     s.path + " is http or https with a plain host",
			accepted: fmt.Sprintf(s.patch, `"https://shop.example.org:8443?ct={clickid}"`),
			rejected: fmt.Sprintf(s.patch, `"https://{sub1}.example.org/"`),
			path:     s.path,
			message:  "must be an http or https URL with a host, and without user, password or macro in front of the path",
		}, ruleCase{
			rule:     s.path + " holds no spaces or control characters",
			accepted: fmt.Sprintf(s.patch, `"http://shop.example.org/a%20b?q={sub1}#top"`),
			rejected: fmt.Sprintf(s.patch, `"http://shop.example.org/a\tb"`),
			path:     s.path,
			message:  "must not contain spaces or control characters: escape them, as in %20",
		})
	}
	return cases
}

func cidrCases(settings ...setting) []ruleCase {
	var cases []ruleCase
	for _, s := range settings {
		cases = append(cases, ruleCase{
			rule:     s.path + " is an address range",
			accepted: fmt.Sprintf(s.patch, `"2001:db8::/32"`),
			rejected: fmt.Sprintf(s.patch, `"198.51.100.7"`),
			path:     s.path,
			message:  "must be an address range such as 198.51.100.0/24; a single address is a range of /32 or /128",
		}, ruleCase{
			rule:     s.path + " begins with the first address of the range",
			accepted: fmt.Sprintf(s.patch, `"198.51.100.7/32"`),
			rejected: fmt.Sprintf(s.patch, `"198.51.100.7/24"`),
			path:     s.path,
			message:  "the address has bits beyond its prefix length: write the first address of the range",
		})
	}
	return cases
}

func rateCases(settings ...setting) []ruleCase {
	var cases []ruleCase
	for _, s := range settings {
		cases = append(cases, ruleCase{
			rule:     s.path + " has a window of 1s to 24h",
			accepted: fmt.Sprintf(s.patch, `{count: 1, window: 24h}`),
			rejected: fmt.Sprintf(s.patch, `{count: 1, window: 999ms}`),
			path:     s.path + ".window",
			message:  "must be between 1s and 24h",
		})
	}
	return cases
}
