package ledger

import (
	"context"
	"fmt"
	"time"

	"github.com/clicktally/clicktally/runtime/store"
)

// Boot is one life of a process, by its last heartbeat.
type Boot struct {
	ID      uint64    `json:"-"`
	Name    string    `json:"boot"` // the id in hex
	Pod     string    `json:"pod"`
	Version string    `json:"version"`
	First   time.Time `json:"first"` // UTC day of the first heartbeat
	At      time.Time `json:"at"`    // of the last heartbeat
	// State is Running, Drained, or Silent: no heartbeat for long, and the last one did not say drained.
	State           string `json:"state"`
	JournalBytes    uint64 `json:"journal_bytes"`
	JournalCapacity uint64 `json:"journal_capacity"`
	Journaled       uint64 `json:"journaled"` // counters that only the journal holds
}

// States of a boot.
const (
	Running = "Running"
	Drained = "Drained"
	Silent  = "Silent"
)

// open says why the boot's journal may still bring events, empty when it cannot. A process that died
// without a journal has nothing to bring.
func (b *Boot) open() string {
	switch {
	case b.State == Drained:
		return ""
	case b.Journaled > 0 || b.JournalBytes > 0:
		return fmt.Sprintf("has %d events (%d bytes) in its journal", b.Journaled, b.JournalBytes)
	case b.State == Silent && b.JournalCapacity > 0:
		return "went silent with a journal and nobody said that it is drained"
	}
	return ""
}

// bootsOf reads the boots that matter to a period: those that lived in it, and those before it that
// are still open. A boot is drained when any of its heartbeats said so: that of a drain Job comes
// under another pod.
func (c *Config) bootsOf(ctx context.Context, p Period, now time.Time) ([]Boot, error) {
	query := `SELECT boot_id, argMax(pod, ver), argMax(version, ver), toDateTime(min(day), 'UTC') AS first, max(ver) AS last,
		max(drained) AS over, argMax(journal_bytes, ver), max(journal_capacity), argMax(journaled, ver)
		FROM ` + store.Quote(c.Database) + `.boots WHERE src_part = ` + number(uint32(store.NoPart)) + `
		GROUP BY boot_id HAVING first < ` + moment(p.To) + ` AND (last >= ` + moment(p.From) + ` OR over = 0)
		ORDER BY last`
	rows, err := c.ClickHouse.Query(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("read boots: %w", err)
	}
	defer rows.Close()
	var boots []Boot
	for rows.Next() {
		var b Boot
		var drained uint8
		if err := rows.Scan(&b.ID, &b.Pod, &b.Version, &b.First, &b.At, &drained, &b.JournalBytes, &b.JournalCapacity, &b.Journaled); err != nil {
			return nil, fmt.Errorf("read boots: %w", err)
		}
		b.Name, b.First, b.At = bootName(b.ID), b.First.UTC(), b.At.UTC()
		switch {
		case drained > 0:
			b.State = Drained
		case now.Sub(b.At) > c.Silent:
			b.State = Silent
		default:
			b.State = Running
		}
		boots = append(boots, b)
	}
	return boots, rows.Err()
}

// openBoots names the boots that may still bring events.
func openBoots(boots []Boot) []Finding {
	var found []Finding
	for i := range boots {
		b := &boots[i]
		if why := b.open(); why != "" {
			found = append(found, Finding{
				Kind: JournalOpen, Boot: b.Name, Pod: b.Pod, To: &b.At,
				Message: fmt.Sprintf("boot %s of %s %s (last heartbeat %s)", b.Name, b.Pod, why, clock(b.At)),
			})
		}
	}
	return found
}

// unheard finds boots that raw knows and table boots does not: the process was killed before its
// first heartbeat was written. Those of the last moments are only young.
func (c *Config) unheard(ctx context.Context, p Period, copied time.Time) ([]Finding, error) {
	before := earlier(p.To, copied.Add(-c.Silent))
	query := `SELECT boot_id, count(), min(accepted), max(accepted) FROM ` + store.Quote(c.Database) + `.events
		WHERE accepted >= ` + moment(p.From) + ` AND accepted < ` + moment(before) + ` AND minute >= ` + moment(p.From.Add(-backdated)) + `
		AND boot_id NOT IN (SELECT boot_id FROM ` + store.Quote(c.Database) + `.boots)
		GROUP BY boot_id ORDER BY boot_id LIMIT ` + number(maxFindings)
	rows, err := c.ClickHouse.Query(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("look for boots that never reported: %w", err)
	}
	defer rows.Close()
	var found []Finding
	for rows.Next() {
		var id, records uint64
		var first, last time.Time
		if err := rows.Scan(&id, &records, &first, &last); err != nil {
			return nil, fmt.Errorf("look for boots that never reported: %w", err)
		}
		found = append(found, Finding{
			Kind: BootUnheard, Boot: bootName(id), From: &first, To: &last,
			Message: fmt.Sprintf("boot %s wrote %d records from %s to %s and never reported: what else it took is not known",
				bootName(id), records, clock(first), clock(last)),
		})
	}
	return found, rows.Err()
}
