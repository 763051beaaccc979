package heartbeats

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clicktally/clicktally/runtime/event"
)

func TestFleetsOfHeartbeats(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	beat := func(pod string, boot uint64, applied int64, rejected ...string) *event.Heartbeat {
		return &event.Heartbeat{Pod: pod, BootId: boot, AppliedOffset: applied, RejectedKeys: rejected}
	}
	over := func(pod string, boot uint64) *event.Heartbeat {
		return &event.Heartbeat{Pod: pod, BootId: boot, Drained: true}
	}
	for sentence, c := range map[string]struct {
		beats []*event.Heartbeat
		want  map[string]Fleet
	}{
		"pods of one StatefulSet are one fleet": {
			[]*event.Heartbeat{beat("eu-0", 1, 9), beat("eu-1", 2, 7), beat("eu-1-0", 3, 1)},
			map[string]Fleet{"eu": {Applied: []int64{7, 9}, Pods: []string{"eu-0", "eu-1"}}, "eu-1": {Applied: []int64{1}, Pods: []string{"eu-1-0"}}},
		},
		"the last word of a pod counts, also after a restart": {
			[]*event.Heartbeat{beat("eu-0", 1, 9), beat("eu-0", 2, 3)},
			map[string]Fleet{"eu": {Applied: []int64{3}, Pods: []string{"eu-0"}}},
		},
		"a boot that is over leaves": {
			[]*event.Heartbeat{beat("eu-0", 1, 9), over("eu-0", 1)}, map[string]Fleet{},
		},
		"an earlier boot that is over does not take the pod along": {
			[]*event.Heartbeat{beat("eu-0", 2, 9), over("eu-0", 1)},
			map[string]Fleet{"eu": {Applied: []int64{9}, Pods: []string{"eu-0"}}},
		},
		"what one keeps out is kept out": {
			[]*event.Heartbeat{beat("eu-0", 1, 9, "campaign/b", "campaign/a"), beat("eu-1", 2, 9, "campaign/a")},
			map[string]Fleet{"eu": {Applied: []int64{9, 9}, Rejected: []string{"campaign/a", "campaign/b"}, Pods: []string{"eu-0", "eu-1"}}},
		},
		"a process without an ordinal is in no fleet": {
			[]*event.Heartbeat{beat("laptop", 1, 9), beat("main-query-7d9f", 1, 9)}, map[string]Fleet{},
		},
	} {
		processes := table{}
		for _, h := range c.beats {
			processes.hear(h, now)
		}
		processes.forget(now.Add(-Silent))
		if diff := cmp.Diff(c.want, processes.fleets()); diff != "" {
			t.Errorf("%s: %s", sentence, diff)
		}
		processes.forget(now.Add(time.Millisecond))
		if len(processes) != 0 {
			t.Errorf("%s: silent processes are still there: %v", sentence, processes)
		}
	}
}

func TestAnOffsetIsPassed(t *testing.T) {
	fleet := Fleet{Applied: []int64{5, 7}, Rejected: []string{"campaign/new"}}
	for sentence, c := range map[string]struct {
		fleet  Fleet
		key    string
		offset int64
		passed bool
		behind int
	}{
		"by the slowest":                     {fleet, "campaign/a", 5, true, 0},
		"not while one is behind":            {fleet, "campaign/a", 6, false, 1},
		"not by a process that keeps it out": {fleet, "campaign/new", 5, false, 0},
		"not by a fleet without any process": {Fleet{}, "campaign/a", 0, false, 0},
		"not while everybody is behind":      {fleet, "campaign/a", 8, false, 2},
	} {
		if passed, behind := c.fleet.Passed(c.key, c.offset), c.fleet.Behind(c.offset); passed != c.passed || behind != c.behind {
			t.Errorf("%s: passed %t, behind %d", sentence, passed, behind)
		}
	}
}
