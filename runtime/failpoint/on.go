//go:build failpoints

package failpoint

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Variable holds what to do: entries like `aggregate/raw/after=kill@3`, separated by commas. The number is
// which hit of the step is meant, the first one without it; `*` means every one. Actions: kill (as kill -9
// would), stop (SIGSTOP, until somebody wakes the process), error, and a duration to wait, `200ms`.
const Variable = "CLICKTALLY_FAILPOINTS"

// ErrAsked is the error of an `error` entry.
var ErrAsked = errors.New("failpoint: an error was asked for")

// plan is what to do at one step.
type plan struct {
	action string
	at     int64 // which hit, 0 for every one
	hits   atomic.Int64
}

var plans = sync.OnceValue(func() map[string]*plan {
	plans, err := parse(os.Getenv(Variable))
	if err != nil {
		panic(err) // a fault that was asked for and does not happen would prove nothing
	}
	return plans
})

// Hit does what Variable asks for at this step; the error is ErrAsked.
func Hit(step string) error {
	p := plans()[step]
	if p == nil {
		return nil
	}
	if n := p.hits.Add(1); p.at != 0 && n != p.at {
		return nil
	}
	switch p.action {
	case "kill":
		return syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "stop":
		return syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	case "error":
		return fmt.Errorf("%w at %s", ErrAsked, step)
	}
	d, _ := time.ParseDuration(p.action) // parse has seen it
	time.Sleep(d)
	return nil
}

func parse(text string) (map[string]*plan, error) {
	plans := map[string]*plan{}
	for entry := range strings.SplitSeq(text, ",") {
		if entry == "" {
			continue
		}
		step, what, _ := strings.Cut(entry, "=")
		action, nth, numbered := strings.Cut(what, "@")
		p := &plan{action: action, at: 1}
		switch {
		case nth == "*":
			p.at = 0
		case numbered:
			n, err := strconv.ParseInt(nth, 10, 64)
			if err != nil || n < 1 {
				return nil, fmt.Errorf("%s: %q: after @ goes a number from 1, or *", Variable, entry)
			}
			p.at = n
		}
		if _, err := time.ParseDuration(action); err != nil && action != "kill" && action != "stop" && action != "error" {
			return nil, fmt.Errorf("%s: %q: the action is kill, stop, error, or a duration", Variable, entry)
		}
		if !known(step) {
			return nil, fmt.Errorf("%s: %q: no step %q; there are %v", Variable, entry, step, Steps)
		}
		plans[step] = p
	}
	return plans, nil
}

func known(step string) bool {
	for _, s := range Steps {
		if s == step {
			return true
		}
	}
	return false
}
