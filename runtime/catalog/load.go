package catalog

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

func loadCampaign(rec *catalogpb.Record, offset int64) (*Campaign, error) {
	body := rec.GetCampaign()
	c := &Campaign{
		Campaign: body, Generation: rec.GetGeneration(), Digest: rec.GetDigest(), meta: meta{rec, offset},
	}
	if !slices.IsSorted(body.GetTrackers()) {
		return nil, errors.New("trackers are not sorted")
	}
	var errs [6]error
	c.OfferPage, errs[0] = loadTemplate("offer page", body.GetOfferPageUrl())
	c.SafePage, errs[1] = loadTemplate("safe page", body.GetSafePageUrl())
	c.Overflow, errs[2] = loadTemplate("overflow target", body.GetOverflowUrl())
	c.Pages, errs[3] = loadPages("landing page", body.GetLandingPages())
	c.Offers, errs[4] = loadPages("offer", body.GetOffers())
	c.Referrers, errs[5] = ParseHosts(body.GetReferrerHosts())
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	if len(body.GetAds()) > 0 {
		c.Ads = make(map[string]*catalogpb.Ad, len(body.GetAds()))
	}
	for _, ad := range body.GetAds() {
		c.Ads[ad.GetId()] = ad
	}
	return c, nil
}

func loadTemplate(what, text string) (*Template, error) {
	if text == "" {
		return nil, nil
	}
	t, err := ParseTemplate(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return t, nil
}

func loadPages(what string, list []*catalogpb.Page) (map[string]*Page, error) {
	if len(list) == 0 {
		return nil, nil
	}
	pages := make(map[string]*Page, len(list))
	for _, p := range list {
		t, err := ParseTemplate(p.GetUrl())
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w", what, p.GetId(), err)
		}
		pages[p.GetId()] = &Page{ID: p.GetId(), Active: p.GetActive(), URL: t}
	}
	return pages, nil
}

func loadPolicy(rec *catalogpb.Record, offset int64) (*Policy, error) {
	body := rec.GetPolicy()
	for _, list := range [][]*catalogpb.Entry{body.GetDeny(), body.GetAllow()} {
		for _, entry := range list {
			if _, err := netip.ParsePrefix(entry.GetCidr()); err != nil {
				return nil, fmt.Errorf("list entry: %w", err)
			}
		}
	}
	return &Policy{
		Policy: body, Generation: rec.GetGeneration(), Digest: rec.GetDigest(), meta: meta{rec, offset},
	}, nil
}

func loadSource(rec *catalogpb.Record, offset int64) (*Source, error) {
	body := rec.GetSource()
	for _, cidr := range body.GetAllowedCidrs() {
		if _, err := netip.ParsePrefix(cidr); err != nil {
			return nil, fmt.Errorf("allowed CIDR: %w", err)
		}
	}
	return &Source{
		Source: body, Generation: rec.GetGeneration(), Digest: rec.GetDigest(), meta: meta{rec, offset},
	}, nil
}

func loadTracker(rec *catalogpb.Record, offset int64) (*Tracker, error) {
	body := rec.GetTracker()
	fallback, err := ParseTemplate(body.GetFallbackUrl())
	if err != nil {
		return nil, fmt.Errorf("fallback: %w", err)
	}
	hosts, err := ParseHosts(body.GetAllowedHosts())
	if err != nil {
		return nil, fmt.Errorf("allowed hosts: %w", err)
	}
	return &Tracker{
		Tracker: body, Generation: rec.GetGeneration(), Digest: rec.GetDigest(), meta: meta{rec, offset},
		Fallback: fallback, Hosts: hosts,
	}, nil
}
