package compile

import (
	"time"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// Bounds of ack.budget, and what it is by default.
const (
	defaultAckBudget = 25 * time.Millisecond
	minAckBudget     = time.Millisecond
	maxAckBudget     = 5 * time.Second
)

var ackPolicies = map[v1alpha1.AckPolicy]catalogpb.AckPolicy{
	"":                  catalogpb.AckPolicy_ACK_POLICY_RACE,
	v1alpha1.AckRace:    catalogpb.AckPolicy_ACK_POLICY_RACE,
	v1alpha1.AckKafka:   catalogpb.AckPolicy_ACK_POLICY_KAFKA,
	v1alpha1.AckJournal: catalogpb.AckPolicy_ACK_POLICY_JOURNAL,
}

// compileAck fills in what makes a click durable.
func compileAck(r *report, spec *v1alpha1.TrackerSpec, t *catalogpb.Tracker) {
	t.AckPolicy, t.JournalWhenFull = catalogpb.AckPolicy_ACK_POLICY_RACE, catalogpb.WhenFull_WHEN_FULL_REDIRECT_UNBILLED
	t.AckBudgetMs = defaultAckBudget.Milliseconds()
	if a := spec.Ack; a != nil {
		policy, known := ackPolicies[a.Policy]
		if !known {
			r.invalid("spec.ack.policy", "%q is not Race, Kafka or Journal", a.Policy)
		}
		t.AckPolicy = policy
		budget := duration(r, "spec.ack.budget", a.Budget, defaultAckBudget)
		if budget < minAckBudget || budget > maxAckBudget {
			r.invalid("spec.ack.budget", "must be between %v and %v", minAckBudget, maxAckBudget)
		}
		t.AckBudgetMs = budget.Milliseconds()
		if a.Budget != "" && policy != catalogpb.AckPolicy_ACK_POLICY_RACE {
			r.invalid("spec.ack.budget", "only the policy Race has a budget")
		}
	}
	if j := spec.Journal; j != nil && j.WhenFull == v1alpha1.WhenFullReject {
		t.JournalWhenFull = catalogpb.WhenFull_WHEN_FULL_REJECT
	}
}

// journalNotices says what of the journal standalone does not take from the Tracker.
func journalNotices(r *report, j *v1alpha1.Journal) {
	if j == nil {
		return
	}
	const why = "whoever starts the tracker says where its journal is and how large (--journal-dir, --journal-size)"
	r.noEffectIf(j.Volume != "", "spec.journal.volume", why)
	r.noEffectIf(j.Size != nil, "spec.journal.size", why)
	r.noEffectIf(j.StorageClassName != "", "spec.journal.storageClassName", why)
}
