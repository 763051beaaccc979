package seal

import (
	"math/big"
	"testing"

	"github.com/clicktally/clicktally/runtime/store"
)

func line(currency string) store.BillLine {
	l := store.BillLine{BillKey: store.BillKey{Currency: currency}, Clicks: [store.Buckets]int64{10, 4, 3, 2, 1}}
	for i, n := range l.Clicks {
		l.Micros[i] = big.NewInt(n * 400_000)
	}
	return l
}

func TestFigures(t *testing.T) {
	f := FiguresOf([]string{"Suspicious", "Valid"}, line("USD"), line("USD"))
	for what, test := range map[string]struct {
		got    Figure
		clicks int64
		amount string
	}{
		"gross is everything":         {f.Gross, 40, "16.00"},
		"general":                     {f.General, 12, "4.80"},
		"sophisticated":               {f.Sophisticated, 8, "3.20"},
		"net is what is left":         {f.Net, 20, "8.00"},
		"billed: valid and suspected": {f.Billed, 34, "13.60"},
	} {
		if test.got.Clicks != test.clicks || test.got.Amount() != test.amount {
			t.Errorf("%s: %d clicks for %s, want %d for %s", what, test.got.Clicks, test.got.Amount(), test.clicks, test.amount)
		}
	}
	if orphans := FiguresOf([]string{"Valid"}, line("")); orphans.Billed.Clicks != 0 {
		t.Error("clicks without a price were billed")
	}
}

func TestAmountsBeyond64Bits(t *testing.T) {
	for text, want := range map[string]string{
		"123456789012345678901234500000":  "123456789012345678901234.50",
		"-123456789012345678901234500001": "-123456789012345678901234.500001",
		"-500000":                         "-0.50",
		"0":                               "0.00",
	} {
		micros, _ := new(big.Int).SetString(text, 10)
		if got := (&Figure{Micros: micros}).Amount(); got != want {
			t.Errorf("%s micros are %s, want %s", text, got, want)
		}
	}
}

func TestAdjustmentsAreWhatALaterRevisionAdds(t *testing.T) {
	before, after := line("USD"), line("USD")
	after.Clicks[0]--
	after.Micros[0] = big.NewInt(9 * 400_000)
	euro := line("EUR")
	got := Adjust([]store.BillLine{before}, []store.BillLine{after, euro})
	if len(got) != 2 || got[0].Currency != "EUR" || got[1].Clicks != [store.Buckets]int64{-1} || got[1].Micros[0].Int64() != -400_000 {
		t.Errorf("%+v", got)
	}
	if again := Adjust([]store.BillLine{before}, []store.BillLine{before}); len(again) != 0 {
		t.Errorf("nothing changed, and %+v is adjusted", again)
	}
}
