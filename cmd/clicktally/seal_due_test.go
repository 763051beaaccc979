package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/clicktally/clicktally/runtime/ledger/seal"
	"github.com/clicktally/clicktally/runtime/store/sealing"
	"github.com/clicktally/clicktally/test/ledgertest"
)

// outcomeOf runs --due once and reads what it leaves in the file.
func outcomeOf(t *testing.T, s *seal.Sealer) (sealing.Outcome, error) {
	t.Helper()
	f := sealFlags{dueFlags: dueFlags{kind: "Day", result: filepath.Join(t.TempDir(), "outcome")}, zone: "UTC"}
	f.request.Billable, f.request.Who = []string{"Valid"}, "test"
	schedule, err := f.schedule(nil)
	if err != nil {
		t.Fatal(err)
	}
	told := sealing.Outcome{}
	ended := f.sealDue(t.Context(), s, schedule, &told, io.Discard)
	if err := f.tell(told); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(f.result)
	if err != nil {
		t.Fatal(err)
	}
	outcome, err := sealing.Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return outcome, ended
}

func TestARunTellsWhatItSealedAndWhatNot(t *testing.T) {
	p := ledgertest.NewWithKafka(t)
	s, err := seal.New(seal.Config{ClickHouse: p.Conn, Database: p.Database, Catalog: p.Catalog, Checker: p.Ledger()})
	if err != nil {
		t.Fatal(err)
	}
	yesterday := time.Now().UTC().Truncate(24 * time.Hour).Add(-time.Hour)
	name := yesterday.Format(time.DateOnly) + "@UTC"
	click := func() {
		p.Append(p.Click(ledgertest.Part(0), yesterday))
		p.Beat(ledgertest.Boot, nil)
	}
	load := func() {
		p.Load(time.Now())
		p.Compute(time.Now())
	}
	click()
	load()
	o, err := outcomeOf(t, s)
	if err != nil || len(o.Created) != 1 || o.LastRevision != name+"-1" || o.SealedPeriods != 1 || o.LastSealTime.IsZero() {
		t.Errorf("the first run: %+v, %v", o, err)
	}
	if o, err = outcomeOf(t, s); err != nil || len(o.Created) != 0 || o.SealedPeriods != 1 {
		t.Errorf("the second run: %+v, %v", o, err)
	}
	click()
	load()
	click() // and this one is not loaded yet
	if o, err = outcomeOf(t, s); !errors.Is(err, errFailed) || o.Refused != name || o.RefusedPeriods != 1 || o.Why == "" || o.LastRevision != name+"-1" {
		t.Errorf("while log is not loaded: %+v, %v", o, err)
	}
	load()
	if o, err = outcomeOf(t, s); err != nil || o.LastRevision != name+"-2" || o.SealedPeriods != 1 {
		t.Errorf("after late clicks: %+v, %v", o, err)
	}
}

func TestARunThatCannotBeginTellsWhy(t *testing.T) {
	file := filepath.Join(t.TempDir(), "outcome")
	if _, err := run(sealCommand(), "--due", "Fortnight", "--result-file", file); err == nil {
		t.Fatal("a fortnight is no period")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if o, err := sealing.Parse(string(text)); err != nil || o.Error != `--due: period "Fortnight": write Day, Week or Month` {
		t.Errorf("%+v, %v", o, err)
	}
}
