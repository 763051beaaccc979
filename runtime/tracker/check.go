package tracker

import (
	"strconv"
	"time"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/problem"
	"github.com/clicktally/clicktally/runtime/tracker/link"
)

// maxTxID bounds a transaction id in bytes.
const maxTxID = 128

// checkInput refuses ids and texts that a link would merely lose: a program can be told.
func checkInput(in *event.Input) *problem.Problem {
	if in.CampaignID == "" {
		return problem.BadParameter("campaign_id", "missing: every event belongs to a campaign")
	}
	for _, id := range [...]struct{ name, value string }{
		{"campaign_id", in.CampaignID},
		{"ad_id", in.AdID},
		{"publisher_id", in.PublisherID},
		{"ts_id", in.TsID},
		{"lp_id", in.LpID},
		{"offer_id", in.OfferID},
	} {
		if id.value != "" && !event.ValidID(id.value) {
			return problem.BadParameter(id.name, badID)
		}
	}
	for _, text := range [...]struct {
		name, value string
		limit       int
	}{
		{"user_id", in.UserID, link.MaxStated},
		{"device_id", in.DeviceID, link.MaxStated},
		{"external_id", in.ExternalID, link.MaxStated},
		{"txid", in.TxID, maxTxID},
		{"source", in.Source, event.MaxSub},
		{"metadata", in.Metadata, event.MaxMetadata},
		{"referer", in.Referer, event.MaxReferer},
		{"language", in.Language, event.MaxLanguage},
		{"user_agent", in.UserAgent, event.MaxUserAgent},
	} {
		if !event.ValidText(text.value, text.limit) {
			return problem.BadParameter(text.name, badText(text.limit))
		}
	}
	for i, sub := range in.List() {
		if !event.ValidText(sub, event.MaxSub) {
			return problem.BadParameter("sub"+strconv.Itoa(i+1), badText(event.MaxSub))
		}
	}
	return nil
}

// followed is the own click that the event follows. A conversion and a click_through need one; one
// that is stated must be good.
func (t *Tracker) followed(in *event.Input, kind event.EventType) ([]byte, *problem.Problem) {
	if in.ClickID == "" {
		if kind == event.EventType_EVENT_TYPE_CONVERSION || kind == event.EventType_EVENT_TYPE_CLICK_THROUGH {
			return nil, problem.BadParameter("click_id", "missing: a "+kind.Name()+" belongs to a click; send what {clickid} gave")
		}
		return nil, nil
	}
	id, err := t.signer.Parse(in.ClickID)
	if err != nil {
		return nil, problem.BadParameter("click_id", err.Error())
	}
	return id[:], nil
}

// conversion is what a conversion adds to its event.
type conversion struct {
	kind, txid string
	status     event.ConversionStatus
	revenue    int64
	currency   string
}

// conversionOf reads it: a visitor's stays Pending and carries no money.
func conversionOf(in *event.Input, kind event.EventType, from caller) (conversion, *problem.Problem) {
	if kind != event.EventType_EVENT_TYPE_CONVERSION {
		for _, stated := range [...]struct {
			name string
			set  bool
		}{
			{"txid", in.TxID != ""},
			{"conversion_kind", in.ConversionKind != ""},
			{"conversion_status", in.ConversionStatus != ""},
			{"revenue", in.Revenue != nil},
		} {
			if stated.set {
				return conversion{}, problem.BadParameter(stated.name, "belongs to a conversion, not to a "+kind.Name())
			}
		}
		return conversion{}, nil
	}
	c := conversion{kind: in.ConversionKind, txid: in.TxID, status: event.ConversionStatus_CONVERSION_STATUS_PENDING}
	switch c.kind {
	case "", "lead", "purchase":
	default:
		return c, problem.BadParameter("conversion_kind", "lead or purchase")
	}
	if from.visitor() {
		return c, nil
	}
	if in.ConversionStatus != "" {
		status, ok := event.ParseConversionStatus(in.ConversionStatus)
		if !ok {
			return c, problem.BadParameter("conversion_status", "Pending, Approved or Rejected")
		}
		c.status = status
	}
	if in.Revenue != nil {
		micros, err := in.Revenue.Micros()
		if err != nil {
			return c, problem.BadParameter("revenue", err.Error())
		}
		c.revenue, c.currency = micros, in.Revenue.Currency
	}
	return c, nil
}

func (c conversion) stamp(e *event.Event) {
	e.ConversionKind, e.Txid, e.ConversionStatus = c.kind, c.txid, c.status
	e.RevenueMicros, e.RevenueCurrency = c.revenue, c.currency
}

func ms(n int64) string { return (time.Duration(n) * time.Millisecond).String() }
