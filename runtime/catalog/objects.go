package catalog

import (
	"slices"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// Campaign is one campaign with its destinations parsed. Nothing in it may be changed.
type Campaign struct {
	*catalogpb.Campaign

	Generation int64
	Digest     []byte
	OfferPage  *Template // nil when unset
	SafePage   *Template // nil when unset
	Overflow   *Template // nil when unset
	Pages      map[string]*Page
	Offers     map[string]*Page
	Ads        map[string]*catalogpb.Ad
	Referrers  Hosts // empty: any referrer will do
	meta
}

// On reports whether the tracker named namespace/name serves the campaign.
func (c *Campaign) On(tracker string) bool {
	_, found := slices.BinarySearch(c.GetTrackers(), tracker)
	return found
}

// Page is a landing page or an offer.
type Page struct {
	ID     string
	Active bool
	URL    *Template
}

// Policy is one fraud policy; every default is resolved.
type Policy struct {
	*catalogpb.Policy

	Generation int64
	Digest     []byte
	meta
}

// Key returns namespace/name, as campaigns and trackers name the policy.
func (p *Policy) Key() string { return p.GetNamespace() + "/" + p.GetName() }

// Source is one traffic source.
type Source struct {
	*catalogpb.Source

	Generation int64
	Digest     []byte
	meta
}

// Tracker is one fleet.
type Tracker struct {
	*catalogpb.Tracker

	Generation int64
	Digest     []byte
	Fallback   *Template
	Hosts      Hosts // destinations the fleet may send visitors to
	meta
}

// Key returns namespace/name, as campaigns name the tracker.
func (t *Tracker) Key() string { return t.GetNamespace() + "/" + t.GetName() }

// meta is the record an object was loaded from.
type meta struct {
	record *catalogpb.Record
	offset int64
}
