package control

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

const (
	// createWithin bounds the creation of all campaigns, Ready included.
	createWithin = 20 * time.Minute
	// creators is how many requests create campaigns at a time.
	creators = 8
	// quiet is how long nobody must have written a status before all of it is called written.
	quiet = 3 * time.Second
)

// createCampaigns applies campaigns from..to-1.
func (s *stage) createCampaigns(from, to int) {
	s.t.Helper()
	numbers := make(chan int)
	var creating sync.WaitGroup
	for range creators {
		creating.Go(func() {
			for n := range numbers {
				s.apply(campaign(n, "first"))
			}
		})
	}
	for n := from; n < to; n++ {
		if n%2000 == 0 {
			s.say("  %d of %d created", n, to)
		}
		numbers <- n
	}
	close(numbers)
	creating.Wait()
}

// awaitReady waits until so many campaigns are Ready.
func (s *stage) awaitReady(count int) {
	s.t.Helper()
	deadline, told := time.Now().Add(createWithin), time.Now()
	for {
		ready, waiting := s.ready()
		if ready >= count {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%d of %d campaigns are Ready after %v: %s", ready, count, createWithin, waiting)
		}
		if time.Since(told) > 10*time.Second {
			told = time.Now()
			s.say("  %d of %d Ready; %s", ready, count, waiting)
		}
		<-time.After(time.Second)
	}
}

// ready counts the campaigns that are Ready in their present generation, and tells why one of the others is not.
func (s *stage) ready() (count int, waiting string) {
	s.t.Helper()
	list := &v1alpha1.CampaignList{}
	// From the API server's cache: what is wanted is a count, and etcd is busy.
	if err := s.client.List(s.t.Context(), list, client.InNamespace(s.namespace), &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: "0"}}); err != nil {
		s.t.Fatal(err)
	}
	for i := range list.Items {
		c := &list.Items[i]
		ready := meta.FindStatusCondition(c.Status.Conditions, v1alpha1.ConditionReady)
		switch {
		case ready != nil && ready.Status == metav1.ConditionTrue && ready.ObservedGeneration == c.Generation:
			count++
		case ready != nil:
			waiting = fmt.Sprintf("%s: %s: %s", c.Name, ready.Reason, ready.Message)
		default:
			waiting = c.Name + " has no status"
		}
	}
	return count, waiting
}

// statusWrites is how often the API server was asked to write the status of a campaign, by its own count.
func (s *stage) statusWrites() int {
	s.t.Helper()
	kube, err := kubernetes.NewForConfig(s.api)
	if err != nil {
		s.t.Fatal(err)
	}
	text, err := kube.Discovery().RESTClient().Get().AbsPath("/metrics").DoRaw(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	sum := 0.0
	for scanner := bufio.NewScanner(strings.NewReader(string(text))); scanner.Scan(); {
		line := scanner.Text()
		if !strings.HasPrefix(line, "apiserver_request_total{") || !strings.Contains(line, `resource="campaigns"`) || !strings.Contains(line, `subresource="status"`) {
			continue
		}
		count, err := strconv.ParseFloat(line[strings.LastIndexByte(line, ' ')+1:], 64)
		if err != nil {
			s.t.Fatal(err)
		}
		sum += count
	}
	return int(sum)
}

// settle waits until nobody writes the status of a campaign any more.
func (s *stage) settle() {
	s.t.Helper()
	writes, since := s.statusWrites(), time.Now()
	s.eventually("statuses are written", func() bool {
		if now := s.statusWrites(); now != writes {
			writes, since = now, time.Now()
		}
		return time.Since(since) > quiet
	})
}

// restartTracker ends one tracker as a node that dies does, and tells when it serves again; nothing of it may be
// written to any campaign.
func (s *stage) restartTracker(campaigns int) {
	s.t.Helper()
	s.settle()
	before := s.statusWrites()
	s.fleet[0].kill(syscall.SIGKILL)
	<-time.After(restartPause)
	took := s.measure("tracker eu-0 killed, started again and ready", func() { s.startTracker(0) })
	s.settle()
	writes := s.statusWrites() - before
	s.say("result: tracker-restart ready_ms=%d campaigns=%d status_writes=%d", took.Milliseconds(), campaigns, writes)
	if writes != 0 {
		s.t.Errorf("a restart of a tracker wrote the status of %d campaigns", writes)
	}
}

// restartOperator ends the operator with kill -9, edits a campaign meanwhile, and tells when the next operator has
// published the edit: its lease has to run out first. An orderly restart, which gives the lease back, is told beside it.
func (s *stage) restartOperator(campaigns int) {
	s.t.Helper()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		what := unix.SignalName(signal)
		s.settle()
		before := s.statusWrites()
		s.operator.kill(signal)
		revision := fmt.Sprint("meanwhile-", strings.ToLower(what))
		s.patch(s.t.Context(), 1, revision)
		took := s.measure("operator ended by "+what+", started again, and an edit made meanwhile served", func() {
			s.startOperator()
			s.awaitServed(1, revision)
		})
		s.settle()
		s.awaitReady(campaigns)
		writes := s.statusWrites() - before
		s.say("result: operator-restart signal=%s served_ms=%d campaigns=%d status_writes=%d", what, took.Milliseconds(), campaigns, writes)
		if writes > 2 {
			s.t.Errorf("a restart of the operator and one edit wrote a campaign's status %d times", writes)
		}
	}
}
