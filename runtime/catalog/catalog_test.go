package catalog

import (
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

func campaign(id, url string, trackers ...string) *catalogpb.Record {
	record := &catalogpb.Record{Generation: 1, Body: &catalogpb.Record_Campaign{Campaign: &catalogpb.Campaign{
		Id: id, Namespace: "a", Name: id, OfferPageUrl: url, Trackers: trackers,
	}}}
	SetDigest(record)
	return record
}

func drawChange(t *rapid.T, offset int64) Change {
	id := rapid.SampledFrom([]string{"x", "y"}).Draw(t, "id")
	good := rapid.IntRange(0, 4).Draw(t, "good") > 0
	url := "https://shop.example.org/" + rapid.SampledFrom([]string{"1", "2"}).Draw(t, "url")
	if !good {
		url = "broken"
	}
	kind := rapid.SampledFrom([]string{"campaign", "released", "policy", "source", "tracker", "generation", "pipeline", "tombstone", "undecodable", "wrong key"}).Draw(t, "kind")
	record := &catalogpb.Record{Generation: offset}
	switch kind {
	case "campaign":
		record = campaign(id, url)
	case "released":
		record.Body = &catalogpb.Record_Released{Released: &catalogpb.Released{Id: id, Namespace: "a"}}
	case "policy":
		cidr := map[bool]string{true: "10.0.0.0/8", false: "10.0.0.0"}[good]
		record.Body = &catalogpb.Record_Policy{Policy: &catalogpb.Policy{Namespace: "a", Name: id, Deny: []*catalogpb.Entry{{Cidr: cidr}}}}
	case "source":
		record.Body = &catalogpb.Record_Source{Source: &catalogpb.Source{Namespace: "a", Id: id}}
	case "tracker":
		record.Body = &catalogpb.Record_Tracker{Tracker: &catalogpb.Tracker{Namespace: "a", Name: id, FallbackUrl: url}}
	case "generation":
		n := uint32(rapid.IntRange(1, 3).Draw(t, "number"))
		record.Body = &catalogpb.Record_GenerationRecord{GenerationRecord: &catalogpb.Generation{Number: n, Topic: "t", Partitions: 1, StartMs: int64(n) * 1000}}
	case "pipeline":
		record.Body = &catalogpb.Record_Pipeline{Pipeline: &catalogpb.Pipeline{Epoch: uint32(offset)}}
	case "tombstone":
		keys := []string{CampaignKey(id), PolicyKey("a", id), SourceKey("a", id), TrackerKey("a", id), GenerationKey(1), PipelineKey}
		return Tombstone(rapid.SampledFrom(keys).Draw(t, "key"), offset)
	case "undecodable":
		return Change{Key: CampaignKey(id), Err: errors.New("bad bytes"), Offset: offset}
	case "wrong key":
		return Change{Key: CampaignKey("z"), Record: campaign(id, url), Offset: offset}
	}
	return Put(record, offset)
}

func TestWithInBatchesEqualsNew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var changes []Change
		for i := range rapid.IntRange(0, 40).Draw(t, "changes") {
			changes = append(changes, drawChange(t, int64(i)))
		}
		full := New(changes)
		incremental := New(nil)
		for rest := changes; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "batch")
			before, held := incremental, describe(incremental)
			incremental = incremental.With(rest[:n])
			if diff := cmp.Diff(held, describe(before)); diff != "" {
				t.Fatalf("With changed the catalog it was called on:\n%s", diff)
			}
			rest = rest[n:]
		}
		if diff := cmp.Diff(describe(full), describe(incremental)); diff != "" {
			t.Fatalf("batches differ from all at once:\n%s", diff)
		}
		// And both are what a plain map of the last good record per key says.
		want := map[string]*catalogpb.Record{}
		for _, ch := range changes {
			switch bad := ch.Err != nil || ch.Record != nil && (KeyOf(ch.Record) != ch.Key || New([]Change{ch}).Changes() == nil); {
			case ch.Record == nil && ch.Err == nil:
				delete(want, ch.Key)
			case !bad && len(New([]Change{ch}).Rejected()) == 0:
				want[ch.Key] = ch.Record
			}
		}
		got := maps.Collect(full.Records())
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
			t.Fatalf("catalog holds other records than the log (-log +catalog):\n%s", diff)
		}
	})
}

// describe is all that a reader can see.
func describe(c *Catalog) []string {
	lines := []string{fmt.Sprint("offset ", c.Offset()), fmt.Sprint("rejected ", c.Rejected())}
	for _, ch := range c.Changes() {
		lines = append(lines, fmt.Sprintf("%s %d %v", ch.Key, ch.Offset, ch.Record))
	}
	for _, id := range []string{"x", "y", "z"} {
		ns, released := c.Released(id)
		lines = append(lines, fmt.Sprint(id, ns, released, c.Campaign(id) != nil, c.Policy("a/"+id) != nil, c.Source("a", id) != nil, c.Tracker("a/"+id) != nil))
		if campaign := c.Campaign(id); campaign != nil {
			lines = append(lines, campaign.OfferPage.String())
		}
	}
	for _, ms := range []int64{0, 1000, 2500, 9999} {
		lines = append(lines, fmt.Sprint("generation at ", ms, c.GenerationAt(ms).GetNumber()))
	}
	return lines
}

func TestGenerationAt(t *testing.T) {
	c := New(nil)
	if c.GenerationAt(5) != nil || c.Generations().At(5) != nil {
		t.Error("a catalog without generations has one")
	}
	for n, start := range map[uint32]int64{1: 0, 2: 1000, 3: 2000} {
		c = c.With([]Change{Put(&catalogpb.Record{Body: &catalogpb.Record_GenerationRecord{
			GenerationRecord: &catalogpb.Generation{Number: n, Topic: "t", Partitions: 4, StartMs: start},
		}}, int64(n))})
	}
	for ms, want := range map[int64]uint32{-5: 1, 0: 1, 999: 1, 1000: 2, 1999: 2, 2000: 3, 1 << 40: 3} {
		if got := c.GenerationAt(ms).GetNumber(); got != want {
			t.Errorf("at %d ms: generation %d, want %d", ms, got, want)
		}
		if got := c.Generations().At(ms).GetNumber(); got != want {
			t.Errorf("at %d ms the list says generation %d, want %d", ms, got, want)
		}
	}
}

func TestDecode(t *testing.T) {
	record := campaign("x", "https://shop.example.org/")
	record.Needs = 2
	encoded, err := record.MarshalVT()
	if err != nil {
		t.Fatal(err)
	}
	if ch := Decode("campaign/x", encoded, 7, 1); ch.Err == nil {
		t.Error("a record that needs level 2 is loaded at level 1")
	}
	if ch := Decode("campaign/x", encoded, 7, 2); ch.Err != nil || ch.Record.GetCampaign().GetId() != "x" || ch.Offset != 7 {
		t.Errorf("at level 2: %+v", ch)
	}
	if ch := Decode("campaign/x", []byte{0xff}, 7, 2); ch.Err == nil {
		t.Error("bad bytes are loaded")
	}
	if ch := Decode("campaign/x", nil, 7, 1); ch.Err != nil || ch.Record != nil {
		t.Errorf("a tombstone came back as %+v", ch)
	}
}

func FuzzDecode(f *testing.F) {
	encoded, _ := campaign("x", "https://shop.example.org/{clickid}").MarshalVT()
	f.Add("campaign/x", encoded)
	f.Add("pipeline", []byte{})
	f.Fuzz(func(t *testing.T, key string, value []byte) {
		c := New([]Change{Decode(key, value, 1, Level)})
		if got := len(c.Changes()) + len(c.Rejected()); got > 1 {
			t.Fatalf("one record left %d traces", got)
		}
	})
}

func BenchmarkWithOneOfTenThousand(b *testing.B) {
	var changes []Change
	for i := range 10_000 {
		changes = append(changes, Put(campaign(fmt.Sprint("c-", i), "https://shop.example.org/?ct={clickid}"), int64(i)))
	}
	c := New(changes)
	for b.Loop() {
		c.With(changes[:1])
	}
}

func BenchmarkExpand(b *testing.B) {
	t, err := ParseTemplate("https://shop.example.org/x?ct={clickid}&s={sub1}")
	if err != nil {
		b.Fatal(err)
	}
	values := func(string) (string, bool) { return "AbC_-1AbC_-1AbC_-1", true }
	dst := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		dst = t.Expand(dst[:0], values)
	}
}
