package problem_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clicktally/clicktally/runtime/problem"
)

func TestWriteAnswersAsProblemJSON(t *testing.T) {
	w := httptest.NewRecorder()
	problem.BadParameter("from", `"yesterday" is no time`).Write(w)

	if w.Code != http.StatusBadRequest {
		t.Errorf("status %d, want 400", w.Code)
	}
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type %q", got)
	}
	var got map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"type": "https://clicktally.dev/problems/bad-parameter", "title": "A parameter is wrong",
		"status": 400.0, "detail": `"yesterday" is no time`, "parameter": "from",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
