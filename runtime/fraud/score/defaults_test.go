package score_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/clicktally/clicktally/runtime/catalog/compile"
	"github.com/clicktally/clicktally/runtime/fraud/score"
)

// A tracker that names no policy scores as one whose FraudPolicy says nothing.
func TestTheBuiltInPolicyIsTheCompilers(t *testing.T) {
	if diff := cmp.Diff(compile.BuiltInPolicy(), score.DefaultPolicy(), protocmp.Transform()); diff != "" {
		t.Errorf("defaults differ (-compile +score):\n%s", diff)
	}
}
