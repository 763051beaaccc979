package e2e

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// every is the pause between two clicks of a flow.
	every = 20 * time.Millisecond
	// apiAway is how long the API server stands still.
	apiAway = time.Minute
)

func killPods(s *stage) {
	end := s.visitors.flow(s.clusterIP("local"), "newsletter", every)
	for _, component := range []string{"tracker", "aggregator", "query"} {
		for pod, life := range s.pods(platform, component) {
			s.kubectl("-n", platform, "delete", "pod", pod, "--grace-period=0", "--force")
			s.eventually(func() string {
				now := s.pods(platform, component)
				if len(now) == 0 || now[pod] == life {
					return pod + " is not replaced"
				}
				return ""
			})
			break // one of each
		}
	}
	s.kubectl("-n", system, "delete", "pod", "-l", "app.kubernetes.io/component=operator", "--grace-period=0", "--force", "--wait=false")
	s.ready(platform, "tracker/local", "aggregationpipeline/main")
	s.eventually(func() string {
		if n := s.get(platform, "statefulset/local", "{.status.readyReplicas}"); n != "2" {
			return n + " of 2 trackers are ready"
		}
		return ""
	})
	sent, answered := end()
	s.Logf("%d of %d clicks were answered meanwhile", answered, sent)
	s.balanced()
}

func stopAPIServer(s *stage) {
	pid, err := strconv.Atoi(os.Getenv("CLUSTER_APISERVER_PID"))
	if err != nil {
		s.Skip("SKIPPED: CLUSTER_APISERVER_PID is not set: the API server of this cluster is not ours to stop")
	}
	address := s.clusterIP("local")
	end := s.visitors.flow(address, "newsletter", every)
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		s.Fatal(err)
	}
	<-time.After(apiAway)
	sent, answered := end()
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		s.Fatal(err)
	}
	if answered < sent || sent == 0 {
		s.Errorf("%d of %d clicks were answered while the API server stood still; another answer: %v", answered, sent, s.visitors.refusal.Load())
	}
	s.Logf("%d of %d clicks were answered while the API server stood still for %v", answered, sent, apiAway)
	s.eventually(func() string {
		out, err := s.try("kubectl", "get", "--raw=/readyz")
		if err != nil {
			return "the API server does not answer again: " + out
		}
		return ""
	})
	s.ready(platform, "tracker/local", "aggregationpipeline/main")
	s.balanced()
}

func (s *stage) scale(tracker string, replicas int) {
	s.Helper()
	s.kubectl("-n", platform, "patch", "tracker", tracker, "--type=merge", "-p", fmt.Sprintf(`{"spec":{"replicas":%d}}`, replicas))
}

// claims are the journals' of a tracker.
func (s *stage) claims(tracker string) []string {
	return strings.Fields(s.get(platform, "persistentvolumeclaims", fmt.Sprintf(`{.items[?(@.metadata.labels.app\.kubernetes\.io/instance=="%s")].metadata.name}`, tracker)))
}

func (s *stage) fleetOf(tracker string, replicas int) {
	s.Helper()
	s.eventually(func() string {
		text := s.get(platform, "statefulset/"+tracker, "{.spec.replicas} {.status.replicas} {.status.readyReplicas}")
		if text != fmt.Sprintf("%d %d %d", replicas, replicas, replicas) {
			return fmt.Sprintf("tracker %s has %s pods (wanted, there, ready), want %d", tracker, text, replicas)
		}
		return ""
	})
}

// shrinkWithoutKafka has six trackers take clicks into their journals, and four of them go before Kafka is back.
func shrinkWithoutKafka(s *stage) {
	s.scale("local", 6)
	s.fleetOf("local", 6)
	if claims := s.claims("local"); len(claims) != 6 {
		s.Fatalf("six trackers have the claims %v", claims)
	}
	address := s.clusterIP("local")
	s.stores.kafka.Kill(0)
	end := s.visitors.flow(address, "newsletter", every)
	<-time.After(10 * time.Second)
	s.scale("local", 2)
	s.eventually(func() string {
		if n := len(s.pods(platform, "tracker")) - s.jobs("local"); n > 2 {
			return fmt.Sprintf("%d trackers still run", n)
		}
		return ""
	})
	<-time.After(5 * time.Second)
	sent, answered := end()
	s.Logf("%d of %d clicks were answered without Kafka", answered, sent)
	if answered == 0 {
		s.Fatal("no click was answered without Kafka")
	}
	if claims := s.claims("local"); len(claims) != 6 {
		s.Errorf("only the claims %v are left while clicks wait in six", claims)
	}
	// What waits in journals is told by heartbeats, which travel through Kafka.
	s.Logf("Durable=%s", s.says(platform, "tracker/local", "Durable", "Unknown"))
	s.stores.kafka.Restart(0)
	s.eventually(func() string {
		if claims := s.claims("local"); len(claims) != 2 {
			return fmt.Sprintf("the claims are %v, want those of two trackers", claims)
		}
		return ""
	})
	s.fleetOf("local", 2)
	s.ready(platform, "tracker/local", "aggregationpipeline/main")
	s.says(platform, "tracker/local", "Durable", "True")
	s.balanced()
}

// jobs is how many pods of a tracker are drain Jobs'.
func (s *stage) jobs(tracker string) int {
	return len(strings.Fields(s.get(platform, "pods", fmt.Sprintf(`{.items[?(@.metadata.labels.app\.kubernetes\.io/instance=="%s")].metadata.labels.batch\.kubernetes\.io/job-name}`, tracker))))
}

// deleteTrackerWithoutKafka deletes a second fleet that holds clicks.
func deleteTrackerWithoutKafka(s *stage) {
	s.apply(strings.NewReplacer("NAMESPACE", platform).Replace(`
apiVersion: clicktally.dev/v1alpha1
kind: Tracker
metadata: {name: passing, namespace: NAMESPACE}
spec:
  pipelineRef: {name: main}
  domains: [passing.example.com]
  fallbackURL: https://www.example.com/
  replicas: 2
  clientAddress: {header: XForwardedFor, trustedHops: 1}
  destinations: {allowedHosts: ["*.example.org"]}
  journal: {size: 64Mi}
  pod: {resources: {requests: {cpu: 10m, memory: 32Mi}}}
---
apiVersion: clicktally.dev/v1alpha1
kind: Campaign
metadata: {name: passing, namespace: NAMESPACE}
spec:
  trackerRefs: [{name: passing}]
  advertiser: adv-789
  offerPageURL: https://shop.example.org/passing?ct={clickid}
  safePageURL: https://shop.example.org/
`))
	s.ready(platform, "tracker/passing", "campaign/passing")
	s.fleetOf("passing", 2)
	address := s.answering("passing", "passing")
	s.stores.kafka.Kill(0)
	answered := s.visitors.answered.Load()
	for range 100 {
		s.visitors.click(s.Context(), address, "passing")
	}
	if answered = s.visitors.answered.Load() - answered; answered == 0 {
		s.Fatal("no click was answered without Kafka")
	}
	s.kubectl("-n", platform, "delete", "tracker", "passing", "--wait=false")
	s.eventually(func() string {
		if said := s.condition(platform, "tracker/passing", "Ready"); !strings.Contains(said, "journals are being shipped") {
			return "the deleted Tracker says " + said
		}
		return ""
	})
	s.stores.kafka.Restart(0)
	s.eventually(func() string {
		if left := s.get(platform, "tracker/passing", "{.metadata.name}"); left != "" || len(s.claims("passing")) > 0 {
			return fmt.Sprintf("tracker %q and the claims %v are still there", left, s.claims("passing"))
		}
		return ""
	})
	s.Logf("%d clicks were answered before", answered)
	s.balanced()
}
