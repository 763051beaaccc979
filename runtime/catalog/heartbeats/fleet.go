package heartbeats

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
)

// Fleet is what the processes of one workload reported last.
type Fleet struct {
	// Applied are the offsets of the catalog that its processes have applied, ascending, one each.
	Applied []int64
	// Rejected are the keys that at least one of them keeps out, sorted.
	Rejected []string
	// Pods are the names of the processes, sorted.
	Pods []string
	// Backlogs are those of the processes whose log does not acknowledge, or did not and whose journal is not
	// empty since, by pod.
	Backlogs []Backlog
	// Addresses says of how many of the latest visitors the address is known.
	Addresses Addresses
}

// Backlog is what waits in a process's journal.
type Backlog struct {
	Pod string
	// Since is when the log stopped acknowledging, zero when it acknowledges again.
	Since time.Time
	// Waiting counts the events that only the journal holds, as far as they are known to be settled.
	Waiting uint64
	// Bytes of Capacity are in use.
	Bytes, Capacity uint64
}

// Passed reports whether there is a process, and all of them have applied offset and keep out no key of that name.
func (f Fleet) Passed(key string, offset int64) bool {
	return len(f.Applied) > 0 && f.Applied[0] >= offset && !f.Rejects(key)
}

// Rejects reports whether a process keeps key out: it is older than the record.
func (f Fleet) Rejects(key string) bool {
	_, found := slices.BinarySearch(f.Rejected, key)
	return found
}

// Behind counts the processes that have not applied offset.
func (f Fleet) Behind(offset int64) int {
	n, _ := slices.BinarySearch(f.Applied, offset)
	return n
}

// table knows the processes that live, by pod.
type table map[string]*process

// hear takes in a heartbeat. A boot that is over is forgotten, unless the pod goes on under another.
func (t table) hear(h *event.Heartbeat, now time.Time) {
	p := t[h.GetPod()]
	if h.GetDrained() {
		if p == nil {
			return
		}
		delete(p.boots, h.GetBootId())
		if p.boot == h.GetBootId() {
			delete(t, h.GetPod())
		}
		return
	}
	if p == nil {
		p = &process{boots: map[uint64]boot{}}
		t[h.GetPod()] = p
	}
	p.hear(h, now)
}

// forget drops the processes that were not heard since then.
func (t table) forget(since time.Time) {
	maps.DeleteFunc(t, func(_ string, p *process) bool {
		maps.DeleteFunc(p.boots, func(_ uint64, b boot) bool { return b.heard.Before(since) })
		return p.heard.Before(since)
	})
}

// fleets sums up the processes of each workload.
func (t table) fleets() map[string]Fleet {
	all, visitors := make(map[string]Fleet), make(map[string]visitors)
	for pod, p := range t {
		name, ok := Workload(pod)
		if !ok {
			continue
		}
		fleet := all[name]
		fleet.Applied = append(fleet.Applied, p.applied)
		fleet.Rejected = append(fleet.Rejected, p.rejected...)
		fleet.Pods = append(fleet.Pods, pod)
		if p.filling {
			fleet.Backlogs = append(fleet.Backlogs, p.backlog(pod))
		}
		visitors[name] = visitors[name].plus(p.latest())
		all[name] = fleet
	}
	for name, fleet := range all {
		slices.Sort(fleet.Applied)
		slices.Sort(fleet.Rejected)
		slices.Sort(fleet.Pods)
		slices.SortFunc(fleet.Backlogs, func(a, b Backlog) int { return strings.Compare(a.Pod, b.Pod) })
		fleet.Rejected = slices.Compact(fleet.Rejected)
		fleet.Addresses = visitors[name].addresses()
		all[name] = fleet
	}
	return all
}

// Workload is the StatefulSet that a pod belongs to: its name without the ordinal.
func Workload(pod string) (name string, ok bool) {
	at := strings.LastIndexByte(pod, '-')
	if at <= 0 || at == len(pod)-1 || strings.Trim(pod[at+1:], "0123456789") != "" {
		return "", false
	}
	return pod[:at], true
}

// alike reports whether two states give the same answers to who asks whether an offset is passed by all, who
// waits for Kafka, and whether visitors are known.
func alike(a, b map[string]Fleet) bool {
	return maps.EqualFunc(a, b, func(x, y Fleet) bool {
		return len(x.Applied) == len(y.Applied) && x.Applied[0] == y.Applied[0] && slices.Equal(x.Rejected, y.Rejected) &&
			x.Addresses == y.Addresses && slices.EqualFunc(x.Backlogs, y.Backlogs, func(a, b Backlog) bool {
			return a.Pod == b.Pod && a.Since.Equal(b.Since)
		})
	})
}
