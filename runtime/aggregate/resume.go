package aggregate

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/clicktally/clicktally/runtime/store"
)

// askAgainEvery is how often a stopped partition looks whether somebody has decided how it goes on.
const askAgainEvery = 2 * time.Second

// placed makes the offsets of records that were read from the log src_offs. Where a log was set back or
// made again its offsets are used for other records; src_offs never are (table recoveries).
func (p *partition) placed(records []*kgo.Record) []*kgo.Record {
	if p.shift != 0 {
		for _, record := range records {
			record.Offset += p.shift
		}
	}
	return records
}

// inLog is where the log has a src_off.
func (p *partition) inLog(offset int64) kgo.Offset { return kgo.NewOffset().At(offset - p.shift) }

// asksAgain says whether a stopped partition is due to look for a recovery. One that needs an upgrade
// has none to wait for.
func (w *worker) asksAgain(p *partition, now time.Time) bool {
	if p.stopped == ConditionNone || p.stopped == ConditionNeedsUpgrade || w.cfg.ClickHouse == nil || now.Sub(p.asked) < askAgainEvery {
		return false
	}
	p.asked = now
	return true
}

// resume lets a stopped partition go on once somebody has decided how: a Lost manifest was written since,
// and the log agrees with what is loaded. A log that merely grew again over the position is no reason.
func (w *worker) resume(p *partition, log logState, loaded *store.Loaded) {
	if loaded == nil || loaded.Lost <= p.lost || !log.bounded(p.topicPartition) ||
		checkLog(log, p.topicPartition, loaded.TopicID, int64(loaded.Position)-loaded.Shift) != ConditionNone {
		return
	}
	w.cfg.Log.Info("partition was recovered, going on", "partition", p.String(), "condition", string(p.stopped), "from", loaded.Position)
	w.metrics.forget(p)
	w.partitions[p.part] = &partition{part: p.part, topicPartition: p.topicPartition, liveNext: -1}
}

// setShift takes up what makes src_offs out of the log's offsets. A live half that began without
// ClickHouse did not know it, and begins anew.
func (w *worker) setShift(p *partition, shift int64) {
	if p.liveNext >= 0 && p.shift != shift {
		w.stopReading(p)
		p.liveNext = -1
	}
	p.shift = shift
}

// adopt makes the readers read a topic under its id. A client keeps to the id that it saw first, so that
// it never reads another topic of the same name; whoever gets here has found that the manifests agree.
func (w *worker) adopt(topic string, id [16]byte) {
	if before, read := w.readIDs[topic]; read && before != id {
		w.reader.PurgeTopicsFromClient(topic)
		w.behind.PurgeTopicsFromClient(topic)
		w.mover.PurgeTopicsFromClient(topic)
		for _, p := range w.partitions {
			if p.topic == topic {
				p.reading = false
			}
		}
	}
	w.readIDs[topic] = id
}
