package score

import (
	"cmp"

	"github.com/clicktally/clicktally/runtime/event"
	"github.com/clicktally/clicktally/runtime/fraud/signal"
)

// Score judges the facts of one click at now, in ms since the epoch. The higher of both policies
// counts, in score and in band; campaign may be nil. Allow entries are the tracker's alone and silence
// the rules of both; a deny entry of either wins over them.
func Score(s *signal.Signals, tracker, campaign *Policy, now int64) Result {
	denied := tracker.denies(s, now)
	deniedByCampaign := campaign != nil && campaign.denies(s, now)
	if !denied && !deniedByCampaign && tracker.allows(s, now) {
		return allowed(s)
	}
	own := tracker.judge(s, denied, tracker.bands)
	if campaign == nil {
		return own.result()
	}
	theirs := campaign.judge(s, deniedByCampaign, stricter(tracker.bands, campaign.bands))
	return higher(&own, &theirs).result()
}

// judgement is what one policy makes of a click.
type judgement struct {
	found   findings
	points  [reasonCount]uint32 // as the policy gives them
	counted [reasonCount]uint32 // what is left after families
	score   uint32
	status  event.Status
}

func (p *Policy) judge(s *signal.Signals, denied bool, b bands) judgement {
	j := judgement{found: p.find(s, denied), status: event.Status_STATUS_VALID}
	if j.found == 0 {
		return j
	}
	var best [familyCount]event.Reason
	for reason := range j.found.all() {
		j.points[reason] = p.points[reason]
		of := traits[reason].family
		if of != noFamily && p.counts(reason, b) > p.counts(best[of], b) {
			best[of] = reason
		}
	}
	for _, reason := range best {
		j.counted[reason] = p.counts(reason, b)
		j.score += j.counted[reason]
	}
	j.score = min(j.score, MaxPoints)
	j.status = b.status(j.score)
	return j
}

// counts is what a reason makes without any other: a soft one stays below the fraudulent band.
func (p *Policy) counts(reason event.Reason, b bands) uint32 {
	if traits[reason].hard {
		return p.points[reason]
	}
	return min(p.points[reason], b.fraudulentFrom-1)
}

// higher joins two judgements: the score and what counted towards it are those of the higher one (when they are
// equal, of the one in the worse band), the status is the worse, the reasons are those of both. With bands of its
// own a campaign can be in a worse band at a lower score.
func higher(a, b *judgement) *judgement {
	if cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.status, a.status)) > 0 {
		a, b = b, a
	}
	a.status = max(a.status, b.status)
	a.found |= b.found
	for reason := range b.found.all() {
		a.points[reason] = max(a.points[reason], b.points[reason])
	}
	return a
}
