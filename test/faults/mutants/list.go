package main

import "strings"

// mutant is one way to break ClickTally, and the cheapest test that must notice.
type mutant struct {
	name    string
	edits   []edit
	catcher []string // a command, run in the broken tree
}

// edit replaces one piece of text of a file.
type edit struct{ file, old, becomes string }

func test(pkg, name string, more ...string) []string {
	return append([]string{"go", "test", "-count=1", "-run", "^" + strings.ReplaceAll(name, "/", "$/^") + "$", pkg}, more...)
}

// harness runs one fault on the broken tree.
func harness(fault string) []string {
	return []string{"go", "run", "./test/faults", "-fault", fault, "-seed", "1"}
}

var mutants = []mutant{
	{
		name:    "version check removed in the Redis script",
		edits:   []edit{{"runtime/store/live.lua", "if not held or string.sub(held, 1, 16) < string.sub(ARGV[i + 1], 1, 16) then", "if true then"}},
		catcher: test("./runtime/store", "TestLiveCountersOnEveryKindOfRedis/one_server"),
	},
	{
		name: "manifest written before its blocks",
		edits: []edit{
			{"runtime/aggregate/flush.go", `	if len(b.dead) > 0 {`, `	early := make([]store.Manifest, 0, len(b.spans))
	for _, m := range b.manifests(now) {
		early = append(early, *m)
	}
	if err := w.effect("manifest", func() error { return store.InsertManifests(ctx, ch, db, early) }); err != nil {
		return nil, err
	}
	if len(b.dead) > 0 {`},
		},
		catcher: test("./test/oracle", "TestCountsEqualTheOracle", "-cases", "12", "-seed", "1"),
	},
	{
		name:    "minute rows without the cut",
		edits:   []edit{{"runtime/store/minutes.sql", " AND e.src_off < c.cut", ""}},
		catcher: test("./runtime/store", "TestAMinuteCountsItsRawBelowTheCut"),
	},
	{
		name: "mark written before its rows",
		edits: []edit{
			{"runtime/aggregate/compute.go", `	err = w.effect("minutes", func() error {`, `	err = w.effect("marks", func() error { return ch.Exec(ctx, store.InsertMarks(db, now, cuts)) })
	if err != nil {
		return nil, err
	}
	err = w.effect("minutes", func() error {`},
			{"runtime/aggregate/compute.go", `	err = w.effect("marks", func() error { return ch.Exec(ctx, store.InsertMarks(db, now, cuts)) })
	if err != nil {
		return nil, fmt.Errorf(`, `	if err != nil {
		return nil, fmt.Errorf(`},
		},
		catcher: test("./test/oracle", "TestCountsEqualTheOracle", "-cases", "2", "-seed", "1"),
	},
	{
		name:    "duplicates taken from row counts",
		edits:   []edit{{"runtime/store/minutes.sql", "FROM {db}.events AS e FINAL", "FROM {db}.events AS e"}},
		catcher: test("./runtime/store", "TestAMinuteCountsItsRawBelowTheCut"),
	},
	{
		name:    "epoch left out of ver",
		edits:   []edit{{"runtime/store/minutes.sql", "bitOr(bitShiftLeft(toUInt64({epoch}), 48), cut) AS new_ver", "toUInt64(cut) AS new_ver"}},
		catcher: test("./test/oracle", "TestOnlyARestateLowersTotals"),
	},
	{
		name:    "foreign identity without time",
		edits:   []edit{{"runtime/event/identity.go", "	buf = binary.AppendVarint(buf, e.Timestamp)\n", ""}},
		catcher: test("./runtime/event", "TestForeignIdentity"),
	},
	{
		name:    "default offset reset",
		edits:   []edit{{"runtime/aggregate/aggregate.go", "kgo.ConsumeResetOffset(kgo.NoResetOffset())", "kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())"}},
		catcher: test("./test/oracle", "TestALogThatIsCutUnderAReaderStops"),
	},
	{
		name: "totals guard off",
		edits: []edit{{"runtime/store/minutes_guarded.sql", `
  AND t.t_events >= k.events AND t.t_impressions >= k.impressions AND t.t_valid >= k.clicks_valid
  AND t.t_suspicious >= k.clicks_suspicious AND t.t_fraudulent >= k.clicks_fraudulent`, ""}},
		catcher: test("./runtime/store", "TestTotalsNeverFall"),
	},
	{
		name: "settled advanced before durability",
		edits: []edit{{"runtime/journal/settle.go", `	low := s.settled.Load()
	if counter != low {`, `	low := max(s.settled.Load(), counter)
	if counter != low {`}},
		catcher: test("./runtime/journal", "TestSettledNeverPassesAnOpenCounter"),
	},
	{
		name:    "8-bit boot_id",
		edits:   []edit{{"runtime/event/id.go", "return binary.LittleEndian.Uint64(b[:])", "return uint64(b[0]) | binary.LittleEndian.Uint64(b[:])&0"}},
		catcher: test("./runtime/event", "TestBootIDsDoNotMeet"),
	},
	{
		name:    "src_part re-used by recover",
		edits:   []edit{{"runtime/aggregate/resume.go", "	p.shift = shift\n", "	p.shift = 0\n"}},
		catcher: test("./test/oracle", "TestRecoverCountsATopicThatWasMadeAgain"),
	},
	{
		name:    "bill sealed after a boot's heartbeat expired",
		edits:   []edit{{"runtime/ledger/boots.go", "		AND boot_id NOT IN (SELECT boot_id FROM `", "		AND 0 AND boot_id NOT IN (SELECT boot_id FROM `"}},
		catcher: test("./runtime/ledger/seal", "TestAPeriodIsNotSealed/after_the_heartbeats_of_a_boot_expired"),
	},
	{
		name:    "bill sealed from rows instead of the catalog",
		edits:   []edit{{"runtime/ledger/seal/seal.go", "return cuts, passed, s.covers(parts, cuts)", "return cuts, passed, nil"}},
		catcher: test("./runtime/ledger/seal", "TestAPeriodIsNotSealed/when_the_check_says_nothing_about_a_partition_of_the_catalog"),
	},
	{
		name:    "acknowledged before the log has it",
		edits:   []edit{{"runtime/journal/client.go", "kgo.RequiredAcks(kgo.AllISRAcks())", "kgo.RequiredAcks(kgo.LeaderAck()), kgo.DisableIdempotentWrite()"}},
		catcher: harness("broker-killed,partial-acks"),
	},
}
