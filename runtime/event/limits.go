package event

// Bounds of what an event may carry, in bytes unless said otherwise.
const (
	MaxIDLen     = 64
	MaxMetadata  = 1024
	MaxSubs      = 20  // number of sub parameters
	MaxSub       = 256 // one sub parameter
	MaxURL       = 2048
	MaxUserAgent = 512
	MaxReferer   = 1024
	MaxLanguage  = 64
	// MaxTimestamp is the last ms that 48 bits of an id and ClickHouse's DateTime hold: 2106-01-01.
	MaxTimestamp = 4_291_747_200_000
)

// ValidID says whether s is an id that may stand in links and keys: [A-Za-z0-9._~-]{1,64}.
func ValidID(s string) bool {
	if len(s) == 0 || len(s) > MaxIDLen {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '.', c == '_', c == '~', c == '-':
		default:
			return false
		}
	}
	return true
}
