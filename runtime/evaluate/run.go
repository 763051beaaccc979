package evaluate

import (
	"fmt"
	"time"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/catalog/compile"
)

// Run runs the tests of a campaign on one of its trackers, named namespace/name, as `clicktally lint` does.
// records are what the catalog has of the campaign and of all that its clicks are judged by. Each failure
// names its test. The error says why tests could not be run.
func Run(c *v1alpha1.Campaign, id, tracker string, records []*catalogpb.Record, now time.Time) (failures []string, err error) {
	e, err := New(Catalog(&compile.Result{Records: records}), tracker)
	if err != nil {
		return nil, err
	}
	failed, err := e.Tests(c, id, now.UnixMilli())
	for _, f := range failed {
		failures = append(failures, fmt.Sprintf("test %q: %s", f.Test, f.Message))
	}
	return failures, err
}
