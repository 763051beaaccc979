package query

import (
	"maps"
	"slices"

	"github.com/clicktally/clicktally/runtime/event"
)

// amount is money of one currency. Currencies are never added.
type amount struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// amountsOf lists micros by currency, sorted, without those that come to nothing.
func amountsOf(micros map[string]int64) []amount {
	out := []amount{}
	for _, currency := range slices.Sorted(maps.Keys(micros)) {
		if m := micros[currency]; currency != "" && m != 0 {
			out = append(out, amount{event.FormatMicros(m), currency})
		}
	}
	return out
}

// less returns a minus b, currency by currency.
func less(a, b map[string]int64) map[string]int64 {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]int64{}
	}
	for currency, m := range b {
		out[currency] -= m
	}
	return out
}
