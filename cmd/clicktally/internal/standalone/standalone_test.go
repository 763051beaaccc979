package standalone_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clicktally/clicktally/cmd/clicktally/internal/standalone"
	"github.com/clicktally/clicktally/test/loadgen"
)

func TestNothingIsLostOrCountedTwiceAcrossAKill(t *testing.T) {
	p := newProcess(t)
	p.start()
	scenario, err := loadgen.Load("")
	if err != nil {
		t.Fatal(err)
	}
	scenario.Events, scenario.Rate = 2400, 400
	ledger, err := loadgen.OpenLedger("")
	if err != nil {
		t.Fatal(err)
	}
	audit := &loadgen.Audit{Reader: loadgen.Reader{Base: p.query()}, Patience: 3 * time.Minute}
	if err := audit.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	run, err := loadgen.New(loadgen.Config{Scenario: scenario, Tracker: p.tracker(), Token: token, Ledger: ledger})
	if err != nil {
		t.Fatal(err)
	}
	var sending sync.WaitGroup
	sending.Go(func() { run.Do(t.Context()) })
	for _, acknowledged := range []int{500, 1100} {
		eventually(t, time.Minute, "the load is under way", func() bool { return acked(ledger) >= acknowledged })
		p.kill()
		p.start()
	}
	sending.Wait()
	balance, _, err := audit.End(t.Context(), ledger.Entries(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(balance, "unacknowledged", balance.Unacknowledged)
	if !balance.Balanced() || balance.Acked < 1100 {
		t.Errorf("%s: %s", balance, strings.Join(balance.Differences, "; "))
	}
	p.stop()
}

func TestAStartThatIsCalledOffIsNoFailure(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := standalone.Start(ctx, standalone.Config{
		Dirs: []string{"../../../../config/samples"}, Data: t.TempDir(),
		Listen: "127.0.0.1:0", QueryListen: "127.0.0.1:0", AdminListen: "127.0.0.1:0",
	})
	if !errors.Is(err, standalone.ErrStopped) {
		t.Errorf("got %v", err)
	}
}

func acked(l *loadgen.Ledger) int {
	n := 0
	for _, e := range l.Entries() {
		if e.Acked {
			n++
		}
	}
	return n
}

func TestTheFolderIsLive(t *testing.T) {
	p := newProcess(t)
	p.start()
	newsletter := filepath.Join(p.args[0], "campaign-newsletter.yaml")
	spring := filepath.Join(p.args[0], "campaign-spring-sale.yaml")
	p.replace(newsletter, "example.net/subscribe", "example.net/join")
	eventually(t, 10*time.Second, "an edit serves", func() bool {
		return strings.HasPrefix(p.click("/c/newsletter"), "https://news.example.net/join?")
	})

	p.replace(newsletter, "spec:", "spec: [")
	p.replace(spring, `amount: "0.40"`, "amount: 0.40")
	p.says("campaign-newsletter.yaml:")
	p.says(`campaign-spring-sale.yaml:22: spec.ads[0].price.amount: write "0.40" in quotes`)
	for path, want := range map[string]string{
		"/c/newsletter":                "https://news.example.net/join?",
		"/c/spring-sale?offer_id=of-1": "https://shop.example.org/x?",
		"/c/winter-clearance":          "https://shop.example.org/spring",
	} {
		if got := p.click(path); !strings.HasPrefix(got, want) {
			t.Errorf("%s leads to %s, not to %s, while two files are broken", path, got, want)
		}
	}

	if err := os.Remove(filepath.Join(p.args[0], "campaign-city-breaks.yaml")); err != nil {
		t.Fatal(err)
	}
	p.says("1 record no longer in the folder, kept until every file can be read: campaign/city-breaks")
	if got := p.click("/c/city-breaks?offer_id=paris"); !strings.HasPrefix(got, "https://travel.example.com/paris") {
		t.Errorf("a campaign whose deletion is not proven leads to %s", got)
	}

	p.kill() // the broken folder is all that the next start finds
	p.start()
	if got := p.click("/c/newsletter"); !strings.HasPrefix(got, "https://news.example.net/join?") {
		t.Errorf("after a restart with a broken file the campaign leads to %s", got)
	}
	p.stop()
}
