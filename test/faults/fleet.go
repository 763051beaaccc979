package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/clicktally/clicktally/runtime/failpoint"
)

const (
	trackers    = 3
	aggregators = 3
	// readyWithin bounds how long a process may take until it is ready, on a busy machine.
	readyWithin = 2 * time.Minute
)

// fleet is the processes under test, of one pipeline.
type fleet struct {
	trackers, aggregators []*process
	query                 *process
	visitors              []string // addresses of trackers, host:port
	admins                []string // of trackers, then aggregators
	queryAddr             string
	clock                 string   // file with the trackers' clock offset in seconds
	journals              []string // of trackers; nil where the build has none

	disks []string // mounted

	mu    sync.Mutex
	plans map[*process]string // failpoints of the next start, used up by it
	draw  func() string       // failpoints of an aggregator's next start, where no plan is set
}

// startFleet starts them. disks gives each journal a small disk of its own.
func startFleet(b binaries, st *stores, p *pipeline, disks bool) (*fleet, error) {
	f := &fleet{clock: filepath.Join(p.dir, "clock"), plans: map[*process]string{}}
	if err := f.setClock(0); err != nil {
		return nil, err
	}
	kafka := []string{"--kafka", strings.Join(st.seeds, ","), "--topic-prefix", p.prefix}
	shared := append(slices.Clip(kafka),
		"--redis", st.redisWire.address(), "--clickhouse", st.engineLiar.address(), "--clickhouse-http", "--database", p.prefix)
	for i := range trackers {
		visitors, admin, err := twoAddresses()
		if err != nil {
			return f, err
		}
		args := append(slices.Clip(kafka),
			"--tracker", "clicktally/local", "--listen", visitors, "--admin-listen", admin, "--unready-for", "0s",
			"--click-id-keys-file", filepath.Join(p.dir, "keys/click-id"), "--hash-key-file", filepath.Join(p.dir, "keys/hash"),
			"--sources-dir", filepath.Join(p.dir, "sources"), "--pod", fmt.Sprint("tracker-", i),
			"--data-dir", filepath.Join(p.dir, fmt.Sprint("data-", i))) // without Kafka it starts on the catalog it had
		if b.journals {
			dir := filepath.Join(p.dir, fmt.Sprint("journal-", i))
			if disks {
				if err := mountDisk(dir); err != nil {
					return f, err
				}
				f.disks = append(f.disks, dir)
			}
			f.journals = append(f.journals, dir)
			args = append(args, "--journal-dir", dir)
		}
		f.visitors, f.admins = append(f.visitors, visitors), append(f.admins, admin)
		one := f.add(p, fmt.Sprint("tracker-", i), b.tracker, args, "CLICKTALLY_CLOCK="+f.clock)
		f.trackers = append(f.trackers, one.keep())
	}
	for i := range aggregators {
		admin, err := freeAddress()
		if err != nil {
			return nil, err
		}
		f.admins = append(f.admins, admin)
		args := append(slices.Clip(shared), "--admin-listen", admin)
		f.aggregators = append(f.aggregators, f.add(p, fmt.Sprint("aggregator-", i), b.aggregator, args).keep())
	}
	api, admin, err := twoAddresses()
	if err != nil {
		return nil, err
	}
	f.queryAddr = api
	f.query = f.add(p, "query", b.query, append(slices.Clip(shared), "--listen", api, "--admin-listen", admin)).keep()
	return f, nil
}

func (f *fleet) add(p *pipeline, name, program string, args []string, env ...string) *process {
	one := &process{name: name, program: program, args: args, log: filepath.Join(p.dir, name+".log")}
	one.env = func() []string {
		f.mu.Lock()
		defer f.mu.Unlock()
		plan := f.plans[one]
		delete(f.plans, one)
		if plan == "" && f.draw != nil && strings.HasPrefix(name, "aggregator") {
			plan = f.draw()
		}
		return append(env, failpointVariable+"="+plan)
	}
	return one
}

// failpointVariable is failpoint.Variable, which exists in builds with the tag only.
const failpointVariable = "CLICKTALLY_FAILPOINTS"

// plan sets what the next start of one does at its failpoints.
func (f *fleet) plan(one *process, what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plans[one] = what
}

// planned says whether a plan waits for a start that has not come.
func (f *fleet) planned() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.plans) > 0
}

// drawn sets what starts of aggregators do at their failpoints from now on; nil: nothing.
func (f *fleet) drawn(draw func() string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.draw = draw
}

// stepsOf lists the failpoints of a package.
func stepsOf(pkg string) []string {
	var steps []string
	for _, step := range failpoint.Steps {
		if strings.HasPrefix(step, pkg+"/") {
			steps = append(steps, step)
		}
	}
	return steps
}

// randomKill is one step at which an aggregator dies, at one of its first hits.
func randomKill(r *rand.Rand) string {
	steps := stepsOf("aggregate")
	return fmt.Sprintf("%s=kill@%d", steps[r.IntN(len(steps))], 1+r.IntN(3))
}

// setClock puts the trackers' wall clocks off by d.
func (f *fleet) setClock(d time.Duration) error {
	return os.WriteFile(f.clock, fmt.Append(nil, int64(d/time.Second)), 0o600)
}

func (f *fleet) all() []*process {
	return append(append(append([]*process{}, f.trackers...), f.aggregators...), f.query)
}

func (f *fleet) close() {
	var ending sync.WaitGroup
	for _, one := range f.all() {
		ending.Go(one.close)
	}
	ending.Wait()
	for _, dir := range f.disks {
		if err := unmountDisk(dir); err != nil {
			say("%v", err)
		}
	}
}

// crashes counts the ends that nobody asked for.
func (f *fleet) crashes() (n int) {
	for _, one := range f.all() {
		one.mu.Lock()
		n += one.crashes
		one.mu.Unlock()
	}
	return n
}

// ready waits until every tracker and aggregator says so.
func (f *fleet) ready(ctx context.Context) error {
	for _, admin := range f.admins {
		err := await(ctx, readyWithin, "a process to be ready", func() error { return get200(ctx, "http://"+admin+"/readyz") })
		if err != nil {
			return err
		}
	}
	return nil
}

func get200(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, answer.Status)
	}
	return nil
}

func hasFlag(program, flag string) bool {
	text, _ := exec.Command(program, "--help").CombinedOutput() // help never fails for another reason than not starting
	return strings.Contains(string(text), flag+" ")
}

func twoAddresses() (a, b string, err error) {
	if a, err = freeAddress(); err != nil {
		return "", "", err
	}
	b, err = freeAddress()
	return a, b, err
}
