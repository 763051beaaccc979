package event

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// MoneyText is an amount as it stands in JSON: a decimal string and an ISO 4217 currency.
type MoneyText struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// Micros reads the amount; the error says which half is wrong.
func (m MoneyText) Micros() (int64, error) {
	if !ValidCurrency(m.Currency) {
		return 0, fmt.Errorf("currency %q is not three capital letters (ISO 4217)", cut(m.Currency))
	}
	return ParseMoney(m.Amount)
}

// Input is what a caller may state about one event in JSON. Everything else is ours: time (unless
// the id is foreign), verdict, advertiser, price. Fields marked server are taken only from a caller
// that proved itself as a traffic source.
type Input struct {
	EventType   string `json:"event_type"`
	EventID     string `json:"event_id,omitempty"`  // foreign, 1..64 bytes; needs timestamp
	Timestamp   int64  `json:"timestamp,omitempty"` // ms since the epoch; only with event_id
	CampaignID  string `json:"campaign_id"`
	AdID        string `json:"ad_id,omitempty"`
	PublisherID string `json:"publisher_id,omitempty"`
	TsID        string `json:"ts_id,omitempty"`
	UserID      string `json:"user_id,omitempty"`
	DeviceID    string `json:"device_id,omitempty"`

	ClickID          string `json:"click_id,omitempty"` // public click id of the click this follows
	TxID             string `json:"txid,omitempty"`
	ConversionKind   string `json:"conversion_kind,omitempty"`   // lead, purchase
	ConversionStatus string `json:"conversion_status,omitempty"` // server

	Revenue   *MoneyText `json:"revenue,omitempty"`    // server
	Cost      *MoneyText `json:"cost,omitempty"`       // server
	IPAddress string     `json:"ip_address,omitempty"` // server
	UserAgent string     `json:"user_agent,omitempty"` // server

	ExternalID    string `json:"external_id,omitempty"`
	Referer       string `json:"referer,omitempty"`
	Language      string `json:"language,omitempty"`
	Source        string `json:"source,omitempty"`
	Metadata      string `json:"metadata,omitempty"`
	ClickPosition uint32 `json:"click_position,omitempty"`
	LpID          string `json:"lp_id,omitempty"`
	OfferID       string `json:"offer_id,omitempty"`

	Subs
}

// Subs are sub1..sub20 in JSON.
type Subs struct {
	Sub1  string `json:"sub1,omitempty"`
	Sub2  string `json:"sub2,omitempty"`
	Sub3  string `json:"sub3,omitempty"`
	Sub4  string `json:"sub4,omitempty"`
	Sub5  string `json:"sub5,omitempty"`
	Sub6  string `json:"sub6,omitempty"`
	Sub7  string `json:"sub7,omitempty"`
	Sub8  string `json:"sub8,omitempty"`
	Sub9  string `json:"sub9,omitempty"`
	Sub10 string `json:"sub10,omitempty"`
	Sub11 string `json:"sub11,omitempty"`
	Sub12 string `json:"sub12,omitempty"`
	Sub13 string `json:"sub13,omitempty"`
	Sub14 string `json:"sub14,omitempty"`
	Sub15 string `json:"sub15,omitempty"`
	Sub16 string `json:"sub16,omitempty"`
	Sub17 string `json:"sub17,omitempty"`
	Sub18 string `json:"sub18,omitempty"`
	Sub19 string `json:"sub19,omitempty"`
	Sub20 string `json:"sub20,omitempty"`
}

// List is sub1 up to the last one that is set.
func (s Subs) List() []string {
	all := []string{
		s.Sub1, s.Sub2, s.Sub3, s.Sub4, s.Sub5, s.Sub6, s.Sub7, s.Sub8, s.Sub9, s.Sub10,
		s.Sub11, s.Sub12, s.Sub13, s.Sub14, s.Sub15, s.Sub16, s.Sub17, s.Sub18, s.Sub19, s.Sub20,
	}
	for len(all) > 0 && all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return all
}

// InputError names the field of a JSON input that cannot be taken, and why.
type InputError struct {
	Field  string // empty when the document itself is wrong
	Reason string
}

func (e *InputError) Error() string {
	if e.Field == "" {
		return e.Reason
	}
	return e.Field + ": " + e.Reason
}

// ParseInput reads one JSON object strictly: an unknown field, a wrong type and anything behind the
// object are errors of type *InputError.
func ParseInput(body []byte) (*Input, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	in := &Input{}
	if err := decoder.Decode(in); err != nil {
		return nil, inputError(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, &InputError{Reason: "more than one JSON value"}
	}
	return in, nil
}

func inputError(err error) *InputError {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return &InputError{Field: wrong.Field, Reason: "must be a " + wrong.Type.String() + ", not a " + wrong.Value}
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return &InputError{Field: strings.Trim(name, `"`), Reason: "unknown field"}
	}
	return &InputError{Reason: "not a JSON object: " + err.Error()}
}
