package event

// Numbers of fields that walk treats apart; event.proto has them all.
const (
	fieldBootID  = 5
	fieldSignals = 52
	fieldVerdict = 53
	fieldLast    = 53
)

// number takes in a field of a number or an enum. It says whether the schema has it as one.
func (w walk) number(field, v uint64) bool {
	switch field {
	case 1:
		w.Format = uint32(v)
	case 2:
		w.EventType = EventType(v)
	case 3:
		w.Origin = Origin(v)
	case 6:
		w.SrcPart = uint32(v)
	case 7:
		w.Counter = v
	case 8:
		w.Settled = v
	case 9:
		w.Timestamp = int64(v)
	case 10:
		w.Accepted = int64(v)
	case 18:
		w.Named = uint32(v)
	case 23:
		w.DeviceType = DeviceType(v)
	case 33:
		w.ClickPosition = uint32(v)
	case 40:
		w.Disposition = Disposition(v)
	case 42:
		w.PriceMicros = int64(v)
	case 44:
		w.CostMicros = int64(v)
	case 46:
		w.RevenueMicros = int64(v)
	case 51:
		w.ConversionStatus = ConversionStatus(v)
	default:
		return false
	}
	return true
}

// bytes takes in a field of text, bytes or a message. It says whether the schema has it as one.
func (w walk) bytes(field uint64, b []byte) (known bool, err error) {
	switch field {
	case 4:
		w.EventId = b
	case 11:
		w.Caller = textOf(b)
	case 12:
		w.Tracker = textOf(b)
	case 13:
		w.CampaignId = textOf(b)
	case 14:
		w.AdvertiserId = textOf(b)
	case 15:
		w.AdId = textOf(b)
	case 16:
		w.PublisherId = textOf(b)
	case 17:
		w.TsId = textOf(b)
	case 19:
		w.UserId = b
	case 20:
		w.DeviceId = b
	case 21:
		w.IpAddress = b
	case 22:
		w.UserAgent = textOf(b)
	case 24:
		w.Os = textOf(b)
	case 25:
		w.Browser = textOf(b)
	case 26:
		w.Language = textOf(b)
	case 27:
		w.Country = textOf(b)
	case 28:
		w.Region = textOf(b)
	case 29:
		w.City = textOf(b)
	case 30:
		w.Referer = textOf(b)
	case 31:
		w.Source = textOf(b)
	case 32:
		w.Metadata = textOf(b)
	case 34:
		w.LpId = textOf(b)
	case 35:
		w.OfferId = textOf(b)
	case 36:
		w.Rule = textOf(b)
	case 37:
		w.ExternalId = textOf(b)
	case 38:
		w.Subs = append(w.Subs, textOf(b))
	case 39:
		w.Destination = textOf(b)
	case 41:
		w.ClosedReason = textOf(b)
	case 43:
		w.PriceCurrency = textOf(b)
	case 45:
		w.CostCurrency = textOf(b)
	case 47:
		w.RevenueCurrency = textOf(b)
	case 48:
		w.ClickId = b
	case 49:
		w.Txid = textOf(b)
	case 50:
		w.ConversionKind = textOf(b)
	case fieldSignals, fieldVerdict:
		return true, w.message(field, b)
	default:
		return false, nil
	}
	return true, nil
}
