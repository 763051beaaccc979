package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Counts are the figures of one minute row, or of a sum of rows: each identity once, duplicates apart.
type Counts struct {
	Impressions, PageViews, ClickThroughs, Bounces, Conversions uint64
	// Routed and orphan clicks by status; gross is their sum.
	ClicksValid, ClicksSuspicious, ClicksFraudulent uint64
	// Never billed and not in gross.
	ClicksTest, ClicksClosed uint64
	// Copies beyond the first: of clicks, and of any type.
	ClicksDuplicate, Duplicates uint64
	// Money by currency, sorted; currencies are never added up.
	Money []Money
}

// Money holds amounts in micros of one currency, of Routed clicks only.
type Money struct {
	Currency                                           string
	SpendValid, SpendSuspicious, SpendFraudulent, Cost int64
}

// Gross is every click that counts: valid, suspicious and fraudulent.
func (c *Counts) Gross() uint64 { return c.ClicksValid + c.ClicksSuspicious + c.ClicksFraudulent }

// In returns the amounts of one currency, to be added to.
func (c *Counts) In(currency string) *Money {
	if len(c.Money) > 0 && c.Money[0].Currency == currency {
		return &c.Money[0] // most have one
	}
	i, found := slices.BinarySearchFunc(c.Money, currency, func(m Money, cur string) int { return cmp.Compare(m.Currency, cur) })
	if !found {
		c.Money = slices.Insert(c.Money, i, Money{Currency: currency})
	}
	return &c.Money[i]
}

// Add adds other to c.
func (c *Counts) Add(other *Counts) {
	to, from := c.fields(), other.fields()
	for i := range to {
		*to[i] += *from[i]
	}
	for _, m := range other.Money {
		sum := c.In(m.Currency)
		sum.SpendValid += m.SpendValid
		sum.SpendSuspicious += m.SpendSuspicious
		sum.SpendFraudulent += m.SpendFraudulent
		sum.Cost += m.Cost
	}
}

// fields fixes the order in Redis. A new one goes to the end.
func (c *Counts) fields() [12]*uint64 {
	return [12]*uint64{
		&c.Impressions, &c.PageViews, &c.ClickThroughs, &c.Bounces, &c.Conversions,
		&c.ClicksValid, &c.ClicksSuspicious, &c.ClicksFraudulent, &c.ClicksTest, &c.ClicksClosed,
		&c.ClicksDuplicate, &c.Duplicates,
	}
}

// verDigits is the width of the hexadecimal ver that a live value begins with, so that the script
// compares versions as text.
const verDigits = 16

// appendLive encodes a live value: ver, the counters in order, then currency:valid:suspicious:fraudulent:cost.
func (c *Counts) appendLive(dst []byte, ver uint64) []byte {
	for shift := 4 * (verDigits - 1); shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[ver>>shift&0xf])
	}
	for _, field := range c.fields() {
		dst = strconv.AppendUint(append(dst, ' '), *field, 10)
	}
	for _, m := range c.Money {
		dst = append(append(dst, ' '), m.Currency...)
		for _, amount := range [...]int64{m.SpendValid, m.SpendSuspicious, m.SpendFraudulent, m.Cost} {
			dst = strconv.AppendInt(append(dst, ':'), amount, 10)
		}
	}
	return dst
}

var errLive = errors.New("not a live value")

// addLive decodes a live value and adds it to c. Counters that a newer writer appended are refused.
func (c *Counts) addLive(value string) error {
	if len(value) < verDigits {
		return errLive
	}
	words := strings.Fields(value[verDigits:])
	var one Counts
	fields := one.fields()
	if len(words) < len(fields) {
		return errLive
	}
	for i, field := range fields {
		n, err := strconv.ParseUint(words[i], 10, 64)
		if err != nil {
			return fmt.Errorf("%w: %w", errLive, err)
		}
		*field = n
	}
	for _, word := range words[len(fields):] {
		m, err := parseMoney(word)
		if err != nil {
			return err
		}
		*one.In(m.Currency) = m
	}
	c.Add(&one)
	return nil
}

func parseMoney(word string) (Money, error) {
	parts := strings.Split(word, ":")
	if len(parts) != 5 {
		return Money{}, errLive
	}
	m := Money{Currency: parts[0]}
	for i, amount := range []*int64{&m.SpendValid, &m.SpendSuspicious, &m.SpendFraudulent, &m.Cost} {
		n, err := strconv.ParseInt(parts[i+1], 10, 64)
		if err != nil {
			return Money{}, fmt.Errorf("%w: %w", errLive, err)
		}
		*amount = n
	}
	return m, nil
}
