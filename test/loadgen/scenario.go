// Package loadgen sends realistic visits over real HTTP and keeps its own record of what was
// acknowledged, so that the counts of a ClickTally can be held against the truth.
package loadgen

import (
	_ "embed"
	"fmt"
	"os"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/clicktally/clicktally/runtime/event"
)

//go:embed scenarios/demo.yaml
var demo []byte

// Outcome is where clicks of a campaign end up, whatever their score.
type Outcome string

// Outcomes of a scenario's campaign; an empty one is Routed.
const (
	Routed Outcome = "Routed"
	Closed Outcome = "Closed"
	Test   Outcome = "Test"
	Orphan Outcome = "Orphan"
)

// Scenario says what to send. The same seed gives the same visits.
type Scenario struct {
	Seed      uint64     `json:"seed"`
	Rate      int        `json:"rate"`   // events per second
	Events    int        `json:"events"` // distinct events in all
	Campaigns []Campaign `json:"campaigns"`
	Visits    Visits     `json:"visits"`
}

// Campaign is one target of visits, with what the ground truth must know about it.
type Campaign struct {
	ID      string  `json:"id"`
	Share   int     `json:"share"`
	Outcome Outcome `json:"outcome,omitempty"`
	// Partner says that the traffic source of Config.Token may report events of this campaign.
	Partner bool             `json:"partner,omitempty"`
	Price   *event.MoneyText `json:"price,omitempty"`
	Ads     []Ad             `json:"ads,omitempty"`
}

// Ad is one advertisement; its price replaces the campaign's.
type Ad struct {
	ID        string           `json:"id"`
	Publisher string           `json:"publisher,omitempty"`
	Price     *event.MoneyText `json:"price,omitempty"`
}

// Visits are the weights of the kinds of visit.
type Visits struct {
	Person  int `json:"person"`
	Hasty   int `json:"hasty"`
	Crawler int `json:"crawler"`
	Denied  int `json:"denied"`
	Farm    int `json:"farm"`
	Server  int `json:"server"`
}

// Limits of a scenario.
const (
	maxEvents = 100_000_000
	maxRate   = 1_000_000
)

// Load reads a scenario file; an empty path is the built-in demo.
func Load(path string) (*Scenario, error) {
	text := demo
	if path != "" {
		var err error
		if text, err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("scenario: %w", err)
		}
	}
	s := &Scenario{}
	if err := yaml.UnmarshalStrict(text, s); err != nil {
		return nil, fmt.Errorf("scenario %s: %w", path, err)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("scenario %s: %w", path, err)
	}
	return s, nil
}

// Duration is how long the scenario takes at its rate.
func (s *Scenario) Duration() time.Duration {
	return time.Duration(s.Events) * time.Second / time.Duration(s.Rate)
}

func (s *Scenario) check() error {
	switch {
	case s.Rate < 1 || s.Rate > maxRate:
		return fmt.Errorf("rate: must be 1 to %d events a second", maxRate)
	case s.Events < 1 || s.Events > maxEvents:
		return fmt.Errorf("events: must be 1 to %d", maxEvents)
	case s.Visits.total() < 1:
		return fmt.Errorf("visits: at least one kind needs a weight")
	}
	shares, routed, partners := 0, 0, 0
	for i, c := range s.Campaigns {
		if c.ID == "" || c.Share < 0 {
			return fmt.Errorf("campaigns[%d]: needs an id and a share of at least 0", i)
		}
		for _, price := range c.prices() {
			if _, err := price.Micros(); err != nil {
				return fmt.Errorf("campaigns[%d] %s: price: %w", i, c.ID, err)
			}
		}
		shares += c.Share
		if c.routed() {
			routed += c.Share
		}
		if c.reportable() {
			partners += c.Share
		}
	}
	if shares == 0 || routed == 0 {
		return fmt.Errorf("campaigns: at least one with outcome Routed needs a share")
	}
	if partners == 0 && s.Visits.Server > 0 {
		return fmt.Errorf("visits.server: no campaign with outcome Routed has partner: true")
	}
	return nil
}

func (v Visits) total() int {
	return v.Person + v.Hasty + v.Crawler + v.Denied + v.Farm + v.Server
}

func (c *Campaign) outcome() Outcome {
	if c.Outcome == "" {
		return Routed
	}
	return c.Outcome
}

func (c *Campaign) routed() bool { return c.outcome() == Routed }

func (c *Campaign) reportable() bool { return c.Partner && c.routed() }

func (c *Campaign) prices() []*event.MoneyText {
	var prices []*event.MoneyText
	if c.Price != nil {
		prices = append(prices, c.Price)
	}
	for _, ad := range c.Ads {
		if ad.Price != nil {
			prices = append(prices, ad.Price)
		}
	}
	return prices
}

// priceOf is what a valid click on the ad costs the advertiser; 0 and no currency where nothing is.
func (c *Campaign) priceOf(ad *Ad) (micros int64, currency string) {
	price := c.Price
	if ad != nil && ad.Price != nil {
		price = ad.Price
	}
	if price == nil || !c.routed() {
		return 0, ""
	}
	micros, _ = price.Micros() // checked by Load
	return micros, price.Currency
}
