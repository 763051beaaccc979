package chart_test

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// granted are the rights that the operator's roles give, one line for each: where, what, which names, and the verb.
func granted(all []*unstructured.Unstructured) []string {
	rights := map[string]bool{}
	for _, role := range all {
		if kind := role.GetKind(); kind != "Role" && kind != "ClusterRole" || !strings.Contains(role.GetName(), "-operator") {
			continue
		}
		rules, _, _ := unstructured.NestedSlice(role.Object, "rules")
		for _, rule := range rules {
			texts := func(key string) []string {
				found, _, _ := unstructured.NestedStringSlice(rule.(map[string]any), key)
				return found
			}
			for _, group := range texts("apiGroups") {
				for _, resource := range texts("resources") {
					for _, verb := range texts("verbs") {
						rights[strings.TrimSpace(verb+" "+resource+"."+group+" "+strings.Join(texts("resourceNames"), ","))] = true
					}
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(rights))
}
