package evaluate

import (
	"fmt"
	"time"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

// What the mission fixes (design 4), for a tracker that states no limits.
var (
	defaultPerIP       = v1alpha1.Rate{Count: 100, Window: "1m"}
	defaultPerCampaign = v1alpha1.Rate{Count: 1000, Window: "1m"}
)

// AboveCeiling says which of a campaign's limits are above the tracker's, one line each: a tenant can
// only be stricter, so the tracker's counts.
func AboveCeiling(campaign *v1alpha1.Campaign, tracker *v1alpha1.Tracker) []string {
	own := campaign.Spec.Limits
	if own == nil {
		return nil
	}
	perIP, perCampaign := &defaultPerIP, &defaultPerCampaign
	if limits := tracker.Spec.Limits; limits != nil {
		if limits.PerIP != nil {
			perIP = limits.PerIP
		}
		if limits.PerCampaign != nil {
			perCampaign = limits.PerCampaign
		}
	}
	key := tracker.GetNamespace() + "/" + tracker.GetName()
	list := above(nil, "perIP", own.PerIP, perIP, key)
	return above(list, "perCampaign", own.PerCampaign, perCampaign, key)
}

// above compares clicks per second: limits may have different windows.
func above(list []string, name string, own, ceiling *v1alpha1.Rate, tracker string) []string {
	if own == nil || perSecond(own) <= perSecond(ceiling) {
		return list
	}
	return append(list, fmt.Sprintf("%s %d in %s is above tracker %s's %d in %s: the tracker's counts",
		name, own.Count, own.Window, tracker, ceiling.Count, ceiling.Window))
}

func perSecond(r *v1alpha1.Rate) float64 {
	window, err := time.ParseDuration(string(r.Window))
	if err != nil || window <= 0 {
		return 0 // the schema refuses it
	}
	return float64(r.Count) / window.Seconds()
}
