package score

import "github.com/clicktally/clicktally/runtime/event"

// bands are the lowest scores of the two upper bands.
type bands struct{ suspiciousFrom, fraudulentFrom uint32 }

// stricter are the bands a campaign's policy is read with. More lenient ones of its own would let a
// single soft signal reach the tracker's fraudulent band, and give one score two statuses.
func stricter(tracker, campaign bands) bands {
	return bands{
		suspiciousFrom: min(tracker.suspiciousFrom, campaign.suspiciousFrom),
		fraudulentFrom: min(tracker.fraudulentFrom, campaign.fraudulentFrom),
	}
}

func (b bands) status(score uint32) event.Status {
	switch {
	case score >= b.fraudulentFrom:
		return event.Status_STATUS_FRAUDULENT
	case score >= b.suspiciousFrom:
		return event.Status_STATUS_SUSPICIOUS
	}
	return event.Status_STATUS_VALID
}
