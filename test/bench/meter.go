package bench

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// clockTick is the unit of CPU times in /proc: 100 a second on every Linux that Go runs on.
const clockTick = time.Second / 100

// OwnCPU is the user and system time of this process.
func OwnCPU() time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// CPUOf is the user and system time of another process, in steps of 10 ms.
func CPUOf(pid int) time.Duration {
	fields := stat(pid)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64) // the kernel writes numbers
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * clockTick
}

// ChildOf finds the child of this process, or of one of its children, whose command line holds text; 0 when there is none.
func ChildOf(text string) int {
	processes, _ := filepath.Glob("/proc/[0-9]*") // the pattern is well-formed
	for _, dir := range processes {
		pid, _ := strconv.Atoi(filepath.Base(dir)) // digits, by the pattern
		command, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err == nil && strings.Contains(string(command), text) && descends(pid, os.Getpid()) {
			return pid
		}
	}
	return 0
}

func descends(pid, from int) bool {
	for range 4 {
		fields := stat(pid)
		if len(fields) < 2 {
			return false
		}
		if pid, _ = strconv.Atoi(fields[1]); pid == from {
			return true
		}
	}
	return false
}

// stat returns what follows the name in /proc/PID/stat: state, parent, ...
func stat(pid int) []string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	_, behind, _ := strings.Cut(string(text), ") ")
	return strings.Fields(behind)
}

// Series are the figures of one measurement over all rounds, nanoseconds of CPU per event.
type Series struct {
	Name   string
	Rounds []float64
}

// Add notes a round.
func (s *Series) Add(cpu time.Duration, events int) {
	s.Rounds = append(s.Rounds, float64(cpu)/float64(events))
}

// Min is the best round: what the work costs when the machine is least disturbed.
func (s *Series) Min() float64 { return slices.Min(s.Rounds) }

// Median is the middle round.
func (s *Series) Median() float64 {
	sorted := slices.Sorted(slices.Values(s.Rounds))
	return sorted[len(sorted)/2]
}

// Result writes the table line and the machine-readable one. Ratios are of minima.
func Result(to io.Writer, name string, ours, reference *Series) {
	fmt.Fprintf(to, "%-24s min %6.0f ns, median %6.0f ns   (%s: min %.0f, median %.0f)\n", name, ours.Min(), ours.Median(), reference.Name, reference.Min(), reference.Median())
	fmt.Fprintf(to, "result: %s ours=%.0f reference=%.0f ratio=%.2f\n", name, ours.Min(), reference.Min(), ours.Min()/reference.Min())
}
