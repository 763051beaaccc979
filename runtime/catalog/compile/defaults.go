package compile

import (
	"time"

	"github.com/clicktally/clicktally/api/v1alpha1"
)

// What the mission fixes (design 4): scores 0-30 valid, 31-70 suspicious, 71-100 fraudulent.
const (
	defaultSuspiciousFrom = 31
	defaultFraudulentFrom = 71
)

// reasonDefault is what a policy does about a reason that it does not mention.
type reasonDefault struct {
	reason  v1alpha1.ReasonCode
	points  uint32
	count   uint32        // velocity: more than this many ...
	window  time.Duration // ... within this
	minimum time.Duration // ClickTooFast
	// gathered says that this version knows the fact. A rule about any other is accepted with a notice.
	gathered bool
}

// reasonDefaults is the built-in policy, sorted by reason. How the points were chosen:
//
//   - 100 is for what leaves no doubt: a listed address, a crawler that declares itself, a crawler
//     that borrows a known name from a foreign address.
//   - Every other single reason stays below 71: no single soft signal makes a click fraudulent
//     (design 7). Two of different families may: velocity 40 and a hosting provider 35 make 75.
//   - 31 to 50 is a reason to look twice on its own: suspicious, billed, visible in reports.
//   - Below 31 are reasons with honest causes: browsers without a user agent, blocked scripts, an
//     impression that an ad blocker ate, a traveller's clock. They count only beside others.
//   - RateLimited is a mark of 0 points; Reject is the way to refuse.
var reasonDefaults = []reasonDefault{
	{reason: v1alpha1.BotAddressForged, points: 100},
	{reason: v1alpha1.ClickTooFast, points: 35, minimum: 500 * time.Millisecond, gathered: true},
	{reason: v1alpha1.DeviceVelocity, points: 40, count: 5, window: time.Hour, gathered: true},
	{reason: v1alpha1.FingerprintInconsistent, points: 35},
	{reason: v1alpha1.GeoDenied, points: 40},
	{reason: v1alpha1.GeoTimeZoneMismatch, points: 20},
	{reason: v1alpha1.IPDatacenter, points: 35},
	{reason: v1alpha1.IPDenied, points: 100, gathered: true},
	{reason: v1alpha1.IPProxy, points: 35},
	{reason: v1alpha1.IPTor, points: 45},
	{reason: v1alpha1.IPVelocity, points: 40, count: 10, window: time.Hour, gathered: true},
	{reason: v1alpha1.ImpossibleTravel, points: 40},
	{reason: v1alpha1.ModelHigh, points: 0},
	{reason: v1alpha1.NoImpression, points: 25},
	{reason: v1alpha1.NoPointer, points: 20},
	{reason: v1alpha1.PointerSynthetic, points: 45},
	{reason: v1alpha1.ReferrerInvalid, points: 35, gathered: true},
	{reason: v1alpha1.RegularTiming, points: 40},
	{reason: v1alpha1.Replay, points: 45},
	{reason: v1alpha1.SignatureInvalid, points: 45},
	{reason: v1alpha1.RateLimited, points: 0},
	{reason: v1alpha1.UserAgentBot, points: 100, gathered: true},
	{reason: v1alpha1.UserAgentMissing, points: 25, gathered: true},
	{reason: v1alpha1.UserAgentNonBrowser, points: 25, gathered: true},
	{reason: v1alpha1.UserAgentPreview, points: 100, gathered: true},
}

// Defaults of a pipeline.
const (
	defaultVisitorMaxAge = time.Hour
	defaultMaxAge        = 7 * 24 * time.Hour
	defaultArchiveAfter  = 24 * time.Hour
	maxArchiveAfter      = 30 * 24 * time.Hour
	defaultMaxAhead      = 5 * time.Minute
	defaultSessionGap    = 30 * time.Minute
	defaultRawDays       = 90
	defaultAggregateDays = 730
	defaultFraudLogDays  = 365
	firstEpoch           = 1
)

// defaultDimensions are what numbers can be grouped by.
var defaultDimensions = []v1alpha1.Dimension{
	v1alpha1.DimensionCampaign, v1alpha1.DimensionAd, v1alpha1.DimensionAdvertiser,
	v1alpha1.DimensionPublisher, v1alpha1.DimensionTrafficSource, v1alpha1.DimensionCountry,
	v1alpha1.DimensionRegion, v1alpha1.DimensionDeviceType,
}
