package lint

import (
	"errors"
	"fmt"
	"slices"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
	"github.com/clicktally/clicktally/runtime/evaluate"
)

// tests runs the tests of every campaign that was asked about, on each of its trackers.
func (c *check) tests() []Finding {
	var list []Finding
	for _, result := range c.results {
		served := evaluate.Catalog(&result)
		for _, campaign := range c.set.Objects.Campaigns {
			ref := compile.Ref{Kind: compile.KindCampaign, Namespace: campaign.GetNamespace(), Name: campaign.GetName()}
			at := slices.IndexFunc(result.Outcomes, func(o compile.Outcome) bool { return o.Ref == ref })
			if len(campaign.Spec.Tests) == 0 || at < 0 || !c.judges(c.set.Locate(compile.Problem{Ref: ref}).File) {
				continue
			}
			list = append(list, c.testsOf(campaign, &result.Outcomes[at], served)...)
		}
	}
	return list
}

func (c *check) testsOf(campaign *v1alpha1.Campaign, outcome *compile.Outcome, served *catalog.Catalog) []Finding {
	record := outcome.Record.GetCampaign()
	if record == nil {
		return []Finding{c.skipped(outcome, "it has other problems")}
	}
	var list []Finding
	for _, key := range record.GetTrackers() {
		if served.Tracker(key) == nil {
			list = append(list, c.skipped(outcome, "Tracker "+key+" is not among the given files"))
			continue
		}
		failures, err := failuresOn(key, campaign, record.GetId(), served, c.config.Now.UnixMilli())
		switch {
		case errors.Is(err, evaluate.ErrPolicyUnknown):
			list = append(list, c.skipped(outcome, err.Error()))
		case err != nil:
			list = append(list, c.finding(outcome, "spec.tests", err.Error()))
		}
		for _, f := range failures {
			message := fmt.Sprintf("%s%s\": %s", testPrefix, f.Test, f.Message)
			if len(record.GetTrackers()) > 1 {
				message += " (tracker " + key + ")"
			}
			list = append(list, c.finding(outcome, f.Field, message))
		}
	}
	return list
}

func failuresOn(tracker string, campaign *v1alpha1.Campaign, id string, served *catalog.Catalog, now int64) ([]evaluate.Failure, error) {
	e, err := evaluate.New(served, tracker)
	if err != nil {
		return nil, err
	}
	return e.Tests(campaign, id, now)
}

func (c *check) finding(o *compile.Outcome, field, message string) Finding {
	p := c.set.Locate(compile.Problem{Ref: o.Ref, Field: field, Severity: compile.Error, Message: message})
	return findingOf(&p)
}

// skipped says why tests were not run.
func (c *check) skipped(o *compile.Outcome, why string) Finding {
	f := c.finding(o, "spec.tests", fmt.Sprintf("tests of %s: %s", o.Ref, why))
	f.Severity = NotChecked
	return f
}
