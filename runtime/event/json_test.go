package event

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"
)

func TestEveryEnumValueHasAName(t *testing.T) {
	check := func(kind string, values protoreflect.EnumValueDescriptors, names []string) {
		if values.Len() != len(names) {
			t.Errorf("%s: %d values, %d names", kind, values.Len(), len(names))
			return
		}
		for i := range values.Len() {
			// REASON_IP_VELOCITY -> ipvelocity
			plain := strings.ToLower(strings.ReplaceAll(string(values.Get(i).Name()), "_", ""))
			name := strings.ToLower(strings.ReplaceAll(names[values.Get(i).Number()], "_", ""))
			if i > 0 && (name == "" || !strings.HasSuffix(plain, name)) {
				t.Errorf("%s: %s is named %q", kind, values.Get(i).Name(), names[i])
			}
		}
	}
	check("EventType", EventType(0).Descriptor().Values(), eventTypeNames[:])
	check("Origin", Origin(0).Descriptor().Values(), originNames[:])
	check("Disposition", Disposition(0).Descriptor().Values(), dispositionNames[:])
	check("Status", Status(0).Descriptor().Values(), statusNames[:])
	check("DeviceType", DeviceType(0).Descriptor().Values(), deviceTypeNames[:])
	check("UserAgentClass", UserAgentClass(0).Descriptor().Values(), userAgentClassNames[:])
	check("ConversionStatus", ConversionStatus(0).Descriptor().Values(), conversionStatusNames[:])
	check("Reason", Reason(0).Descriptor().Values(), reasonNames[:])
	if got, ok := ParseReason("IPVelocity"); !ok || got != Reason_REASON_IP_VELOCITY {
		t.Errorf("parse: %v %v", got, ok)
	}
	if _, ok := ParseStatus(""); ok {
		t.Error("the empty name was parsed")
	}
}

func TestAnEventAsJSON(t *testing.T) {
	var got map[string]any
	if err := json.Unmarshal(AppendJSON(nil, click()), &got); err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]any{
		"event_type": "click", "campaign_id": "spring-sale", "ip_address": "198.51.100.0", "device_type": "Mobile",
		"timestamp": 1795341600000.0, "disposition": "Routed",
	} {
		if got[field] != want {
			t.Errorf("%s: got %v, want %v", field, got[field], want)
		}
	}
	if price := got["price"].(map[string]any); price["amount"] != "0.40" || price["currency"] != "USD" {
		t.Errorf("price: got %v", price)
	}
	verdict := got["verdict"].(map[string]any)
	if reason := verdict["reasons"].([]any)[0].(map[string]any); reason["reason"] != "IPVelocity" || reason["counted"] != 40.0 {
		t.Errorf("reason: got %v", reason)
	}
}

func TestInputIsReadStrictly(t *testing.T) {
	in, err := ParseInput([]byte(`{"event_type":"conversion","campaign_id":"c","revenue":{"amount":"12.5","currency":"EUR"},"sub3":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	if micros, err := in.Revenue.Micros(); err != nil || micros != 12_500_000 {
		t.Errorf("revenue: %d, %v", micros, err)
	}
	if subs := in.List(); len(subs) != 3 || subs[2] != "x" {
		t.Errorf("subs: %q", subs)
	}
	for name, c := range map[string]struct{ body, field string }{
		"an unknown field":           {`{"campain_id":"c"}`, "campain_id"},
		"a number for a text":        {`{"campaign_id":5}`, "campaign_id"},
		"a negative position":        {`{"click_position":-1}`, "click_position"},
		"something behind the end":   {`{} {}`, ""},
		"an array":                   {`[]`, ""},
		"nothing":                    {``, ""},
		"text cut off in the middle": {`{"campaign_id":"c`, ""},
	} {
		_, err := ParseInput([]byte(c.body))
		wrong, ok := errors.AsType[*InputError](err)
		if !ok || wrong.Field != c.field {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzParseInput(f *testing.F) {
	f.Add([]byte(`{"event_type":"click","campaign_id":"c","timestamp":1}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := ParseInput(body)
		if err != nil {
			if _, ok := errors.AsType[*InputError](err); !ok {
				t.Errorf("not an InputError: %v", err)
			}
			return
		}
		if _, err := json.Marshal(in); err != nil {
			t.Error(err)
		}
	})
}
