package compile

import (
	"testing"

	"sigs.k8s.io/yaml"
)

// A header with one address comes from one trusted proxy; without that hop a tracker would take the
// proxy for the visitor.
func TestAHeaderWithOneAddressTrustsOneHop(t *testing.T) {
	for header, want := range map[string]uint32{
		"{header: CFConnectingIP}": 1, "{header: ProxyProtocol}": 1, "{header: XForwardedFor, trustedHops: 3}": 3,
	} {
		in := &goldenObjects{}
		if err := yaml.UnmarshalStrict([]byte(platform), in); err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict([]byte(header), &in.Trackers[0].Spec.ClientAddress); err != nil {
			t.Fatal(err)
		}
		for _, record := range Compile(in.objects(nil)).Records {
			if tracker := record.GetTracker(); tracker != nil && tracker.GetTrustedHops() != want {
				t.Errorf("%s: %d hops are trusted, want %d", header, tracker.GetTrustedHops(), want)
			}
		}
	}
}

// A mapped range holds no address as trackers compare them: IPv4 as IPv4.
func TestIPv4RangesAreWrittenAsIPv4(t *testing.T) {
	in := &goldenObjects{}
	if err := yaml.UnmarshalStrict([]byte(platform), in); err != nil {
		t.Fatal(err)
	}
	for spec, into := range map[string]any{
		`{deny: [{cidr: "::ffff:198.51.100.0/120"}], allow: [{cidr: "::ffff:0:0/96", expires: "2030-01-01T00:00:00Z"}]}`: &in.Policies[0].Spec,
		`{postback: {auth: {secretRef: {name: k}, allowedCIDRs: ["::ffff:198.51.100.0/120"]}}}`:                          &in.Sources[0].Spec,
	} {
		if err := yaml.UnmarshalStrict([]byte(spec), into); err != nil {
			t.Fatal(err)
		}
	}
	found := map[string]bool{}
	for _, p := range Compile(in.objects(nil)).Problems {
		found[p.Field] = p.Severity == Error
	}
	for _, field := range []string{"spec.deny[0].cidr", "spec.allow[0].cidr", "spec.postback.auth.allowedCIDRs[0]"} {
		if !found[field] {
			t.Errorf("%s is accepted", field)
		}
	}
}
