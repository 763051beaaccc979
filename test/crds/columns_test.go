package crds_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/client-go/rest"
)

// asTable is what kubectl asks for when it prints.
const asTable = "application/json;as=Table;v=v1;g=meta.k8s.io"

// TestKubectlGetShows reports a status on a sample of each kind, and reads what kubectl prints.
func TestKubectlGetShows(t *testing.T) {
	const ready = `{"type": "Ready", "status": "True", "reason": "Ready", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}`
	const sealed = `{"type": "Sealed", "status": "True", "reason": "Sealed", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}`
	for kind, k := range map[string]struct{ status, want string }{
		"AggregationPipeline": {`{"trackers": 3, "conditions": [` + ready + `]}`, "Name=main Ready=True Prefix=ct Trackers=3"},
		"BillingSchedule":     {`{"sealedPeriods": 12, "lastRevision": "2026-10@Europe/Berlin-1", "conditions": [` + ready + `, ` + sealed + `]}`, "Name=monthly Ready=True Pipeline=main Sealed=12 Last=2026-10@Europe/Berlin-1 Sealing=Sealed"},
		"Campaign":            {`{"serving": "gen 6 (2 of 3)", "conditions": [` + ready + `]}`, "Name=app-launch Ready=True State=Test Tracker=local Serving=gen 6 (2 of 3)"},
		"FraudPolicy":         {`{"trackers": 3, "conditions": [` + ready + `]}`, "Name=default Ready=True Fraudulent=SafePage Trackers=3"},
		"Tracker":             {`{"serving": 5, "behind": 0, "campaigns": 7, "conditions": [` + ready + `]}`, "Name=local Ready=True Serving=5 Behind=0 Campaigns=7"},
		"TrafficSource":       {`{"trackers": 3, "conditions": [` + ready + `]}`, "Name=propeller Ready=True Type=AdNetwork Trackers=3"},
	} {
		t.Run(kind, func(t *testing.T) {
			c, object := newCluster(t), sample(t, kind)
			c.mustApply(owner, object)
			fresh := c.printed(kind)
			if !strings.Contains(fresh, "Name="+object.GetName()+" Ready=Unknown ") {
				t.Errorf("before any report kubectl prints %s", fresh)
			}
			report := c.live(object)
			report.Object["status"] = values(t, k.status)
			if err := c.Status().Update(t.Context(), report); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(k.want, c.printed(kind)); diff != "" {
				t.Errorf("kubectl get (-want +got):\n%s", diff)
			}
		})
	}
}

// printed is the one row of a kind as name=cell, without the age, which has to be one.
func (c *cluster) printed(kind string) string {
	c.t.Helper()
	table := c.table(kind)
	if len(table.Rows) != 1 {
		c.t.Fatalf("%d rows, want one", len(table.Rows))
	}
	var cells []string
	for i, column := range table.ColumnDefinitions {
		cell := table.Rows[0].Cells[i]
		if column.Name != "Age" {
			cells = append(cells, fmt.Sprintf("%s=%v", column.Name, cell))
		} else if age, err := time.ParseDuration(fmt.Sprint(cell)); err != nil || age > time.Minute || i != len(table.ColumnDefinitions)-1 {
			c.t.Errorf("age in column %d: %v: %v", i, cell, err)
		}
	}
	return strings.Join(cells, " ")
}

// table is what the API server answers to `kubectl get KIND`.
func (c *cluster) table(kind string) *metav1.Table {
	c.t.Helper()
	var plural string
	for _, definition := range definitions(c.t) {
		if definition.Spec.Names.Kind == kind {
			plural = definition.Spec.Names.Plural
		}
	}
	caller, err := rest.HTTPClientFor(c.config)
	if err != nil {
		c.t.Fatal(err)
	}
	url := c.config.Host + "/apis/clicktally.dev/v1alpha1/namespaces/" + c.namespace + "/" + plural
	request, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Accept", asTable)
	answer, err := caller.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	table := &metav1.Table{}
	if err := json.Unmarshal(body, table); err != nil || answer.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: %v: %s", answer.Status, err, body)
	}
	return table
}
