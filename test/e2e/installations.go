package e2e

import (
	"fmt"
	"maps"
	"strings"
)

// secondInstallation is another Helm release, with a pipeline on the prefix of the first, as a second cluster with the
// same Kafka has it by mistake. The first one's operator does not run meanwhile: what protects its catalog is in the log.
func secondInstallation(s *stage) {
	const other = "other"
	s.kubectl("-n", system, "scale", "deployment", "clicktally-operator", "--replicas=0")
	s.eventually(func() string {
		if n := len(s.pods(system, "operator")); n > 0 {
			return fmt.Sprintf("%d operators of the first installation still run", n)
		}
		return ""
	})
	s.apply("{apiVersion: v1, kind: Namespace, metadata: {name: " + other + "}}")
	s.command(s.helm, append([]string{"install", "second", "--namespace=" + other},
		s.chart("--set=watchNamespaces={"+other+"}", "--set=installationID=second", "--set=crds.install=false", "--set=operator.replicas=1")...)...)
	for _, object := range s.samples() {
		if object.GetKind() == "AggregationPipeline" {
			object.SetNamespace(other)
			s.apply(toJSON(s, object))
		}
	}
	said := s.says(other, "aggregationpipeline/main", "Accepted", "False PrefixOwned")
	s.Logf("the second installation says Accepted=%s", said)
	if pods := s.get(other, "deployments", "{.items[*].metadata.name}"); strings.Contains(pods, "aggregator") {
		s.Errorf("the second installation runs %s, which count the first one's clicks", pods)
	}
	s.served("newsletter", "shop.example.org/edited") // nobody took the first one's catalog away
	s.kubectl("-n", other, "delete", "aggregationpipeline", "main")
	s.command(s.helm, "uninstall", "second", "--namespace="+other, "--wait")
	s.kubectl("delete", "namespace", other, "--wait=false")
	s.kubectl("-n", system, "scale", "deployment", "clicktally-operator", "--replicas=2")
	s.kubectl("-n", amer, "patch", "campaign", "newsletter", "--type=merge", "-p", `{"spec":{"displayName":"The first goes on"}}`)
	s.ready(amer, "campaign/newsletter")
}

// upgrade changes the operator, as a new version of the chart does.
func upgrade(s *stage) {
	before := s.pods(platform, "tracker")
	operators := s.pods(system, "operator")
	s.command(s.helm, append([]string{"upgrade", release, "--namespace=" + system}, s.chart("--set-string=operator.podAnnotations.upgraded=true")...)...)
	s.eventually(func() string {
		for pod := range s.pods(system, "operator") { // one that ends is still listed
			if operators[pod] != "" {
				return "operator " + pod + " is that of before: nothing was upgraded"
			}
		}
		return ""
	})
	s.ready(platform, "tracker/local", "aggregationpipeline/main")
	if after := s.pods(platform, "tracker"); !maps.Equal(before, after) {
		s.Errorf("trackers were started anew: before %v, after %v", before, after)
	}
	s.balanced()
}

// uninstall deletes as the documentation says it, and looks at what is left.
func uninstall(s *stage) {
	s.balanced() // while there is somebody to ask
	s.kubectl("delete", "campaigns,trafficsources,fraudpolicies,billingschedules", "--all", "-A")
	s.kubectl("-n", platform, "delete", "trackers", "--all")
	s.kubectl("-n", platform, "delete", "aggregationpipelines", "--all")
	s.command(s.helm, "uninstall", release, "--namespace="+system, "--wait")
	s.eventually(func() string {
		var left []string
		for _, kind := range []string{"pods", "statefulsets", "deployments", "services", "jobs", "configmaps", "persistentvolumeclaims", "serviceaccounts"} {
			left = append(left, strings.Fields(s.kubectl("get", kind, "-A", "-l", "app.kubernetes.io/managed-by in (clicktally, Helm)", "-o", "name"))...)
		}
		for _, kind := range []string{"clusterroles", "clusterrolebindings", "validatingadmissionpolicies", "validatingadmissionpolicybindings"} {
			left = append(left, strings.Fields(s.kubectl("get", kind, "-l", "app.kubernetes.io/name=clicktally", "-o", "name"))...)
		}
		if len(left) > 0 {
			return "still there: " + strings.Join(left, ", ")
		}
		return ""
	})
	s.Logf("left in %s:\n%s", platform, s.kubectl("-n", platform, "get", "secrets,persistentvolumeclaims", "-o", "name"))
	if kept := s.kubectl("get", "crd", "-o", "name"); !strings.Contains(kept, "campaigns.clicktally.dev") {
		s.Errorf("the definitions are gone, and with them every object: %s", kept)
	}
}
