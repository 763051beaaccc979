package tracker

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/build"
)

// maxRouteHosts is the most hostnames of one HTTPRoute; a Tracker has up to twice as many.
const maxRouteHosts = 16

func routeNames(t *v1alpha1.Tracker) [2]string { return [2]string{Name(t), Name(t) + "-more"} }

// HTTPRoutes send all paths of all domains to the Service: one for the first 16 domains, one for the
// others. There is none unless spec.route asks for it.
func HTTPRoutes(in *Input) ([]*unstructured.Unstructured, error) {
	if routeType(in.Tracker) != v1alpha1.RouteHTTPRoute {
		return nil, nil
	}
	hosts, err := hostNames(in.Tracker)
	if err != nil {
		return nil, err
	}
	names := routeNames(in.Tracker)
	var routes []*unstructured.Unstructured
	for some := range slices.Chunk(hosts, maxRouteHosts) {
		route, err := httpRoute(in, names[len(routes)], some)
		if err != nil {
			return nil, err
		}
		routes = append(routes, route)
	}
	return routes, nil
}

func httpRoute(in *Input, name string, hosts []string) (*unstructured.Unstructured, error) {
	m := in.meta()
	route := &unstructured.Unstructured{Object: map[string]any{
		"spec": map[string]any{
			"parentRefs": parentRefs(in.Tracker.Spec.Route.ParentRefs),
			"hostnames":  list(hosts),
			"rules": []any{map[string]any{
				"backendRefs": []any{map[string]any{"name": Name(in.Tracker), "port": int64(build.ServicePort)}},
			}},
		},
	}}
	route.SetGroupVersionKind(KindHTTPRoute)
	route.SetName(name)
	route.SetNamespace(m.Namespace)
	route.SetLabels(m.Labels())
	if in.Owner == nil {
		return route, nil
	}
	owner, err := runtime.DefaultUnstructuredConverter.ToUnstructured(in.Owner)
	if err != nil {
		return nil, err
	}
	return route, unstructured.SetNestedSlice(route.Object, []any{owner}, "metadata", "ownerReferences")
}

func parentRefs(refs []v1alpha1.GatewayRef) []any {
	out := make([]any, len(refs))
	for i, ref := range refs {
		parent := map[string]any{"name": string(ref.Name)}
		if ref.Namespace != "" {
			parent["namespace"] = string(ref.Namespace)
		}
		if ref.SectionName != "" {
			parent["sectionName"] = string(ref.SectionName)
		}
		out[i] = parent
	}
	return out
}

func list(texts []string) []any {
	out := make([]any, len(texts))
	for i, text := range texts {
		out[i] = text
	}
	return out
}
