// Package bench measures what an event costs: CPU time of this process beside a reference in the
// same run, interleaved, several rounds (design 9). `make bench-aggregate` and `make bench-peers` run it.
package bench

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
)

// Make-up of the traffic: what a mid-sized ad network sends.
const (
	ads          = 20_000
	campaigns    = 400
	advertisers  = 80
	publishers   = 300
	places       = 6    // publishers that show one ad
	boots        = 8    // trackers
	foreignShare = 0.03 // stated by a traffic source's server
	copyShare    = 0.015
	copyWindow   = 4096      // a copy comes at most that many records after its event
	perMinute    = 1_000_000 // events
)

// Traffic makes records as trackers write them, the same for the same seed.
type Traffic struct {
	rng      *rand.Rand
	zipf     *rand.Zipf
	country  *rand.Zipf
	partOf   uint32
	gen      uint32
	start    time.Time
	made     int
	copies   int
	counters [boots][]uint32
	bootIDs  [boots]uint64
	recent   []Record
}

// Record is one encoded event with its place.
type Record struct {
	Partition uint32
	Ad        string
	Time      time.Time
	Value     []byte
}

// NewTraffic plans records from start on, a million a minute, over partitions of a generation.
func NewTraffic(seed uint64, start time.Time, generation, partitions uint32) *Traffic {
	rng := rand.New(rand.NewPCG(seed, 0))
	t := &Traffic{
		rng: rng, zipf: rand.NewZipf(rng, 1.1, 4, ads-1), country: rand.NewZipf(rng, 1.4, 2, uint64(len(countries)-1)),
		partOf: partitions, gen: generation, start: start,
	}
	for i := range t.counters {
		t.counters[i], t.bootIDs[i] = make([]uint32, partitions), rng.Uint64()
	}
	return t
}

// Span is how long so many events take.
func Span(events int) time.Duration {
	return time.Duration(events) * time.Minute / perMinute
}

// Next is the next record of the log: a new event or, for one in seventy, the same bytes again.
func (t *Traffic) Next() (Record, error) {
	if len(t.recent) == copyWindow && t.rng.Float64() < copyShare {
		t.made, t.copies = t.made+1, t.copies+1
		return t.recent[t.rng.IntN(copyWindow)], nil
	}
	at := t.start.Add(Span(t.made))
	at = at.Add(-time.Duration(t.rng.IntN(800)) * time.Millisecond).Truncate(time.Millisecond)
	e := t.event(at.UnixMilli())
	value, err := event.Append(nil, e)
	if err != nil {
		return Record{}, err
	}
	record := Record{Partition: event.SrcPart(e.SrcPart).Partition(), Ad: e.AdId, Time: at, Value: value}
	if len(t.recent) < copyWindow {
		t.recent = append(t.recent, record)
	} else {
		t.recent[t.made%copyWindow] = record
	}
	t.made++
	return record, nil
}

// Distinct is the number of events so far, copies counted once.
func (t *Traffic) Distinct() int { return t.made - t.copies }

func (t *Traffic) event(ms int64) *event.Event {
	ad := int(t.zipf.Uint64())
	campaign := ad % campaigns
	visitor := t.rng.IntN(2_000_000)
	place := countries[t.country.Uint64()]
	agent := agents[t.rng.IntN(len(agents))]
	e := &event.Event{
		Timestamp: ms, Accepted: ms + int64(t.rng.IntN(3)), Tracker: "ads/edge-" + place.region[:1],
		CampaignId: fmt.Sprintf("spring-sale-%d", campaign), AdvertiserId: fmt.Sprintf("advertiser-%d", campaign%advertisers),
		AdId: fmt.Sprintf("banner-%d-300x250", ad), PublisherId: fmt.Sprintf("pub-%d", (7*ad+t.rng.IntN(places))%publishers),
		TsId: sources[campaign%len(sources)], Named: event.NamedAd | event.NamedSource,
		UserId: hashed("user", visitor), DeviceId: hashed("device", visitor), IpAddress: address(visitor),
		UserAgent: agent.text, DeviceType: agent.device, Os: agent.os, Browser: agent.browser,
		Language: place.language, Country: place.country, Region: place.region, City: place.city,
		Referer: fmt.Sprintf("https://news-%d.example.org/story/%d", visitor%97, visitor%5000), Source: "feed-" + place.language,
		Disposition: event.Disposition_DISPOSITION_ROUTED,
	}
	switch n := t.rng.IntN(100); {
	case n < 70:
		e.EventType = event.EventType_EVENT_TYPE_IMPRESSION
	case n < 90:
		t.click(e, visitor)
	case n < 97:
		e.EventType = event.EventType_EVENT_TYPE_PAGE_VIEW
		e.ClickId = t.earlier(e)
	case n < 99:
		e.EventType, e.ClickId = event.EventType_EVENT_TYPE_CONVERSION, t.earlier(e)
		e.Txid, e.ConversionKind = fmt.Sprintf("order-%d", t.made), "purchase"
		e.ConversionStatus, e.RevenueMicros, e.RevenueCurrency = event.ConversionStatus_CONVERSION_STATUS_APPROVED, 25_000_000, "EUR"
	default:
		e.EventType, e.ClickId = event.EventType_EVENT_TYPE_BOUNCE, t.earlier(e)
	}
	t.identify(e)
	return e
}

func (t *Traffic) click(e *event.Event, visitor int) {
	e.EventType = event.EventType_EVENT_TYPE_CLICK
	e.ClickPosition, e.LpId, e.OfferId, e.Rule = uint32(t.rng.IntN(5)), "lp-main", fmt.Sprintf("offer-%d", t.rng.IntN(3)), "default"
	e.ExternalId = fmt.Sprintf("%016x", t.rng.Uint64())
	e.Subs = []string{"placement-" + e.PublisherId, fmt.Sprintf("creative-%d", visitor%50)}
	e.Destination = "https://shop.example.org/spring?campaign=" + e.CampaignId + "&clickid=0190f1c2-7d3a-8001-8000-000000000001"
	e.PriceMicros, e.PriceCurrency, e.CostMicros, e.CostCurrency = 120_000, "EUR", 80_000, "EUR"
	window := func(count uint32) []*event.WindowCount { return []*event.WindowCount{{WindowS: 3600, Count: count}} }
	e.Signals = &event.Signals{
		IpClicks: window(uint32(1 + t.rng.IntN(3))), DeviceClicks: window(uint32(1 + t.rng.IntN(2))),
		ImpressionToClickMs: new(uint32(900 + t.rng.IntN(20_000))), UserAgentClass: event.UserAgentClass_USER_AGENT_CLASS_BROWSER,
	}
	e.Verdict = &event.Verdict{
		Status: event.Status_STATUS_VALID, PolicyDigest: hashed("policy", 1), CampaignGeneration: 3, CatalogOffset: 41_000,
		ListVersion: "2026-11-20",
	}
	if n := t.rng.IntN(100); n < 12 {
		e.Verdict.Status, e.Verdict.Score = event.Status_STATUS_SUSPICIOUS, 45
		e.Verdict.Reasons = []*event.ReasonPoints{{Reason: event.Reason_REASON_CLICK_TOO_FAST, Points: 45, Counted: 45}}
		if n < 4 {
			e.Verdict.Status, e.Verdict.Score = event.Status_STATUS_FRAUDULENT, 90
			e.Verdict.Reasons = append(e.Verdict.Reasons, &event.ReasonPoints{Reason: event.Reason_REASON_IP_DATACENTER, Points: 45, Counted: 45})
		}
	}
}

// identify gives the event its place, its counter and its id.
func (t *Traffic) identify(e *event.Event) {
	boot := t.rng.IntN(boots)
	partition := event.PartitionOf(e.AdId, e.UserId, nil, t.partOf)
	counter := &t.counters[boot][partition]
	*counter++
	e.BootId, e.SrcPart, e.Counter, e.Settled = t.bootIDs[boot], uint32(event.NewSrcPart(t.gen, partition)), uint64(*counter), uint64(max(*counter, 100)-100)
	if t.rng.Float64() < foreignShare {
		e.Origin, e.Caller, e.EventId = event.Origin_ORIGIN_FOREIGN, e.TsId, fmt.Appendf(nil, "srv-%d-%d", t.made, visitorSalt)
		return
	}
	id := event.NewID(e.Timestamp, partition, e.BootId, *counter)
	e.Origin, e.EventId = event.Origin_ORIGIN_OWN, id[:]
}

const visitorSalt = 7919

// earlier is the id of some click of the last minutes: conversions and page views follow one.
func (t *Traffic) earlier(e *event.Event) []byte {
	partition := event.PartitionOf(e.AdId, e.UserId, nil, t.partOf)
	id := event.NewID(e.Timestamp-int64(t.rng.IntN(300_000)), partition, t.bootIDs[t.rng.IntN(boots)], t.rng.Uint32N(1<<20))
	return id[:]
}

func hashed(what string, n int) []byte {
	sum := sha256.Sum256(binary.LittleEndian.AppendUint64([]byte(what), uint64(n)))
	return sum[:16]
}

// address is of a range that no one owns; one in eight is IPv6.
func address(visitor int) []byte {
	if visitor%8 == 0 {
		b := append([]byte{0x20, 0x01, 0x0d, 0xb8}, make([]byte, 12)...)
		binary.BigEndian.PutUint32(b[4:], uint32(visitor))
		b[15] = 1
		return b
	}
	return []byte{198, 18 + byte(visitor>>16&1), byte(visitor >> 8), byte(visitor)}
}
