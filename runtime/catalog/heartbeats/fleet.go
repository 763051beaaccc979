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

// process is what one pod said last.
type process struct {
	boot     uint64
	applied  int64
	rejected []string
	heard    time.Time // here, so that no other clock matters
}

// table knows the processes that live, by pod.
type table map[string]process

// hear takes in a heartbeat. A boot that is over is forgotten, unless the pod goes on under another.
func (t table) hear(h *event.Heartbeat, now time.Time) {
	if h.GetDrained() {
		if t[h.GetPod()].boot == h.GetBootId() {
			delete(t, h.GetPod())
		}
		return
	}
	t[h.GetPod()] = process{boot: h.GetBootId(), applied: h.GetAppliedOffset(), rejected: h.GetRejectedKeys(), heard: now}
}

// forget drops the processes that were not heard since then.
func (t table) forget(since time.Time) {
	maps.DeleteFunc(t, func(_ string, p process) bool { return p.heard.Before(since) })
}

// fleets sums up the processes of each workload.
func (t table) fleets() map[string]Fleet {
	all := make(map[string]Fleet)
	for pod, p := range t {
		name, ok := Workload(pod)
		if !ok {
			continue
		}
		fleet := all[name]
		fleet.Applied = append(fleet.Applied, p.applied)
		fleet.Rejected = append(fleet.Rejected, p.rejected...)
		all[name] = fleet
	}
	for name, fleet := range all {
		slices.Sort(fleet.Applied)
		slices.Sort(fleet.Rejected)
		fleet.Rejected = slices.Compact(fleet.Rejected)
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

// alike reports whether two states give the same answers to who asks whether an offset is passed by all.
func alike(a, b map[string]Fleet) bool {
	return maps.EqualFunc(a, b, func(x, y Fleet) bool {
		return len(x.Applied) == len(y.Applied) && x.Applied[0] == y.Applied[0] && slices.Equal(x.Rejected, y.Rejected)
	})
}
