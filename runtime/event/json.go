package event

import (
	"encoding/hex"
	"encoding/json"
	"net/netip"
)

// View is an event as JSON shows it, with the field names of requirement A1. It is what exports and
// dead letters hold for people to read; the log itself holds the protobuf record.
type View struct {
	EventID     string `json:"event_id"`
	EventType   string `json:"event_type"`
	Origin      string `json:"origin"`
	Timestamp   int64  `json:"timestamp"`
	Accepted    int64  `json:"accepted"`
	CampaignID  string `json:"campaign_id"`
	Advertiser  string `json:"advertiser_id,omitempty"`
	AdID        string `json:"ad_id,omitempty"`
	PublisherID string `json:"publisher_id,omitempty"`
	TsID        string `json:"ts_id,omitempty"`
	UserID      string `json:"user_id,omitempty"`
	DeviceID    string `json:"device_id,omitempty"`
	IPAddress   string `json:"ip_address,omitempty"`
	UserAgent   string `json:"user_agent,omitempty"`
	DeviceType  string `json:"device_type,omitempty"`
	OS          string `json:"os,omitempty"`
	Browser     string `json:"browser,omitempty"`
	Language    string `json:"language,omitempty"`
	Geo         *Geo   `json:"geo,omitempty"`
	Referer     string `json:"referer,omitempty"`

	Source        string   `json:"source,omitempty"`
	Metadata      string   `json:"metadata,omitempty"`
	ClickPosition uint32   `json:"click_position,omitempty"`
	LpID          string   `json:"lp_id,omitempty"`
	OfferID       string   `json:"offer_id,omitempty"`
	Rule          string   `json:"rule,omitempty"`
	ExternalID    string   `json:"external_id,omitempty"`
	Subs          []string `json:"subs,omitempty"`
	Destination   string   `json:"destination,omitempty"`
	Disposition   string   `json:"disposition,omitempty"`
	ClosedReason  string   `json:"closed_reason,omitempty"`

	Price   *MoneyText `json:"price,omitempty"`
	Cost    *MoneyText `json:"cost,omitempty"`
	Revenue *MoneyText `json:"revenue,omitempty"`

	ClickID          string `json:"click_id,omitempty"`
	TxID             string `json:"txid,omitempty"`
	ConversionKind   string `json:"conversion_kind,omitempty"`
	ConversionStatus string `json:"conversion_status,omitempty"`

	Signals *SignalsView `json:"signals,omitempty"`
	Verdict *VerdictView `json:"verdict,omitempty"`
}

// Geo is where an address lies: ISO 3166-1 alpha-2 country, region and city by name.
type Geo struct {
	Country string `json:"country,omitempty"`
	Region  string `json:"region,omitempty"`
	City    string `json:"city,omitempty"`
}

// SignalsView is the facts of one click; a fact that could not be had stands in Degraded.
type SignalsView struct {
	IPClicks            []WindowView `json:"ip_clicks,omitempty"`
	DeviceClicks        []WindowView `json:"device_clicks,omitempty"`
	DeviceStrong        bool         `json:"device_strong,omitempty"`
	ImpressionToClickMS *uint32      `json:"impression_to_click_ms,omitempty"`
	UserAgentClass      string       `json:"user_agent_class,omitempty"`
	ReferrerOutside     bool         `json:"referrer_outside,omitempty"`
	CountryOutside      bool         `json:"country_outside,omitempty"`
	Degraded            uint32       `json:"degraded,omitempty"`
}

// WindowView is a count of clicks within a sliding window.
type WindowView struct {
	WindowS uint32 `json:"window_s"`
	Count   uint32 `json:"count"`
}

// VerdictView is what was decided, with points per reason and the versions it was decided under.
type VerdictView struct {
	Status               string       `json:"status,omitempty"`
	Score                uint32       `json:"score"`
	Reasons              []ReasonView `json:"reasons,omitempty"`
	PolicyDigest         string       `json:"policy_digest,omitempty"`
	CampaignPolicyDigest string       `json:"campaign_policy_digest,omitempty"`
	CampaignGeneration   int64        `json:"campaign_generation,omitempty"`
	CatalogOffset        int64        `json:"catalog_offset,omitempty"`
	ListVersion          string       `json:"list_version,omitempty"`
	ModelVersion         string       `json:"model_version,omitempty"`
}

// ReasonView is one reason: the points the policy gives and what of them counted after families.
type ReasonView struct {
	Reason  string `json:"reason"`
	Name    string `json:"name,omitempty"`
	Points  uint32 `json:"points"`
	Counted uint32 `json:"counted"`
}

// View makes the JSON form of e.
func (e *Event) View() View {
	v := View{
		EventID: e.EventIDText(), EventType: e.EventType.Name(), Origin: e.Origin.Name(),
		Timestamp: e.Timestamp, Accepted: e.Accepted,
		CampaignID: e.CampaignId, Advertiser: e.AdvertiserId, AdID: e.AdId, PublisherID: e.PublisherId, TsID: e.TsId,
		UserID: hex.EncodeToString(e.UserId), DeviceID: hex.EncodeToString(e.DeviceId), IPAddress: e.AddressText(),
		UserAgent: e.UserAgent, DeviceType: e.DeviceType.Name(), OS: e.Os, Browser: e.Browser, Language: e.Language,
		Referer: e.Referer, Source: e.Source, Metadata: e.Metadata, ClickPosition: e.ClickPosition,
		LpID: e.LpId, OfferID: e.OfferId, Rule: e.Rule, ExternalID: e.ExternalId, Subs: e.Subs, Destination: e.Destination,
		Disposition: e.Disposition.Name(), ClosedReason: e.ClosedReason,
		Price: moneyText(e.PriceMicros, e.PriceCurrency), Cost: moneyText(e.CostMicros, e.CostCurrency),
		Revenue: moneyText(e.RevenueMicros, e.RevenueCurrency),
		ClickID: e.ClickIDText(), TxID: e.Txid, ConversionKind: e.ConversionKind, ConversionStatus: e.ConversionStatus.Name(),
		Signals: e.Signals.View(), Verdict: e.Verdict.View(),
	}
	if e.Country != "" || e.Region != "" || e.City != "" {
		v.Geo = &Geo{Country: e.Country, Region: e.Region, City: e.City}
	}
	return v
}

// AppendJSON writes the JSON form of e behind dst.
func AppendJSON(dst []byte, e *Event) []byte { return appendJSON(dst, e.View()) }

// View makes the JSON form; nil for a nil verdict.
func (v *Verdict) View() *VerdictView {
	if v == nil {
		return nil
	}
	view := &VerdictView{
		Status: v.Status.Name(), Score: v.Score,
		PolicyDigest:         hex.EncodeToString(v.PolicyDigest),
		CampaignPolicyDigest: hex.EncodeToString(v.CampaignPolicyDigest),
		CampaignGeneration:   v.CampaignGeneration, CatalogOffset: v.CatalogOffset,
		ListVersion: v.ListVersion, ModelVersion: v.ModelVersion,
	}
	for _, r := range v.Reasons {
		view.Reasons = append(view.Reasons, ReasonView{Reason: r.Reason.Name(), Name: r.Name, Points: r.Points, Counted: r.Counted})
	}
	return view
}

// View makes the JSON form; nil for nil signals.
func (s *Signals) View() *SignalsView {
	if s == nil {
		return nil
	}
	return &SignalsView{
		IPClicks: windowViews(s.IpClicks), DeviceClicks: windowViews(s.DeviceClicks), DeviceStrong: s.DeviceStrong,
		ImpressionToClickMS: s.ImpressionToClickMs, UserAgentClass: s.UserAgentClass.Name(),
		ReferrerOutside: s.ReferrerOutside, CountryOutside: s.CountryOutside, Degraded: s.Degraded,
	}
}

// AddressText is the stored address in text form, empty when none is stored.
func (e *Event) AddressText() string { return string(e.AppendAddress(nil)) }

// AppendAddress appends AddressText.
func (e *Event) AppendAddress(dst []byte) []byte {
	if address, ok := netip.AddrFromSlice(e.IpAddress); ok {
		return address.AppendTo(dst)
	}
	return dst
}

func windowViews(counts []*WindowCount) []WindowView {
	var views []WindowView
	for _, c := range counts {
		views = append(views, WindowView{WindowS: c.WindowS, Count: c.Count})
	}
	return views
}

func moneyText(amount int64, currency string) *MoneyText {
	if currency == "" {
		return nil
	}
	return &MoneyText{Amount: FormatMicros(amount), Currency: currency}
}

func appendJSON(dst []byte, value any) []byte {
	text, err := json.Marshal(value)
	if err != nil {
		panic("event views hold strings and numbers only, they always marshal: " + err.Error())
	}
	return append(dst, text...)
}
