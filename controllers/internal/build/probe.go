package build

import (
	"time"

	"k8s.io/apimachinery/pkg/util/intstr"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
)

// Ports of the processes, by name and number.
const (
	PortHTTP  = "http"
	PortAdmin = "admin"

	TrackerPort int32 = 8080
	QueryPort   int32 = 8081
	AdminPort   int32 = 9090
)

// Times of the probes, in seconds, and how often one may fail in a row.
const (
	startEvery    = 2
	livesEvery    = 10
	livesFailures = 6
	livesTimeout  = 5
	readyEvery    = 5
	readyFailures = 2
	readyTimeout  = 2
)

func adminGet(path string) *applycorev1.HTTPGetActionApplyConfiguration {
	return applycorev1.HTTPGetAction().WithPath(path).WithPort(intstr.FromString(PortAdmin))
}

// startProbe holds the other probes back until the process answers, at most within.
func startProbe(within time.Duration) *applycorev1.ProbeApplyConfiguration {
	return applycorev1.Probe().WithHTTPGet(adminGet("/healthz")).
		WithPeriodSeconds(startEvery).WithTimeoutSeconds(livesTimeout).WithFailureThreshold(int32(within / time.Second / startEvery))
}

// liveProbe restarts a process that has answered nothing for a minute.
func liveProbe() *applycorev1.ProbeApplyConfiguration {
	return applycorev1.Probe().WithHTTPGet(adminGet("/healthz")).
		WithPeriodSeconds(livesEvery).WithTimeoutSeconds(livesTimeout).WithFailureThreshold(livesFailures)
}

func readyProbe() *applycorev1.ProbeApplyConfiguration {
	return applycorev1.Probe().WithHTTPGet(adminGet("/readyz")).
		WithPeriodSeconds(readyEvery).WithTimeoutSeconds(readyTimeout).WithFailureThreshold(readyFailures)
}
