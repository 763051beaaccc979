package folder_test

import (
	"testing"

	"github.com/clicktally/clicktally/runtime/catalog/compile"
	"github.com/clicktally/clicktally/runtime/catalog/folder"
)

// The samples are what a user tries first: each is accepted, and every one is served.
func TestSamplesAreAccepted(t *testing.T) {
	set := (&folder.Loader{Schema: validator(t)}).Load(t.Context(), "../../../config/samples")
	set.Objects.Standalone = true
	result := compile.Compile(set.Objects)
	for _, p := range set.All(result) {
		if p.Severity == compile.Error {
			t.Error(p)
		} else {
			t.Log(p)
		}
	}
	for _, o := range result.Outcomes {
		if o.Key != "" && o.Record == nil {
			t.Errorf("%s is not served", o.Ref)
		}
	}
	if len(set.Objects.Campaigns) == 0 {
		t.Error("there are no campaigns")
	}
}
