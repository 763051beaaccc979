package event

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func TestAmounts(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "0.5": 500_000, "0.50": 500_000, "12": 12_000_000, "0.000001": 1, "1000000000": MaxMicros,
	} {
		if got, err := ParseMoney(text); err != nil || got != want {
			t.Errorf("%q: got %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", ".5", "5.", "-1", "+1", "1e3", "0.0000001", "1,5", " 1", "1000000000.000001", "99999999999"} {
		if got, err := ParseMoney(text); !errors.Is(err, ErrMoney) {
			t.Errorf("%q was taken as %d (%v)", text, got, err)
		}
	}
	for micros, want := range map[int64]string{0: "0.00", 500_000: "0.50", 1: "0.000001", -1_250_000: "-1.25", 1_234_500: "1.2345"} {
		if got := FormatMicros(micros); got != want {
			t.Errorf("%d: got %q, want %q", micros, got, want)
		}
	}
}

func TestAmountsComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.Int64Range(0, MaxMicros).Draw(t, "micros")
		if got, err := ParseMoney(FormatMicros(want)); err != nil || got != want {
			t.Fatalf("%d: got %d, %v", want, got, err)
		}
	})
}
