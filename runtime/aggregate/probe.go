package aggregate

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// startProbe looks at the log's bounds: they say how far "all of it" is, and whether it is still the
// log that was loaded.
func (w *worker) startProbe(ctx context.Context, now time.Time) {
	l := &w.lanes.probe
	if !l.free(now) || now.Sub(w.lastProbe) < w.cfg.ProbeEvery || len(w.partitions) == 0 {
		return
	}
	w.lastProbe = now
	topics := w.topicsOf(maps.Values(w.partitions))
	w.run(ctx, l, func(ctx context.Context) (func(), error) {
		log, err := w.readLog(ctx, topics, time.Time{})
		return func() { w.probed(log) }, err
	})
}

func (w *worker) probed(log logState) {
	for _, p := range w.partitions {
		end, seen := log.end[p.topicPartition]
		end += p.shift
		if !seen || p.stopped != ConditionNone || p.liveNext < 0 {
			continue
		}
		if p.known {
			if condition := checkLog(log, p.topicPartition, p.topicID, p.loadNext-p.shift); condition == ConditionTopicReplaced || condition == ConditionLogTruncated {
				w.stop(p, condition)
				continue
			}
			if end < int64(p.loaded) {
				w.stop(p, ConditionLogRewound)
				continue
			}
			p.progress.seen(uint64(end), log.at)
		}
		if p.liveNext >= end && log.at.After(p.asOf) {
			p.asOf = log.at
		}
		w.metrics.partition(p, uint64(end))
	}
}

// readFailed stops a partition whose offset is gone; everything else the client tries again.
func (w *worker) readFailed(p *partition, err error) {
	var loss *kgo.ErrDataLoss
	switch {
	case errors.Is(err, kerr.OffsetOutOfRange):
		w.stop(p, ConditionLogTruncated)
	case errors.As(err, &loss):
		w.stop(p, ConditionLogRewound)
	default:
		w.metrics.failures.WithLabelValues("read").Inc()
		w.cfg.Log.Warn("reading a partition failed, will be tried again", "partition", p.String(), "error", err)
	}
}

// stop ends both halves of a partition at the record where they stand. What is loaded stays as it is.
func (w *worker) stop(p *partition, condition Condition) {
	w.stopReading(p)
	p.stopped = condition
	generation, number := p.labels()
	w.metrics.stopped.WithLabelValues(generation, number, string(condition)).Set(1)
	w.cfg.Log.Error("partition stopped", "partition", p.String(), "condition", string(condition), "liveNext", p.liveNext, "loaded", p.loaded)
	w.cfg.OnCondition(p.part, condition)
}
