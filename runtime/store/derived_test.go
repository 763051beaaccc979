package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

func TestSessionsAreAbsoluteRowsOfAUTCDay(t *testing.T) {
	conn, db := database(t)
	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -1)
	visit := func(offset uint64, visitor string, at time.Duration, kind event.EventType) store.Row {
		row := valid(offset, uint32(offset))
		row.Event.Timestamp = day.Add(at).UnixMilli()
		id := event.NewID(row.Event.Timestamp, 2, 9, uint32(offset))
		row.Event.EventId, row.Event.UserId, row.Event.EventType = id[:], []byte(visitor), kind
		return row
	}
	const click, view = event.EventType_EVENT_TYPE_CLICK, event.EventType_EVENT_TYPE_PAGE_VIEW
	again := visit(0, "ann", 10*time.Hour+50*time.Minute, click)
	again.Offset = 9
	insert(t, conn, db,
		visit(0, "ann", 10*time.Hour+50*time.Minute, click), again,
		visit(1, "ann", 11*time.Hour+20*time.Minute, view), // exactly the gap: the same session
		visit(2, "ann", 11*time.Hour+50*time.Minute+time.Millisecond, view),
		visit(3, "bob", 10*time.Hour, click),
		visit(4, "", 10*time.Hour, click), // no visitor, no session
	)
	type row struct {
		Hour                                        int
		Sessions, Events, Clicks, Duration, Bounced uint64
	}
	read := func(version int64) []row {
		t.Helper()
		err := conn.Exec(t.Context(), store.InsertSessions(db, day, time.UnixMilli(version), 30*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		found, err := conn.Query(t.Context(), "SELECT hour, sessions, events, clicks, duration_ms, bounced FROM "+store.Quote(db)+".sessions FINAL ORDER BY hour")
		if err != nil {
			t.Fatal(err)
		}
		defer found.Close()
		var rows []row
		for found.Next() {
			var r row
			var hour time.Time
			if err := found.Scan(&hour, &r.Sessions, &r.Events, &r.Clicks, &r.Duration, &r.Bounced); err != nil {
				t.Fatal(err)
			}
			r.Hour = hour.UTC().Hour()
			rows = append(rows, r)
		}
		return rows
	}
	half := uint64((30 * time.Minute).Milliseconds())
	want := []row{{10, 2, 3, 2, half, 1}, {11, 1, 1, 0, 0, 1}}
	if diff := cmp.Diff(want, read(1)); diff != "" {
		t.Errorf("sessions (-want +got):\n%s", diff)
	}
	insert(t, conn, db, visit(5, "ann", 11*time.Hour+40*time.Minute, view)) // bridges ann's two sessions
	want = []row{{10, 2, 5, 2, 2*half + 1, 1}, {11, 0, 0, 0, 0, 0}}
	if diff := cmp.Diff(want, read(2)); diff != "" {
		t.Errorf("after a late event (-want +got):\n%s", diff)
	}
}

func TestConversionsAreDatedAtTheirClickAndTheLastStatusWins(t *testing.T) {
	conn, db := database(t)
	clicked := valid(0, 1)
	test := valid(1, 2)
	test.Event.Disposition = event.Disposition_DISPOSITION_TEST
	convert := func(offset uint64, of store.Row, txid string, status event.ConversionStatus) store.Row {
		row := valid(offset, uint32(100+offset))
		row.Event.EventType, row.Event.ClickId, row.Event.Txid = event.EventType_EVENT_TYPE_CONVERSION, of.Event.EventId, txid
		row.Event.ConversionKind, row.Event.ConversionStatus = "purchase", status
		row.Event.RevenueMicros, row.Event.RevenueCurrency = int64(offset)*1_000_000, "EUR"
		return row
	}
	const pending, approved, rejected = event.ConversionStatus_CONVERSION_STATUS_PENDING, event.ConversionStatus_CONVERSION_STATUS_APPROVED, event.ConversionStatus_CONVERSION_STATUS_REJECTED
	rows := []store.Row{
		clicked, test, convert(5, clicked, "t1", rejected), convert(4, clicked, "t1", approved),
		convert(6, clicked, "", pending), convert(7, test, "t2", approved),
	}
	// What a source that proved itself said stands against what visitors say, earlier or later.
	sale, forged, settled := convert(9, clicked, "t3", approved), convert(10, clicked, "t3", pending), convert(12, clicked, "t4", rejected)
	sale.Event.Caller, settled.Event.Caller = "propeller", "propeller"
	rows = append(rows, convert(8, clicked, "t3", pending), sale, forged, settled, convert(13, clicked, "t4", pending))
	// A retry, or a journal's second copy, of what was said first is no later status.
	first := convert(14, clicked, "t5", pending)
	again := first
	again.Offset = 16
	rows = append(rows, again, convert(15, clicked, "t5", approved), first)
	// Another tenant's source speaks for its own campaign, and not for the click of this one.
	intruder := convert(18, clicked, "t6", rejected)
	intruder.Event.Caller, intruder.Event.CampaignId = "theirs", "other"
	alone := convert(19, clicked, "t7", approved)
	alone.Event.Caller, alone.Event.CampaignId = "theirs", "other"
	rows = append(rows, convert(17, clicked, "t6", approved), intruder, alone)
	// A transaction that is called like a kind is not the conversion without a transaction.
	rows = append(rows, convert(20, clicked, "purchase", approved))
	for range 2 { // loaded twice
		if err := store.InsertDerived(t.Context(), conn, db, rows); err != nil {
			t.Fatal(err)
		}
	}
	found, err := conn.Query(t.Context(), "SELECT txid, status, revenue_micros, campaign_id, ad_id, toUnixTimestamp64Milli(click_time), src_part FROM "+
		store.ConversionsByClick(db, minute, minute.Add(time.Minute))+" ORDER BY txid")
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	type row struct {
		TxID, Status string
		Revenue      int64
		Campaign, Ad string
		ClickTime    int64
		SrcPart      uint32
	}
	var got []row
	for found.Next() {
		var r row
		if err := found.Scan(&r.TxID, &r.Status, &r.Revenue, &r.Campaign, &r.Ad, &r.ClickTime, &r.SrcPart); err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	at := clicked.Event.Timestamp
	want := []row{
		{"", "Pending", 6_000_000, "c", "a", at, uint32(part)},
		{"purchase", "Approved", 20_000_000, "c", "a", at, uint32(part)},
		{"t1", "Rejected", 5_000_000, "c", "a", at, uint32(part)},
		{"t3", "Approved", 9_000_000, "c", "a", at, uint32(part)},
		{"t4", "Rejected", 12_000_000, "c", "a", at, uint32(part)},
		{"t5", "Approved", 15_000_000, "c", "a", at, uint32(part)},
		{"t6", "Approved", 17_000_000, "c", "a", at, uint32(part)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("conversions (-want +got):\n%s", diff)
	}
}
