package seal

import (
	"math/big"
	"slices"
	"strings"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/store"
)

// Figures are what a report shows of one line, or of several with one currency: gross is general and sophisticated
// invalid traffic and net. In adjustments all may be negative.
type Figures struct {
	Gross, General, Sophisticated, Net Figure
	Billed                             Figure // clicks of the billable statuses
}

// Figure is a number of clicks and their price in micros of one currency.
type Figure struct {
	Clicks int64
	Micros *big.Int
}

func (f *Figure) add(clicks int64, micros *big.Int) {
	if f.Micros == nil {
		f.Micros = new(big.Int)
	}
	f.Clicks += clicks
	f.Micros.Add(f.Micros, micros)
}

// Amount is the price as a decimal with 2 to 6 places.
func (f *Figure) Amount() string {
	if f.Micros == nil {
		return event.FormatMicros(0)
	}
	if f.Micros.IsInt64() {
		return event.FormatMicros(f.Micros.Int64())
	}
	whole, rest := new(big.Int).QuoRem(f.Micros, big.NewInt(1_000_000), new(big.Int))
	_, fraction, _ := strings.Cut(event.FormatMicros(rest.Abs(rest).Int64()), ".")
	return whole.String() + "." + fraction
}

// statusOf is the status of each bucket's clicks.
var statusOf = [store.Buckets]string{"Valid", "Suspicious", "Suspicious", "Fraudulent", "Fraudulent"}

// FiguresOf adds up lines of one currency.
func FiguresOf(billable []string, lines ...store.BillLine) Figures {
	var f Figures
	for i := range lines {
		for b := range store.Buckets {
			clicks, micros := lines[i].Clicks[b], lines[i].Micros[b]
			f.Gross.add(clicks, micros)
			switch store.Bucket(b) {
			case store.Valid:
				f.Net.add(clicks, micros)
			case store.SuspiciousGeneral, store.FraudulentGeneral:
				f.General.add(clicks, micros)
			default:
				f.Sophisticated.add(clicks, micros)
			}
			if slices.Contains(billable, statusOf[b]) && lines[i].Currency != "" {
				f.Billed.add(clicks, micros)
			}
		}
	}
	return f
}

// ByCurrency parts lines by currency; amounts of different ones are never added up.
func ByCurrency(lines []store.BillLine) map[string][]store.BillLine {
	parts := map[string][]store.BillLine{}
	for _, l := range lines {
		parts[l.Currency] = append(parts[l.Currency], l)
	}
	return parts
}
