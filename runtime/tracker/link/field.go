package link

import (
	"strconv"
	"strings"

	"github.com/clicktally/clicktally/runtime/event"
)

// MaxStated bounds a user or device id as it is stated, before it is hashed, and the source's click
// id, in bytes.
const MaxStated = 256

// field is where a parameter is kept, what it must be (ID, Text, Number or Amount) and how many bytes
// a Text may have. The kind is zero for a name that is not ours; only IDs and Texts have a target.
func (l *Link) field(name string) (target *string, kind Kind, limit int) {
	switch name {
	case "cid":
		return &l.CampaignID, ID, 0
	case "lp_id":
		return &l.LpID, ID, 0
	case "offer_id":
		return &l.OfferID, ID, 0
	case "ts_id":
		return &l.TsID, ID, 0
	case "ad_id", "ad":
		return &l.AdID, ID, 0
	case "pub_id", "pub":
		return &l.PublisherID, ID, 0
	case "uid":
		return &l.UserID, Text, MaxStated
	case "did":
		return &l.DeviceID, Text, MaxStated
	case "click_id":
		return &l.ExternalID, Text, MaxStated
	case "clickid":
		return &l.ClickID, Text, MaxStated
	case "source":
		return &l.Source, Text, event.MaxSub
	case "meta":
		return &l.Metadata, Text, event.MaxMetadata
	case "pos":
		return nil, Number, 0
	case "cost":
		return nil, Amount, 0
	}
	if n := subNumber(name); n > 0 {
		return &l.subs[n-1], Text, event.MaxSub
	}
	return nil, 0, 0
}

// subNumber is n of "sub"n, 0 when name is not one of sub1..sub20.
func subNumber(name string) int {
	digits, ok := strings.CutPrefix(name, "sub")
	if !ok || len(digits) == 0 || len(digits) > 2 || digits[0] == '0' {
		return 0
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n > event.MaxSubs {
		return 0
	}
	return n
}
