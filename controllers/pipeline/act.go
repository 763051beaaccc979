package pipeline

import (
	"context"
	"errors"
	"slices"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/controllers/internal/apply"
	"github.com/clicktally/clicktally/controllers/internal/build"
	"github.com/clicktally/clicktally/controllers/internal/build/aggregator"
	"github.com/clicktally/clicktally/controllers/internal/build/query"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// act applies the workloads. What only the user can mend becomes a problem of the pipeline.
func (r *reconciler) act(ctx context.Context, o *observed) error {
	owner := apply.OwnerOf(o.pipeline, v1alpha1.GroupVersion.WithKind("AggregationPipeline"))
	workers, err := aggregator.All(&aggregator.Input{Pipeline: o.pipeline, Installation: r.installation, Owner: owner})
	readers, err2 := query.All(&query.Input{Pipeline: o.pipeline, Installation: r.installation, Owner: owner})
	for _, err := range []error{err, err2} {
		if invalid, ok := errors.AsType[*build.InvalidError](err); ok {
			o.problem(invalid.Field, v1alpha1.ReasonInvalid, invalid.Problem)
		} else if err != nil {
			return err
		}
	}
	if len(o.problems) > 0 {
		return nil // all or nothing: what runs goes on
	}
	if err := r.makeKeys(ctx, o.pipeline); err != nil { // before the trackers, which mount it
		return err
	}
	foreign, err := r.applier.All(ctx, o.pipeline, slices.Concat(workers, readers))
	for _, one := range foreign {
		o.problem("metadata.name", v1alpha1.ReasonNameTaken, one.Error())
	}
	return err
}

func (o *observed) problem(field, reason, message string) {
	o.problems = append(o.problems, compile.Problem{Field: field, Reason: reason, Message: message, Severity: compile.Error})
}
