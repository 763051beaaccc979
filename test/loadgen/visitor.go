package loadgen

import "fmt"

// visitor is who visits: an address of its own, so that velocity is what a scenario says it is.
type visitor struct {
	address string
	agent   string
	user    string
	device  string // stated device id, empty for most
}

// visitor makes the n-th visitor of the run. Addresses are of ranges that no one owns: 198.18.0.0/15
// (benchmarking, RFC 2544) and, one in eight, 2001:db8::/32 (documentation, RFC 3849).
func (p *planner) visitor(n int) visitor {
	return visitor{address: address(p.run, n), agent: browsers[n%len(browsers)], user: fmt.Sprintf("u-%x-%d", p.run, n)}
}

func address(run uint32, n int) string {
	if n%8 == 0 {
		return fmt.Sprintf("2001:db8:%x:%x::%x", run&0xffff, n&0xffff, 1+n>>16)
	}
	host := (run + uint32(n)) & 0x1ffff
	return fmt.Sprintf("198.%d.%d.%d", 18+host>>16, host>>8&0xff, host&0xff)
}

var browsers = []string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
	"Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
}

var crawlers = []string{
	"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
	"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
	"AdsBot-Google (+http://www.google.com/adsbot.html)",
	"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
	"TelegramBot (like TwitterBot)",
}

var scripts = []string{"curl/8.10.1", "python-requests/2.32.3", "Go-http-client/1.1"}
