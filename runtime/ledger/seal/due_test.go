package seal_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clicktally/clicktally/runtime/ledger/seal"
	"github.com/clicktally/clicktally/test/ledgertest"
)

// days has clicks on two days, with an empty one between them.
type days struct {
	*ledgertest.Pipeline
	t        *testing.T
	sealer   *seal.Sealer
	first    time.Time
	schedule seal.Schedule
}

func newDays(t *testing.T, zone *time.Location) *days {
	t.Helper()
	d := &days{Pipeline: ledgertest.NewWithKafka(t), t: t}
	year, month, day := time.Now().In(zone).Date()
	d.first = time.Date(year, month, day-5, 10, 0, 0, 0, zone)
	d.schedule = seal.Schedule{Kind: seal.Day, Zone: zone, Grace: time.Hour, Billable: []string{"Valid"}}
	var err error
	if d.sealer, err = seal.New(seal.Config{ClickHouse: d.Conn, Database: d.Database, Catalog: d.Catalog, Checker: d.Ledger(), Now: d.now}); err != nil {
		t.Fatal(err)
	}
	return d
}

// now is noon of the fourth day: three days are over.
func (d *days) now() time.Time { return d.first.AddDate(0, 0, 3).Add(2 * time.Hour) }

func (d *days) click(at time.Time) {
	d.t.Helper()
	d.Append(d.Click(ledgertest.Part(0), at))
	d.Beat(ledgertest.Boot, nil)
	d.Load(time.Now())
	d.Compute(time.Now())
}

// run seals what is due, and returns the revisions that were made.
func (d *days) run() []string {
	d.t.Helper()
	agenda, err := d.sealer.Due(d.t.Context(), d.schedule)
	if err != nil {
		d.t.Fatal(err)
	}
	var made []string
	for _, item := range agenda.Items {
		result, err := d.sealer.Seal(d.t.Context(), seal.Request{Period: item.Period, Billable: item.Billable, Grace: d.schedule.Grace, Who: "test"})
		if err != nil {
			d.t.Fatal(err)
		}
		if result.Created {
			made = append(made, result.Revision.Name())
		}
	}
	return made
}

func TestWhatIsDueIsSealedOnce(t *testing.T) {
	kolkata, err := seal.LoadZone("Asia/Kolkata")
	if err != nil {
		t.Fatal(err)
	}
	d := newDays(t, kolkata)
	if made := d.run(); made != nil {
		t.Errorf("without any event %v is sealed", made)
	}
	d.click(d.first)
	d.click(d.first.AddDate(0, 0, 2))
	name := func(day int, revision string) string {
		return d.first.AddDate(0, 0, day).Format(time.DateOnly) + "@Asia/Kolkata-" + revision
	}
	if diff := cmp.Diff([]string{name(0, "1"), name(1, "1"), name(2, "1")}, d.run()); diff != "" {
		t.Errorf("the first run (-want +got):\n%s", diff)
	}
	if made := d.run(); made != nil {
		t.Errorf("the second run seals %v", made)
	}
	d.click(d.first.AddDate(0, 0, 3)) // of a day that is not over
	if made := d.run(); made != nil {
		t.Errorf("a click of today seals %v", made)
	}

	// What is billed of a sealed day stays, whatever the schedule says meanwhile.
	d.schedule.Billable = []string{"Valid", "Fraudulent"}
	d.click(d.first.Add(time.Minute))
	if diff := cmp.Diff([]string{name(0, "2")}, d.run()); diff != "" {
		t.Errorf("after a late click (-want +got):\n%s", diff)
	}
	period, err := seal.ParsePeriod(d.first.Format(time.DateOnly) + "@Asia/Kolkata")
	if err != nil {
		t.Fatal(err)
	}
	r, err := seal.Read(t.Context(), seal.Raw{ClickHouse: d.Conn, Database: d.Database}, period, 2)
	if err != nil || !cmp.Equal(r.Billable, []string{"Valid"}) {
		t.Errorf("billed is %v, %v", r.Billable, err)
	}
	if made := d.run(); made != nil {
		t.Errorf("after that, %v is sealed", made)
	}
	if n, newest, err := d.sealer.Sealed(t.Context(), d.schedule); err != nil || n != 3 || newest.Revision != 2 {
		t.Errorf("%d periods are sealed, the last is %+v, %v", n, newest, err)
	}
	weekly := d.schedule
	weekly.Kind = seal.Week
	if n, _, err := d.sealer.Sealed(t.Context(), weekly); err != nil || n != 0 {
		t.Errorf("days count for a weekly schedule: %d, %v", n, err)
	}
}

func TestADayIsDueWhenItsGraceIsOver(t *testing.T) {
	d := newDays(t, time.UTC)
	d.click(d.first)
	d.schedule.Grace = 60*time.Hour + time.Second // the first day has been over for 60 hours
	if made := d.run(); made != nil {
		t.Errorf("%v is sealed too early", made)
	}
	d.schedule.Grace = 60 * time.Hour
	if made := d.run(); len(made) != 1 {
		t.Errorf("%v is sealed, want the first day", made)
	}
}

// A bill of what is left of a day would be too low.
func TestADayWhoseRawExpiresIsNotSealed(t *testing.T) {
	d := newDays(t, time.UTC)
	d.click(d.now().AddDate(0, 0, -91))
	agenda, err := d.sealer.Due(t.Context(), d.schedule)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(agenda.Expired); n != 2 || len(agenda.Items) != 89 {
		t.Errorf("%d days are expired, %d due; want 2 and 89", n, len(agenda.Items))
	}
}
