package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
)

// campaignInput is all that the compilation of one campaign depends on, its id's other claimants aside.
type campaignInput struct {
	object     *v1alpha1.Campaign
	named      []named // parallel to spec.trackerRefs
	policy     bool    // spec.fraudPolicyRef names a policy that is served
	partial    bool
	standalone bool
}

// named is what one of a campaign's tracker references leads to.
type named struct {
	fleet     *fleet // nil where there is none in this pipeline
	admitted  bool
	elsewhere string // the other pipeline of a tracker that is not in this one
	unknown   bool   // accepted before, not listed, and not proven to be gone
}

func (in *campaignInput) equal(other *campaignInput) bool {
	return in.object == other.object && in.policy == other.policy && in.partial == other.partial &&
		in.standalone == other.standalone && slices.Equal(in.named, other.named)
}

// campaignID is the cid: spec.id, else the name.
func campaignID(c *v1alpha1.Campaign) string {
	if c.Spec.ID != "" {
		return string(c.Spec.ID)
	}
	return c.GetName()
}

func campaignKey(c *v1alpha1.Campaign) string { return catalog.CampaignKey(campaignID(c)) }

func idField(c *v1alpha1.Campaign) string {
	if c.Spec.ID != "" {
		return "spec.id"
	}
	return "metadata.name"
}

// trackerKey is the namespace/name that a reference of a campaign names.
func trackerKey(c *v1alpha1.Campaign, ref *v1alpha1.TrackerRef) string {
	if ref.Namespace != "" {
		return string(ref.Namespace) + "/" + string(ref.Name)
	}
	return c.GetNamespace() + "/" + string(ref.Name)
}

// campaignCheck is the work on one campaign.
type campaignCheck struct {
	report
	in   *campaignInput
	body *catalogpb.Campaign
}

func checkCampaign(in *campaignInput) checked {
	object, spec := in.object, &in.object.Spec
	c := &campaignCheck{report: report{ref: refOf(KindCampaign, object)}, in: in, body: &catalogpb.Campaign{
		Id: campaignID(object), Namespace: object.GetNamespace(), Name: object.GetName(),
		DisplayName: spec.DisplayName, Advertiser: string(spec.Advertiser), State: campaignStates[spec.State],
	}}
	if !event.ValidID(c.body.GetId()) {
		c.invalid(idField(object), "a campaign id has 1 to 64 of the characters A-Z a-z 0-9 . _ ~ -")
	}
	if !event.ValidID(c.body.GetAdvertiser()) {
		c.invalid("spec.advertiser", "an advertiser id has 1 to 64 of the characters A-Z a-z 0-9 . _ ~ -")
	}
	c.trackers()
	c.body.OfferPageUrl = c.url("spec.offerPageURL", spec.OfferPageURL)
	c.body.SafePageUrl = c.url("spec.safePageURL", spec.SafePageURL)
	c.body.OverflowUrl = c.url("spec.overflowURL", spec.OverflowURL)
	c.pages()
	c.money()
	c.schedule()
	c.targeting()
	c.routing()
	if ref := spec.FraudPolicyRef; ref != nil {
		c.body.Policy = object.GetNamespace() + "/" + string(ref.Name)
		if !in.policy {
			missing(&c.report, in.partial, "spec.fraudPolicyRef", "FraudPolicy "+c.body.GetPolicy())
		}
	}
	c.noEffectIf(spec.Limits != nil, "spec.limits", "clicks are not limited yet")
	c.noEffectIf(spec.Budget != nil, "spec.budget", "no budget is kept yet")
	return c.finish(object, &catalogpb.Record{Body: &catalogpb.Record_Campaign{Campaign: c.body}})
}

var campaignStates = map[v1alpha1.CampaignState]catalogpb.CampaignState{
	"":                   catalogpb.CampaignState_CAMPAIGN_STATE_ACTIVE,
	v1alpha1.StateActive: catalogpb.CampaignState_CAMPAIGN_STATE_ACTIVE,
	v1alpha1.StateTest:   catalogpb.CampaignState_CAMPAIGN_STATE_TEST,
	v1alpha1.StatePaused: catalogpb.CampaignState_CAMPAIGN_STATE_PAUSED,
}

// trackers checks that every named tracker is of this pipeline and admits the campaign.
func (c *campaignCheck) trackers() {
	spec := &c.in.object.Spec
	if len(spec.TrackerRefs) == 0 {
		c.invalid("spec.trackerRefs", "name at least one tracker")
	}
	for i := range spec.TrackerRefs {
		path, key := fmt.Sprintf("spec.trackerRefs[%d]", i), trackerKey(c.in.object, &spec.TrackerRefs[i])
		to := &c.in.named[i]
		switch {
		case to.unknown:
			c.fail(v1alpha1.ReasonRefNotFound, path, "Tracker %s cannot be read: what it served goes on", key)
		case to.elsewhere != "":
			c.fail(v1alpha1.ReasonInvalid, path,
				"tracker %s belongs to pipeline %s: all trackers of a campaign share one pipeline", key, to.elsewhere)
		case to.fleet == nil:
			missing(&c.report, c.in.partial, path, "Tracker "+key)
		case to.fleet.served == nil:
			c.fail(v1alpha1.ReasonRefNotFound, path, "tracker %s was never accepted: its owner must correct it first", key)
		case !to.admitted:
			c.fail(v1alpha1.ReasonRefNotPermitted, path,
				"tracker %s does not admit namespace %q: ask the tracker's owner (spec.allowedCampaigns)", key, c.ref.Namespace)
		}
		c.body.Trackers = append(c.body.Trackers, key)
	}
	slices.Sort(c.body.Trackers)
	if len(slices.Compact(slices.Clone(c.body.Trackers))) < len(c.body.Trackers) {
		c.invalid("spec.trackerRefs", "names a tracker twice")
	}
}

// url checks a destination and its host on every named tracker; an empty one is unset.
func (c *campaignCheck) url(path string, text v1alpha1.URL) string {
	if text == "" {
		return ""
	}
	t, err := catalog.ParseTemplate(string(text))
	if err != nil {
		c.invalid(path, "%v", err)
		return ""
	}
	for i, to := range c.in.named {
		fleet := to.fleet
		if fleet == nil || fleet.served == nil || slices.Contains(c.in.named[:i], to) || fleet.hosts.Match(t.Host()) {
			continue
		}
		c.fail(v1alpha1.ReasonNotAllowed, path,
			"host %q is not among tracker %s's allowedHosts (%s): ask the tracker's owner, or use an allowed host",
			shortened(t.Host()), fleet.key, listed(fleet.allowed))
	}
	return string(text)
}

// shortened cuts a host so that a message fits a condition.
func shortened(host string) string {
	const most = 64
	if len(host) <= most {
		return host
	}
	return strings.ToValidUTF8(host[:most], "") + "..."
}
