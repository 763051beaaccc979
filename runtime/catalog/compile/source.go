package compile

import (
	"fmt"

	"github.com/clicktally/clicktally/api/v1alpha1"
	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
	"github.com/clicktally/clicktally/runtime/event"
)

// checkSource compiles one traffic source; its ts_id is its name.
func checkSource(object *v1alpha1.TrafficSource) checked {
	r := report{ref: refOf(KindTrafficSource, object)}
	spec := &object.Spec
	s := &catalogpb.Source{Namespace: object.GetNamespace(), Id: object.GetName(), Type: string(spec.Type)}
	if !event.ValidID(s.GetId()) {
		r.invalid("metadata.name", "the name is the ts_id in links: at most 64 characters")
	}
	filled := map[v1alpha1.Parameter]bool{}
	for i, p := range spec.Parameters {
		path := fmt.Sprintf("spec.parameters[%d]", i)
		if filled[p.To] {
			r.invalid(path+".to", "%s is filled twice", p.To)
		}
		filled[p.To] = true
		if (p.To == "cost") != (p.Currency != "") {
			r.invalid(path+".currency", "a mapping to cost must state its currency, and no other may")
		}
		s.Parameters = append(s.Parameters, &catalogpb.Parameter{
			From: p.From, Macro: p.Macro, To: string(p.To), Currency: string(p.Currency),
		})
	}
	if spec.Postback != nil {
		sourcePostback(&r, s, spec.Postback)
	}
	r.noEffectIf(len(spec.Notify) > 0, "spec.notify", "no calls are sent yet")
	return r.finish(object, &catalogpb.Record{Body: &catalogpb.Record_Source{Source: s}})
}

func sourcePostback(r *report, s *catalogpb.Source, postback *v1alpha1.Postback) {
	r.noEffectIf(len(postback.Statuses) > 0, "spec.postback.statuses", "postbacks are not received yet")
	if postback.Auth == nil {
		return
	}
	s.AuthSecret = string(postback.Auth.SecretRef.Name)
	for i, cidr := range postback.Auth.AllowedCIDRs {
		addressRange(r, fmt.Sprintf("spec.postback.auth.allowedCIDRs[%d]", i), cidr)
		s.AllowedCidrs = append(s.AllowedCidrs, string(cidr))
	}
}
