package event

import (
	"encoding/hex"
	"strconv"
)

// The two forms below are written for every click that is loaded: by hand, field by field, what
// encoding/json makes of the views (a test holds them together).

// AppendJSON writes the verdict behind dst; nothing for a nil one.
func (v *Verdict) AppendJSON(dst []byte) []byte {
	if v == nil {
		return dst
	}
	o := object(append(dst, '{'))
	o.text("status", v.Status.Name())
	o.key("score").number(int64(v.Score))
	if len(v.Reasons) > 0 {
		o.key("reasons").open('[')
		for _, r := range v.Reasons {
			o.item().open('{')
			o.key("reason").quote(r.Reason.Name())
			o.text("name", r.Name)
			o.key("points").number(int64(r.Points))
			o.key("counted").number(int64(r.Counted))
			o.open('}')
		}
		o.open(']')
	}
	o.hex("policy_digest", v.PolicyDigest)
	o.hex("campaign_policy_digest", v.CampaignPolicyDigest)
	o.count("campaign_generation", v.CampaignGeneration)
	o.count("catalog_offset", v.CatalogOffset)
	o.text("list_version", v.ListVersion)
	o.text("model_version", v.ModelVersion)
	return append(o, '}')
}

// AppendJSON writes the signals behind dst; nothing for nil ones.
func (s *Signals) AppendJSON(dst []byte) []byte {
	if s == nil {
		return dst
	}
	o := object(append(dst, '{'))
	o.windows("ip_clicks", s.IpClicks)
	o.windows("device_clicks", s.DeviceClicks)
	o.flag("device_strong", s.DeviceStrong)
	if s.ImpressionToClickMs != nil {
		o.key("impression_to_click_ms").number(int64(*s.ImpressionToClickMs))
	}
	o.text("user_agent_class", s.UserAgentClass.Name())
	o.flag("referrer_outside", s.ReferrerOutside)
	o.flag("country_outside", s.CountryOutside)
	o.count("degraded", int64(s.Degraded))
	return append(o, '}')
}

// object is JSON in the making. Members whose value is empty are left out, but by key.
type object []byte

// item begins a member or an element: a comma where something stands before it.
func (o *object) item() *object {
	if last := (*o)[len(*o)-1]; last != '{' && last != '[' {
		*o = append(*o, ',')
	}
	return o
}

func (o *object) key(name string) *object {
	o.item()
	*o = append(append(append(*o, '"'), name...), '"', ':')
	return o
}

func (o *object) open(bracket byte) { *o = append(*o, bracket) }

func (o *object) number(n int64) { *o = strconv.AppendInt(*o, n, 10) }

func (o *object) quote(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			*o = appendJSON(*o, s)
			return
		}
	}
	*o = append(append(append(*o, '"'), s...), '"')
}

func (o *object) text(name, value string) {
	if value != "" {
		o.key(name).quote(value)
	}
}

func (o *object) hex(name string, value []byte) {
	if len(value) > 0 {
		o.key(name)
		*o = append(hex.AppendEncode(append(*o, '"'), value), '"')
	}
}

func (o *object) count(name string, n int64) {
	if n != 0 {
		o.key(name).number(n)
	}
}

func (o *object) flag(name string, set bool) {
	if set {
		o.key(name)
		*o = append(*o, "true"...)
	}
}

func (o *object) windows(name string, counts []*WindowCount) {
	if len(counts) == 0 {
		return
	}
	o.key(name).open('[')
	for _, c := range counts {
		o.item().open('{')
		o.key("window_s").number(int64(c.WindowS))
		o.key("count").number(int64(c.Count))
		o.open('}')
	}
	o.open(']')
}
