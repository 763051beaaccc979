package query

import (
	"context"
	"math"
	"time"

	"github.com/clicktally/clicktally/runtime/store"
)

// realtimeAnswer is the last minutes of all traffic or of one ad, campaign, ... from Redis alone.
// AsOf is the time until which every partition's log is in it; nil when nothing was ever counted.
type realtimeAnswer struct {
	AdID         *string `json:"ad_id,omitempty"`
	CampaignID   *string `json:"campaign_id,omitempty"`
	AdvertiserID *string `json:"advertiser_id,omitempty"`
	PublisherID  *string `json:"publisher_id,omitempty"`
	TsID         *string `json:"ts_id,omitempty"`
	Country      *string `json:"country,omitempty"`
	From         string  `json:"from"`
	To           string  `json:"to"`
	figures
	Series []liveMinute `json:"series,omitempty"`
	AsOf   *string      `json:"as_of"`
}

// figures are the counts of a stretch of time that every answer has.
type figures struct {
	Impressions uint64      `json:"impressions"`
	Clicks      clickCounts `json:"clicks"`
	CTR         float64     `json:"ctr"`
	LPViews     uint64      `json:"lp_views"`
	LPClicks    uint64      `json:"lp_clicks"`
	Bounces     uint64      `json:"bounces"`
	Spend       []amount    `json:"spend"`
	Cost        []amount    `json:"cost"`
}

// liveMinute is one tumbling minute and the sliding window that ends with it. The sliding figures are
// nil at the far end of what is kept, where not all five minutes are there.
type liveMinute struct {
	Minute string `json:"minute"`
	figures
	SlidingClicks *uint64  `json:"sliding_clicks"` // gross clicks of the five minutes
	MovingAverage *float64 `json:"moving_average"` // the same per minute
}

// realtime answers GET /v1/stats/realtime.
func (s *Server) realtime(ctx context.Context, req *request) (any, error) {
	r, err := parseRealtime(req.params)
	if err != nil {
		return nil, err
	}
	to := ceilMinute(s.config.Now().UTC().Add(time.Nanosecond)) // the running minute belongs to the window
	from := to.Add(-time.Duration(r.window) * time.Minute)
	first := from
	if r.series {
		first = from.Add(-(slidingMinutes - 1) * time.Minute)
	}
	live := &store.Live{Client: s.config.Redis, Keys: store.LiveKeys{Prefix: s.config.Prefix}}
	asOf, err := live.AsOf(ctx)
	if err != nil {
		return nil, err
	}
	minutes, err := live.Minutes(ctx, r.entity, first, to)
	if err != nil {
		return nil, err
	}
	return realtimeOf(r, minutes, to, asOf), nil
}

// realtimeOf sums the last window of minutes, which are consecutive and end at to.
func realtimeOf(r realtimeRequest, minutes []store.Counts, to, asOf time.Time) *realtimeAnswer {
	from := to.Add(-time.Duration(r.window) * time.Minute)
	answer := &realtimeAnswer{From: stamp(from, time.UTC), To: stamp(to, time.UTC)}
	answer.name(r)
	if !asOf.IsZero() {
		answer.AsOf = new(millis(asOf))
	}
	begin := max(0, len(minutes)-r.window)
	var sum store.Counts
	for i := begin; i < len(minutes); i++ {
		sum.Add(&minutes[i])
		if r.series {
			at := to.Add(-time.Duration(len(minutes)-i) * time.Minute)
			answer.Series = append(answer.Series, liveMinuteOf(minutes[:i+1], at))
		}
	}
	answer.figures = figuresOf(&sum)
	return answer
}

// name repeats the filter in the answer.
func (a *realtimeAnswer) name(r realtimeRequest) {
	into := map[string]**string{
		"ad_id": &a.AdID, "campaign_id": &a.CampaignID, "advertiser_id": &a.AdvertiserID,
		"publisher_id": &a.PublisherID, "ts_id": &a.TsID, "country": &a.Country,
	}[r.filter]
	if into != nil {
		*into = new(r.entity.ID)
	}
}

// liveMinuteOf describes the last of minutes.
func liveMinuteOf(minutes []store.Counts, at time.Time) liveMinute {
	m := liveMinute{Minute: stamp(at, time.UTC), figures: figuresOf(&minutes[len(minutes)-1])}
	if len(minutes) < slidingMinutes {
		return m
	}
	var clicks uint64
	for i := range minutes[len(minutes)-slidingMinutes:] {
		clicks += minutes[len(minutes)-slidingMinutes+i].Gross()
	}
	m.SlidingClicks = &clicks
	m.MovingAverage = new(math.Round(float64(clicks)/slidingMinutes*100) / 100)
	return m
}

func figuresOf(c *store.Counts) figures {
	spend, cost := map[string]int64{}, map[string]int64{}
	for _, m := range c.Money {
		spend[m.Currency] = m.SpendValid + m.SpendSuspicious
		cost[m.Currency] = m.Cost
	}
	f := figures{
		Impressions: c.Impressions,
		Clicks: clickCounts{
			Valid: c.ClicksValid, Suspicious: c.ClicksSuspicious, Fraudulent: c.ClicksFraudulent,
			Duplicate: c.ClicksDuplicate, Test: c.ClicksTest, Closed: c.ClicksClosed,
		}.summed(),
		LPViews: c.PageViews, LPClicks: c.ClickThroughs, Bounces: c.Bounces, Spend: amountsOf(spend), Cost: amountsOf(cost),
	}
	f.CTR = ratio(f.Clicks.Gross, f.Impressions)
	return f
}
