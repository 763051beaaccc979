package e2e

import (
	"fmt"
	"maps"
	"strings"
	"time"
)

// clicks is how many a step sends.
const clicks = 400

func clicksAreCounted(s *stage) {
	address := s.answering("local", "newsletter")
	answered := s.visitors.answered.Load()
	for range clicks {
		s.visitors.click(s.Context(), address, "newsletter")
	}
	if answered = s.visitors.answered.Load() - answered; answered != clicks {
		s.Fatalf("%d of %d clicks were answered with a redirect; another answer: %v", answered, clicks, s.visitors.refusal.Load())
	}
	s.balanced()
}

// unchanged runs an edit and fails when a tracker or aggregator was started anew meanwhile.
func (s *stage) unchanged(edit func()) {
	s.Helper()
	before := s.pods(platform, "tracker")
	maps.Copy(before, s.pods(platform, "aggregator"))
	edit()
	after := s.pods(platform, "tracker")
	maps.Copy(after, s.pods(platform, "aggregator"))
	if !maps.Equal(before, after) {
		s.Errorf("pods were started anew: before %v, after %v", before, after)
	}
}

// served waits until every tracker sends visitors of a campaign to a page that holds this.
func (s *stage) served(campaign, page string) {
	s.Helper()
	address := s.clusterIP("local")
	const inARow = 20 // connections are spread over the trackers at random
	s.eventually(func() string {
		for range inARow {
			if to := s.visitors.click(s.Context(), address, campaign); !strings.Contains(to, page) {
				return fmt.Sprintf("a visitor of %s is sent to %q, want %s", campaign, to, page)
			}
		}
		return ""
	})
}

func editCampaign(s *stage) {
	s.unchanged(func() {
		began := time.Now()
		s.kubectl("-n", amer, "patch", "campaign", "newsletter", "--type=merge", "-p", `{"spec":{"offerPageURL":"https://shop.example.org/edited?ct={clickid}"}}`)
		s.served("newsletter", "shop.example.org/edited")
		s.Logf("kubectl patch to served by both trackers: %v", time.Since(began).Round(10*time.Millisecond))
		s.ready(amer, "campaign/newsletter")
	})
}

func editPolicy(s *stage) {
	s.unchanged(func() {
		s.kubectl("-n", platform, "patch", "fraudpolicy", "default", "--type=merge", "-p", `{"spec":{"deny":[{"cidr":"198.18.0.0/15","comment":"the visitors of this test"}]}}`)
		s.served("spring-sale", "https://shop.example.org/") // its safe page
		s.kubectl("-n", platform, "patch", "fraudpolicy", "default", "--type=json", "-p", `[{"op":"remove","path":"/spec/deny"}]`)
		s.ready(platform, "fraudpolicy/default")
	})
}

func mistake(s *stage) {
	s.kubectl("-n", amer, "patch", "campaign", "newsletter", "--type=merge", "-p", `{"spec":{"offerPageURL":"https://elsewhere.example.edu/"}}`)
	said := s.says(amer, "campaign/newsletter", "Ready", "False ")
	for _, part := range []string{"elsewhere.example.edu", "allowedHosts", "keeps serving"} {
		if !strings.Contains(said, part) {
			s.Errorf("the status says %q, want %q in it", said, part)
		}
	}
	s.served("newsletter", "shop.example.org/edited")
	s.kubectl("-n", amer, "patch", "campaign", "newsletter", "--type=merge", "-p", `{"spec":{"offerPageURL":"https://shop.example.org/edited?ct={clickid}"}}`)
	s.ready(amer, "campaign/newsletter")
}

// repair deletes and changes what the operator made.
func repair(s *stage) {
	id := s.get(platform, "service/local", "{.metadata.uid}")
	s.kubectl("-n", platform, "delete", "service", "local")
	s.eventually(func() string {
		if now := s.get(platform, "service/local", "{.metadata.uid}"); now == "" || now == id {
			return "the Service of the tracker is not made again"
		}
		return ""
	})
	s.kubectl("-n", platform, "scale", "deployment", "main-query", "--replicas=0")
	s.eventually(func() string {
		if n := s.get(platform, "deployment/main-query", "{.spec.replicas}"); n != "1" {
			return "main-query has " + n + " replicas, want 1 again"
		}
		return ""
	})
	s.kubectl("-n", platform, "delete", "poddisruptionbudget,networkpolicy", "--all")
	s.eventually(func() string {
		if text := s.get(platform, "networkpolicies", "{.items[*].metadata.name}"); !strings.Contains(text, "local") || !strings.Contains(text, "main-aggregator") {
			return "network policies are " + text
		}
		return ""
	})
	s.ready(platform, "aggregationpipeline/main", "tracker/local")
	s.answering("local", "newsletter") // under its new address
}
