package publishing

import (
	"context"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

const (
	// proofsAtOnce bounds the live looks of one pass; the rest is looked at in the next ones.
	proofsAtOnce = 64
	// proofAgain is how long an object that is there after all, or that cannot be looked at, is left alone.
	proofAgain = 30 * time.Second
	// proofTimeout bounds one look.
	proofTimeout = 5 * time.Second
)

// prover finds out whether an object that no list shows is really gone: by a live GET that answers NotFound.
// Any other answer proves nothing. It has one user at a time.
type prover struct {
	live  client.Reader // not the cache
	log   logr.Logger
	later map[string]time.Time // by key: not to be looked at before
	more  bool                 // there was more to look at than in one pass
}

// prove returns the keys among absent whose objects are gone.
func (p *prover) prove(ctx context.Context, absent []string, on map[string]*catalogpb.Record) map[string]bool {
	gone := map[string]bool{}
	now, looks := time.Now(), 0
	p.more = false
	still := make(map[string]time.Time, len(p.later))
	for _, key := range absent {
		if until, ok := p.later[key]; ok && now.Before(until) {
			still[key] = until
			continue
		}
		if looks == proofsAtOnce {
			p.more = true
			break
		}
		looks++
		if p.gone(ctx, compile.RefOf(on[key])) {
			gone[key] = true
		} else {
			still[key] = now.Add(proofAgain)
		}
	}
	p.later = still
	return gone
}

// +kubebuilder:rbac:groups=clicktally.dev,resources=campaigns;fraudpolicies;trafficsources;trackers,verbs=get

// gone asks the API server itself.
func (p *prover) gone(ctx context.Context, ref compile.Ref) bool {
	object := newObject(ref.Kind)
	if object == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, proofTimeout)
	defer cancel()
	err := p.live.Get(ctx, types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}, object)
	if err != nil && !notFound(err) {
		p.log.Error(err, "cannot see whether an object still exists: what it serves stays", "object", ref.String())
	}
	return notFound(err)
}

// notFound reports whether the API server itself said that there is no such object. A 404 without its words,
// of a proxy or for a kind that is not installed, says nothing of the object.
func notFound(err error) bool {
	return apierrors.IsNotFound(err) && !apierrors.HasStatusCause(err, metav1.CauseTypeUnexpectedServerResponse)
}

// newObject is an empty object of a kind that has records, else nil.
func newObject(kind string) client.Object {
	switch kind {
	case compile.KindCampaign:
		return &v1alpha1.Campaign{}
	case compile.KindFraudPolicy:
		return &v1alpha1.FraudPolicy{}
	case compile.KindTrafficSource:
		return &v1alpha1.TrafficSource{}
	case compile.KindTracker:
		return &v1alpha1.Tracker{}
	}
	return nil
}
