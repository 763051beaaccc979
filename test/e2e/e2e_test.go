// Package e2e is ClickTally on a real cluster, as a platform team runs it: installed by Helm, with a real Kafka, asked
// over HTTP. `make e2e` builds the images and runs it in hack/cluster, or against the cluster of KUBECONFIG.
package e2e

import (
	"os"
	"testing"
)

// TestEndToEnd is one story: every step goes on from where the last one left the cluster.
func TestEndToEnd(t *testing.T) {
	if os.Getenv("CLICKTALLY_E2E") == "" {
		t.Skip("SKIPPED: needs a cluster and images: make e2e")
	}
	s := newStage(t)
	for _, step := range []struct {
		sentence string
		do       func(*stage)
	}{
		{"Helm installs the operator", install},
		{"the samples become ready", applySamples},
		{"clicks through the Service are counted", clicksAreCounted},
		{"an edited campaign is served without a restart", editCampaign},
		{"an edited policy is served without a restart", editPolicy},
		{"a mistake keeps what was served, and the status says what to do", mistake},
		{"deleted and edited objects are repaired", repair},
		{"killed pods cost no click", killPods},
		{"clicks go on while the API server stands still", stopAPIServer},
		{"a fleet shrinks from 6 to 2 while Kafka is away", shrinkWithoutKafka},
		{"a deleted Tracker goes when Kafka has its clicks", deleteTrackerWithoutKafka},
		{"a second installation on the same prefix publishes nothing", secondInstallation},
		{"an upgrade of the chart restarts no tracker", upgrade},
		{"an uninstalled ClickTally leaves topics, tables and clicks", uninstall},
	} {
		if !t.Run(step.sentence, func(t *testing.T) { s.run(t, step.do) }) {
			return // the next one would only say the same
		}
	}
}
