package compile

import (
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

func TestWhatMakesAClickDurable(t *testing.T) {
	const (
		race, kafka, journal = catalogpb.AckPolicy_ACK_POLICY_RACE, catalogpb.AckPolicy_ACK_POLICY_KAFKA, catalogpb.AckPolicy_ACK_POLICY_JOURNAL
		redirect, reject     = catalogpb.WhenFull_WHEN_FULL_REDIRECT_UNBILLED, catalogpb.WhenFull_WHEN_FULL_REJECT
	)
	cases := map[string]struct {
		spec     string
		policy   catalogpb.AckPolicy
		budget   int64
		whenFull catalogpb.WhenFull
		wrong    string // field with an error
	}{
		"nothing is said":         {`{}`, race, 25, redirect, ""},
		"a budget":                {`{ack: {budget: 40ms}}`, race, 40, redirect, ""},
		"Kafka alone":             {`{ack: {policy: Kafka}}`, kafka, 25, redirect, ""},
		"the journal first":       {`{ack: {policy: Journal}, journal: {whenFull: Reject}}`, journal, 25, reject, ""},
		"a budget of 10 s":        {spec: `{ack: {budget: 10s}}`, wrong: "spec.ack.budget"},
		"a budget for no race":    {spec: `{ack: {policy: Kafka, budget: 10ms}}`, wrong: "spec.ack.budget"},
		"a policy nobody knows":   {spec: `{ack: {policy: Hope}}`, wrong: "spec.ack.policy"},
		"a budget of no duration": {spec: `{ack: {budget: soon}}`, wrong: "spec.ack.budget"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var objects goldenObjects
			if err := yaml.UnmarshalStrict([]byte(platform), &objects); err != nil {
				t.Fatal(err)
			}
			spec := &objects.Trackers[0].Spec
			if err := yaml.UnmarshalStrict([]byte(tc.spec), spec); err != nil {
				t.Fatal(err)
			}
			r, out := &report{}, &catalogpb.Tracker{}
			compileAck(r, spec, out)
			if tc.wrong != "" {
				if r.errors == 0 || r.problems[0].Field != tc.wrong {
					t.Errorf("problems %v, want one of %s", r.problems, tc.wrong)
				}
				return
			}
			if r.errors > 0 || out.AckPolicy != tc.policy || out.AckBudgetMs != tc.budget || out.JournalWhenFull != tc.whenFull {
				t.Errorf("compiled to %v, problems %v", out, r.problems)
			}
		})
	}
}
