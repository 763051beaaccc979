package event

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// micros is the unit of all stored money: a millionth of the currency's unit.
const micros = 1_000_000

// MaxMicros bounds one amount: a billion of the currency's unit.
const MaxMicros = 1_000_000_000 * micros

// MaxCostMicros bounds what a source charges for one click. A visitor can write it into a link, so it
// is kept low enough for tens of millions of such clicks to add up in 64 bits.
const MaxCostMicros = 100_000 * micros

// ErrMoney says that a text is not an amount.
var ErrMoney = errors.New(`not an amount: write digits with at most 6 decimals, like "0.50"`)

// ParseMoney reads a decimal amount, not negative, with at most 6 decimals, into micros. Nothing is
// ever rounded.
func ParseMoney(s string) (int64, error) {
	whole, fraction, dotted := strings.Cut(s, ".")
	if len(whole) == 0 || len(whole) > 10 || !digits(whole) || dotted && (len(fraction) == 0 || len(fraction) > 6 || !digits(fraction)) {
		return 0, fmt.Errorf("%w: %q", ErrMoney, cut(s))
	}
	w, err := strconv.ParseInt(whole, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %q", ErrMoney, cut(s))
	}
	f := int64(0)
	if dotted {
		f, _ = strconv.ParseInt((fraction + "000000")[:6], 10, 64) // six digits by the check above
	}
	total := w*micros + f
	if total > MaxMicros {
		return 0, fmt.Errorf("%w: %q is above %d", ErrMoney, cut(s), int64(MaxMicros/micros))
	}
	return total, nil
}

// FormatMicros writes micros as a decimal with 2 to 6 places: 500000 is "0.50".
func FormatMicros(m int64) string {
	sign := ""
	magnitude := uint64(m)
	if m < 0 {
		sign, magnitude = "-", -magnitude
	}
	fraction := fmt.Sprintf("%06d", magnitude%micros)
	for len(fraction) > 2 && fraction[len(fraction)-1] == '0' {
		fraction = fraction[:len(fraction)-1]
	}
	return sign + strconv.FormatUint(magnitude/micros, 10) + "." + fraction
}

// ValidCurrency says whether s has the form of an ISO 4217 code.
func ValidCurrency(s string) bool {
	return len(s) == 3 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z' && s[2] >= 'A' && s[2] <= 'Z'
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func cut(s string) string {
	if len(s) > 32 {
		return s[:32] + "..."
	}
	return s
}
