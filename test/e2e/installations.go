package e2e

import (
	"maps"
	"strings"
)

// secondInstallation is another Helm release that looks into one namespace, with a pipeline on the prefix of the first.
func secondInstallation(s *stage) {
	const other = "other"
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
	s.served("newsletter", "", "shop.example.org/edited") // nobody took the first one's catalog away
	s.ready(platform, "aggregationpipeline/main")
	s.kubectl("-n", other, "delete", "aggregationpipeline", "main")
	s.command(s.helm, "uninstall", "second", "--namespace="+other, "--wait")
	s.kubectl("delete", "namespace", other, "--wait=false")
}

// upgrade changes the operator, as a new version of the chart does.
func upgrade(s *stage) {
	before := s.pods(platform, "tracker")
	operators := s.pods(system, "operator")
	s.command(s.helm, append([]string{"upgrade", release, "--namespace=" + system}, s.chart("--set=operator.podAnnotations.upgraded=true")...)...)
	for pod := range s.pods(system, "operator") {
		if operators[pod] != "" {
			s.Errorf("operator %s is that of before: nothing was upgraded", pod)
		}
	}
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
		left := ""
		for _, kind := range []string{"pods", "statefulsets", "deployments", "services", "jobs", "configmaps", "persistentvolumeclaims", "serviceaccounts"} {
			out := s.kubectl("get", kind, "-A", "-l", "app.kubernetes.io/managed-by in (clicktally, Helm)", "-o", "name")
			left += out
		}
		for _, kind := range []string{"clusterroles", "clusterrolebindings", "validatingadmissionpolicies", "validatingadmissionpolicybindings"} {
			out := s.kubectl("get", kind, "-l", "app.kubernetes.io/name=clicktally", "-o", "name")
			left += out
		}
		if left != "" {
			return "still there: " + strings.Join(strings.Fields(left), ", ")
		}
		return ""
	})
	s.Logf("left in %s:\n%s", platform, s.kubectl("-n", platform, "get", "secrets,persistentvolumeclaims", "-o", "name"))
	if kept := s.kubectl("get", "crd", "-o", "name"); !strings.Contains(kept, "campaigns.clicktally.dev") {
		s.Errorf("the definitions are gone, and with them every object: %s", kept)
	}
}
