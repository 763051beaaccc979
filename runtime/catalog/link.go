package catalog

// Link is the tracking link of a campaign: base is scheme and host of the tracker, id the cid, whose alphabet
// needs no escaping. Parameters follow a question mark.
func Link(base, id string) string { return base + "/c/" + id }

// LinkOn is the link of a campaign to hand out on a tracker: over HTTPS, under the tracker's first domain. It
// is empty for a tracker without domains.
func LinkOn(domains []string, id string) string {
	if len(domains) == 0 {
		return ""
	}
	return Link("https://"+domains[0], id)
}
