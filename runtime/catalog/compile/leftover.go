package compile

import "github.com/clicktally/clicktally/runtime/catalog/catalogpb"

// leftOver looks at what the log holds and no object accounts for.
func (w *work) leftOver() {
	for key, on := range w.Previous {
		switch {
		case w.seen[key] || on.GetReleased() != nil || on.GetGenerationRecord() != nil || on.GetPipeline() != nil:
		case w.gone(key) || w.movedOn(on):
			w.result.Deleted = append(w.result.Deleted, key)
		case on.GetCampaign() != nil:
			// Its object cannot be read, but a withdrawn grant needs no object.
			record := w.regrant(on)
			if record == nil {
				w.result.Deleted = append(w.result.Deleted, key)
				continue
			}
			w.result.Absent = append(w.result.Absent, key)
			if record != on {
				w.records = append(w.records, keyed{key, record})
			}
		default:
			w.result.Absent = append(w.result.Absent, key)
		}
	}
}

// movedOn reports whether the object behind a record is listed and no longer accounts for it: it has
// another id now, no grant left, or belongs to another pipeline.
func (w *work) movedOn(on *catalogpb.Record) bool {
	if t := on.GetTracker(); t != nil {
		return w.elsewhere[t.GetNamespace()+"/"+t.GetName()] != ""
	}
	return on.GetCampaign() != nil && w.listed(on)
}

// gone reports whether there is proof that no object stands behind key.
func (w *work) gone(key string) bool {
	return (w.Complete || w.Gone[key]) && !w.Broken[RefOf(w.Previous[key])]
}

// RefOf names the object that a record was compiled from.
func RefOf(record *catalogpb.Record) Ref {
	switch body := record.GetBody().(type) {
	case *catalogpb.Record_Campaign:
		return Ref{KindCampaign, body.Campaign.GetNamespace(), body.Campaign.GetName()}
	case *catalogpb.Record_Policy:
		return Ref{KindFraudPolicy, body.Policy.GetNamespace(), body.Policy.GetName()}
	case *catalogpb.Record_Source:
		return Ref{KindTrafficSource, body.Source.GetNamespace(), body.Source.GetId()}
	case *catalogpb.Record_Tracker:
		return Ref{KindTracker, body.Tracker.GetNamespace(), body.Tracker.GetName()}
	case *catalogpb.Record_Pipeline:
		return Ref{KindPipeline, body.Pipeline.GetNamespace(), body.Pipeline.GetName()}
	}
	return Ref{}
}
