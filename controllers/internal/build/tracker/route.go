package tracker

import (
	"fmt"
	"net/netip"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build"
)

// routeType is how visitors come in.
func routeType(t *v1alpha1.Tracker) v1alpha1.RouteType {
	if t.Spec.Route == nil {
		return v1alpha1.RouteNone
	}
	return t.Spec.Route.Type
}

// hostNames are the domains as a route takes them: names, never addresses.
func hostNames(t *v1alpha1.Tracker) ([]string, error) {
	names := make([]string, len(t.Spec.Domains))
	for i, domain := range t.Spec.Domains {
		if _, err := netip.ParseAddr(string(domain)); err == nil {
			return nil, build.Invalid(fmt.Sprintf("spec.domains[%d]", i), "%s is an address, and an %s knows names only: remove it, or set spec.route.type None", domain, routeType(t))
		}
		names[i] = string(domain)
	}
	return names, nil
}
