package tracker

import (
	"cmp"
	"log/slog"
	"strings"
	"time"

	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/fraud/score"
)

// Time rules for foreign ids while the pipeline states none (design 8).
const (
	defaultVisitorMaxAge = time.Hour
	defaultMaxAge        = 7 * 24 * time.Hour
	defaultMaxAhead      = 5 * time.Minute
)

// view is everything a request needs of one catalog. It is built once per swap and never changes; a
// request loads it once, so that it sees one configuration from start to end.
type view struct {
	catalog  *catalog.Catalog
	tracker  *catalog.Tracker
	policy   *score.Policy
	shadows  []*score.Policy
	policies map[string]*score.Policy // by namespace/name
	digests  map[string]*score.Policy // by digest: what the next view need not compile again
	domains  map[string]bool          // lower case
	key      string                   // of the tracker

	visitorMaxAge, maxAge, maxAhead int64 // ms
}

// newView is nil while the catalog does not know the tracker: there is no fallback URL to send
// anyone to.
func newView(c *catalog.Catalog, key string, old *view, builtIn *score.Policy, log *slog.Logger) *view {
	namespace, name, _ := strings.Cut(key, "/")
	t := c.Tracker(namespace + "/" + name)
	if t == nil {
		return nil
	}
	v := &view{
		catalog: c, tracker: t, key: key,
		policies: map[string]*score.Policy{}, digests: map[string]*score.Policy{}, domains: map[string]bool{},
	}
	v.compile(old, log)
	v.policy = builtIn
	if p := v.policies[t.GetPolicy()]; p != nil {
		v.policy = p
	}
	for _, shadow := range t.GetShadowPolicies() {
		if p := v.policies[shadow]; p != nil {
			v.shadows = append(v.shadows, p)
		}
	}
	for _, domain := range t.GetDomains() {
		v.domains[strings.ToLower(domain)] = true
	}
	v.times(c.Pipeline())
	return v
}

// compile takes over every policy that did not change. One that cannot be compiled keeps what the
// old view had under its name.
func (v *view) compile(old *view, log *slog.Logger) {
	for p := range v.catalog.Policies() {
		key, digest := p.Key(), string(p.Digest)
		var ready *score.Policy
		if old != nil && digest != "" {
			ready = old.digests[digest]
		}
		if ready == nil {
			var err error
			if ready, err = score.Compile(p); err != nil {
				log.Error("policy is kept out", "policy", key, "error", err)
				if old != nil {
					ready = old.policies[key]
				}
			}
		}
		if ready != nil {
			v.policies[key], v.digests[digest] = ready, ready
		}
	}
}

func (v *view) times(p *catalogpb.Pipeline) {
	v.visitorMaxAge = cmp.Or(p.GetVisitorMaxAgeMs(), defaultVisitorMaxAge.Milliseconds())
	v.maxAge = cmp.Or(p.GetMaxAgeMs(), defaultMaxAge.Milliseconds())
	v.maxAhead = cmp.Or(p.GetMaxAheadMs(), defaultMaxAhead.Milliseconds())
}

// campaignPolicy is the campaign's own, stricter policy, nil when it has none.
func (v *view) campaignPolicy(c *catalog.Campaign) *score.Policy {
	if c == nil || c.GetPolicy() == "" {
		return nil
	}
	return v.policies[c.GetPolicy()]
}
