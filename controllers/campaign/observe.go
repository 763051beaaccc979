package campaign

import (
	"cmp"
	"context"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/publishing"
	"github.com/clicktally/clicktally/controllers/internal/status"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// observed is all that a campaign's status is made of.
type observed struct {
	campaign *v1alpha1.Campaign
	view     *publishing.View // nil where it could not be judged
	trouble  string           // why not
	tested   *status.Answer   // nil without tests
}

// observe returns nil when there is nothing to say: the campaign is gone or going, or it will be judged soon.
func (r *reconciler) observe(ctx context.Context, request ctrl.Request) (*observed, error) {
	campaign := &v1alpha1.Campaign{}
	if err := r.client.Get(ctx, request.NamespacedName, campaign); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	if !campaign.DeletionTimestamp.IsZero() {
		return nil, nil
	}
	ref := compile.Ref{Kind: compile.KindCampaign, Namespace: campaign.Namespace, Name: campaign.Name}
	if !r.settled(campaign) {
		r.publishing.Await(ref)
	}
	views, settled := r.publishing.Views(ref, campaign.Generation)
	if settled {
		best := publishing.Best(views)
		return &observed{campaign: campaign, view: best, tested: r.tested(campaign, best)}, nil
	}
	pipeline, trouble := r.publishing.Trouble()
	if trouble == nil || campaign.Status.ObservedGeneration == campaign.Generation {
		return nil, nil
	}
	return &observed{campaign: campaign, trouble: status.Waits(pipeline, trouble)}, nil
}

// settled reports whether no heartbeat can change the status: all trackers serve the campaign as it is.
func (r *reconciler) settled(campaign *v1alpha1.Campaign) bool {
	if !status.Latched(campaign.Status.Conditions, v1alpha1.ConditionReady, campaign.Generation) {
		return false
	}
	for i := range campaign.Status.Trackers {
		if campaign.Status.Trackers[i].ServedGeneration != campaign.Generation {
			return false
		}
	}
	return true
}

// id is the cid.
func id(campaign *v1alpha1.Campaign) string { return cmp.Or(string(campaign.Spec.ID), campaign.Name) }
