package compile

import (
	"bytes"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// fleet is a tracker as campaigns see it.
type fleet struct {
	checked

	namespace string
	key       string // namespace/name
	served    *catalogpb.Record
	kept      bool // served is the last accepted form: who is admitted now is unknown
	grant     v1alpha1.AllowedNamespaces
	selector  labels.Selector
	hosts     catalog.Hosts
	allowed   []string // as the owner wrote them, for messages
}

// newFleet compiles a tracker; previous is its record in the log, nil when there is none.
func newFleet(object *v1alpha1.Tracker, previous *catalogpb.Record, o *refs) *fleet {
	f := &fleet{
		namespace: object.GetNamespace(), key: object.GetNamespace() + "/" + object.GetName(),
		grant: v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesSame},
	}
	f.check(object, o)
	f.served = f.record
	if f.record == nil {
		f.kept, f.served = previous.GetTracker() != nil, previous
	}
	hosts, err := catalog.ParseHosts(f.served.GetTracker().GetAllowedHosts())
	if err == nil { // a record in the log was checked when it was written
		f.hosts = hosts
	}
	return f
}

// equal reports whether two compilations of one object came to the same end.
func (f *fleet) equal(other *fleet) bool {
	return f.ok() && other.ok() && bytes.Equal(f.record.GetDigest(), other.record.GetDigest()) &&
		slices.Equal(f.problems, other.problems)
}

func (f *fleet) check(object *v1alpha1.Tracker, o *refs) {
	r := &report{ref: refOf(KindTracker, object)}
	spec := &object.Spec
	t := &catalogpb.Tracker{
		Namespace: object.GetNamespace(), Name: object.GetName(), FallbackUrl: string(spec.FallbackURL),
		SigningOff: spec.Signing == nil || spec.Signing.Mode == "" || spec.Signing.Mode == v1alpha1.SigningNone,
		Suspended:  spec.Suspend == v1alpha1.SuspendReconciliation,
		Privacy:    catalogpb.AddressPrivacy_ADDRESS_PRIVACY_TRUNCATE,
	}
	if pipeline := object.GetNamespace() + "/" + string(spec.PipelineRef.Name); !o.pipelines[pipeline] {
		missing(r, o.partial, "spec.pipelineRef", "AggregationPipeline "+pipeline)
	}
	for _, d := range spec.Domains {
		t.Domains = append(t.Domains, string(d))
	}
	f.checkHosts(r, spec, t)
	f.checkGrant(r, spec.AllowedCampaigns)
	if o.namespaced {
		f.checkNamespaced(r)
	}
	if fraud := spec.Fraud; fraud != nil {
		if fraud.PolicyRef != nil {
			t.Policy = o.policy(r, "spec.fraud.policyRef", object.GetNamespace(), fraud.PolicyRef)
		}
		r.noEffectIf(len(fraud.ShadowPolicyRefs) > 0, "spec.fraud.shadowPolicyRefs", "only one policy scores yet")
	}
	if a := spec.ClientAddress; a != nil {
		t.TrustedHops, t.Header = trustedHops(a), addressHeaders[a.Header]
	}
	if p := spec.Privacy; p != nil && p.Address != "" {
		t.Privacy = addressPrivacy[p.Address]
	}
	compileAck(r, spec, t)
	trackerNotices(r, spec, o.standalone)
	f.checked = r.finish(object, &catalogpb.Record{Body: &catalogpb.Record_Tracker{Tracker: t}})
}

// trustedHops is what the owner states for a list; a header with one address is written by one proxy.
func trustedHops(a *v1alpha1.ClientAddress) uint32 {
	if a.Header == v1alpha1.CFConnectingIP || a.Header == v1alpha1.ProxyProtocol {
		return 1
	}
	return uint32(a.TrustedHops)
}

var addressHeaders = map[v1alpha1.AddressHeader]catalogpb.ClientAddressHeader{
	v1alpha1.XForwardedFor:  catalogpb.ClientAddressHeader_CLIENT_ADDRESS_HEADER_X_FORWARDED_FOR,
	v1alpha1.Forwarded:      catalogpb.ClientAddressHeader_CLIENT_ADDRESS_HEADER_FORWARDED,
	v1alpha1.ProxyProtocol:  catalogpb.ClientAddressHeader_CLIENT_ADDRESS_HEADER_PROXY_PROTOCOL,
	v1alpha1.CFConnectingIP: catalogpb.ClientAddressHeader_CLIENT_ADDRESS_HEADER_CF_CONNECTING_IP,
}

var addressPrivacy = map[v1alpha1.AddressPrivacy]catalogpb.AddressPrivacy{
	v1alpha1.AddressKeep:     catalogpb.AddressPrivacy_ADDRESS_PRIVACY_KEEP,
	v1alpha1.AddressTruncate: catalogpb.AddressPrivacy_ADDRESS_PRIVACY_TRUNCATE,
	v1alpha1.AddressDrop:     catalogpb.AddressPrivacy_ADDRESS_PRIVACY_DROP,
}

// checkHosts compiles the allow-list. The fallback's host is always on it: the platform team chose it.
func (f *fleet) checkHosts(r *report, spec *v1alpha1.TrackerSpec, t *catalogpb.Tracker) {
	fallback, err := catalog.ParseTemplate(string(spec.FallbackURL))
	if err != nil {
		r.invalid("spec.fallbackURL", "%v", err)
	} else {
		t.AllowedHosts = append(t.AllowedHosts, fallback.Host())
	}
	if spec.Destinations != nil {
		for i, h := range spec.Destinations.AllowedHosts {
			if _, err := catalog.ParseHosts([]string{string(h)}); err != nil {
				r.invalid(fmt.Sprintf("spec.destinations.allowedHosts[%d]", i), "%v", err)
			}
			f.allowed = append(f.allowed, string(h))
			t.AllowedHosts = append(t.AllowedHosts, string(h))
		}
	}
	slices.Sort(t.AllowedHosts)
	t.AllowedHosts = slices.Compact(t.AllowedHosts)
}

func (f *fleet) checkGrant(r *report, allowed *v1alpha1.AllowedCampaigns) {
	if allowed == nil {
		return
	}
	f.grant = allowed.Namespaces
	if f.grant.From != v1alpha1.NamespacesSelector {
		return
	}
	selector, err := metav1.LabelSelectorAsSelector(f.grant.Selector)
	if err != nil {
		r.invalid("spec.allowedCampaigns.namespaces.selector", "%v", err)
		return
	}
	f.selector = selector
}

// checkNamespaced refuses what asks about namespaces in general where only some are looked into.
func (f *fleet) checkNamespaced(r *report) {
	if f.grant.From == v1alpha1.NamespacesAll || f.grant.From == v1alpha1.NamespacesSelector {
		r.invalid("spec.allowedCampaigns.namespaces.from",
			"%s asks about all namespaces, and this operator may look into some only (--watch-namespaces): list them with Names, or use Same", f.grant.From)
	}
}

// admits reports whether campaigns of a namespace with those labels may use the tracker.
func (f *fleet) admits(namespace string, of map[string]string) bool {
	switch f.grant.From {
	case v1alpha1.NamespacesAll:
		return true
	case v1alpha1.NamespacesNames:
		return slices.Contains(f.grant.Names, v1alpha1.NamespaceName(namespace))
	case v1alpha1.NamespacesSelector:
		// Every namespace carries its own name as a label, also where no Namespace object is at hand.
		if of["kubernetes.io/metadata.name"] == "" {
			of = labels.Merge(of, labels.Set{"kubernetes.io/metadata.name": namespace})
		}
		return f.selector != nil && f.selector.Matches(labels.Set(of))
	}
	return namespace == f.namespace
}

func trackerNotices(r *report, spec *v1alpha1.TrackerSpec, standalone bool) {
	r.noEffectIf(spec.ClientAddress != nil && spec.ClientAddress.Header == v1alpha1.ProxyProtocol, "spec.clientAddress.header",
		"the PROXY protocol is not read yet, so every address is unknown")
	r.noEffectIf(spec.Limits != nil, "spec.limits", "clicks are not limited yet")
	r.noEffectIf(spec.Data != nil, "spec.data", "no data files are loaded yet")
	r.noEffectIf(spec.Signing != nil && spec.Signing.Mode != v1alpha1.SigningNone, "spec.signing", "links are not signed yet")
	if standalone {
		journalNotices(r, spec.Journal)
		r.noEffectIf(spec.Privacy != nil && spec.Privacy.HashKeyRef != nil, "spec.privacy.hashKeyRef", "the key of the data directory is used")
		r.noEffectIf(spec.Replicas != 0, "spec.replicas", "standalone is one process")
		r.noEffectIf(spec.Autoscaling != nil, "spec.autoscaling", "standalone is one process")
		r.noEffectIf(spec.Route != nil, "spec.route", "standalone listens by itself")
		r.noEffectIf(spec.Version != "", "spec.version", "standalone is one process")
		r.noEffectIf(spec.Suspend != "", "spec.suspend", "standalone is one process")
		r.noEffectIf(spec.Pod != nil, "spec.pod", "standalone is one process")
	}
}
