package bench

import (
	"encoding/json"
	"io"
	"testing"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
)

// decoding compares the record's protobuf with its JSON form, read by the standard library.
func decoding(t *testing.T, events, rounds int, out io.Writer) {
	traffic := NewTraffic(1, time.Now(), generation, partitions)
	records, texts := make([][]byte, events), make([][]byte, events)
	var decoder event.Decoder
	for i := range records {
		record, err := traffic.Next()
		if err != nil {
			t.Fatal(err)
		}
		e, err := decoder.Decode(record.Value)
		if err != nil {
			t.Fatal(err)
		}
		records[i], texts[i] = record.Value, event.AppendJSON(nil, e)
	}
	ours, reference := Series{Name: "protobuf"}, Series{Name: "JSON by encoding/json"}
	for range rounds {
		before := OwnCPU()
		for _, record := range records {
			if _, err := decoder.Decode(record); err != nil {
				t.Fatal(err)
			}
		}
		ours.Add(OwnCPU()-before, events)
		before = OwnCPU()
		for _, text := range texts {
			if err := json.Unmarshal(text, new(event.View)); err != nil {
				t.Fatal(err)
			}
		}
		reference.Add(OwnCPU()-before, events)
	}
	Result(out, "decode", &ours, &reference)
}
