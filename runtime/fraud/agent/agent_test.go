package agent

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clicktally/clicktally/runtime/event"
)

const (
	desktop = event.DeviceType_DEVICE_TYPE_DESKTOP
	mobile  = event.DeviceType_DEVICE_TYPE_MOBILE
	tablet  = event.DeviceType_DEVICE_TYPE_TABLET
	botType = event.DeviceType_DEVICE_TYPE_BOT
	other   = event.DeviceType_DEVICE_TYPE_OTHER

	webkit = "AppleWebKit/537.36 (KHTML, like Gecko) "
)

func TestBrowsers(t *testing.T) {
	cases := map[string]struct {
		text        string
		device      event.DeviceType
		os, browser string
	}{
		"Chrome on Windows":    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + webkit + "Chrome/130.0.0.0 Safari/537.36", desktop, "Windows", "Chrome"},
		"Chrome on macOS":      {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) " + webkit + "Chrome/130.0.0.0 Safari/537.36", desktop, "macOS", "Chrome"},
		"Chrome on Linux":      {"Mozilla/5.0 (X11; Linux x86_64) " + webkit + "Chrome/130.0.0.0 Safari/537.36", desktop, "Linux", "Chrome"},
		"Chrome on ChromeOS":   {"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " + webkit + "Chrome/130.0.0.0 Safari/537.36", desktop, "ChromeOS", "Chrome"},
		"Chrome on Android":    {"Mozilla/5.0 (Linux; Android 10; K) " + webkit + "Chrome/130.0.0.0 Mobile Safari/537.36", mobile, "Android", "Chrome"},
		"Chrome on a tablet":   {"Mozilla/5.0 (Linux; Android 13; SM-X906C) " + webkit + "Chrome/130.0.0.0 Safari/537.36", tablet, "Android", "Chrome"},
		"Chrome on iPhone":     {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/130.0.6723.90 Mobile/15E148 Safari/604.1", mobile, "iOS", "Chrome"},
		"Safari on iPhone":     {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1", mobile, "iOS", "Safari"},
		"Safari on iPad":       {"Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1", tablet, "iOS", "Safari"},
		"Safari on macOS":      {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15", desktop, "macOS", "Safari"},
		"Firefox on Windows":   {"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0", desktop, "Windows", "Firefox"},
		"Firefox on Linux":     {"Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", desktop, "Linux", "Firefox"},
		"Firefox on Android":   {"Mozilla/5.0 (Android 14; Mobile; rv:132.0) Gecko/132.0 Firefox/132.0", mobile, "Android", "Firefox"},
		"Firefox on iPhone":    {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/132.0 Mobile/15E148 Safari/605.1.15", mobile, "iOS", "Firefox"},
		"Edge on Windows":      {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + webkit + "Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0", desktop, "Windows", "Edge"},
		"Edge on Android":      {"Mozilla/5.0 (Linux; Android 10; HD1913) " + webkit + "Chrome/130.0.0.0 Mobile Safari/537.36 EdgA/130.0.0.0", mobile, "Android", "Edge"},
		"Opera on Windows":     {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + webkit + "Chrome/129.0.0.0 Safari/537.36 OPR/115.0.0.0", desktop, "Windows", "Opera"},
		"Samsung Internet":     {"Mozilla/5.0 (Linux; Android 14; SAMSUNG SM-S918B) " + webkit + "SamsungBrowser/26.0 Chrome/122.0.0.0 Mobile Safari/537.36", mobile, "Android", "Samsung Internet"},
		"Android WebView":      {"Mozilla/5.0 (Linux; Android 13; Pixel 7 Build/TQ3A.230805.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36", mobile, "Android", "Chrome"},
		"Facebook's app":       {"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21F90 [FBAN/FBIOS;FBAV/470.0.0.38.103;FBBV/614123456;FBDV/iPhone14,5;FBMD/iPhone;FBSN/iOS;FBSV/17.5.1;FBSS/3]", mobile, "iOS", "Facebook"},
		"Telegram's app":       {"Mozilla/5.0 (Linux; Android 13; Pixel 7; wv) " + webkit + "Version/4.0 Chrome/130.0.0.0 Mobile Safari/537.36 Telegram-Android/11.2.3 (Google Pixel 7; Android 13; SDK 33; HIGH)", mobile, "Android", "Chrome"},
		"a Cubot phone":        {"Mozilla/5.0 (Linux; Android 9; CUBOT_X19) " + webkit + "Chrome/90.0.4430.210 Mobile Safari/537.36", mobile, "Android", "Chrome"},
		"a Cubot phone, apart": {"Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20) " + webkit + "Chrome/90.0.4430.210 Mobile Safari/537.36", mobile, "Android", "Chrome"},
		"Internet Explorer 11": {"Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko", desktop, "Windows", "Internet Explorer"},
		"Opera Mini":           {"Opera/9.80 (J2ME/MIDP; Opera Mini/7.1.32052/29.3709; U; en) Presto/2.8.119 Version/11.10", mobile, "", "Opera Mini"},
		"Yandex Browser":       {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + webkit + "Chrome/128.0.0.0 YaBrowser/24.10.0.0 Safari/537.36", desktop, "Windows", "Yandex Browser"},
		"a Fire tablet":        {"Mozilla/5.0 (Linux; Android 9; KFMAWI) " + webkit + "Silk/108.4.6 like Chrome/108.0.5359.160 Safari/537.36", tablet, "Android", ""},
		"Fire TV":              {"Mozilla/5.0 (Linux; Android 7.1.2; AFTMM Build/NS6265; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/70.0.3538.110 Mobile Safari/537.36", other, "Android", "Chrome"},
		"an LG set":            {"Mozilla/5.0 (Web0S; Linux/SmartTV) " + webkit + "Chrome/94.0.4606.128 Safari/537.36 WebAppManager", other, "Linux", "Chrome"},
		"a Samsung set":        {"Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) " + webkit + "76.0.3809.146/6.0 TV Safari/537.36", other, "Linux", ""},
		"PlayStation":          {"Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15", other, "", ""},
		"Xbox":                 {"Mozilla/5.0 (Windows NT 10.0; Win64; x64; Xbox; Xbox One) " + webkit + "Chrome/44.0.2403.135 Safari/537.36 Edge/44.18363.8131", other, "Windows", "Edge"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			want := Agent{Class: browser, Device: tc.device, Presents: tc.device, OS: tc.os, Browser: tc.browser}
			if diff := cmp.Diff(want, Classify(tc.text)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDeclaredCrawlersAndPreviews(t *testing.T) {
	cases := map[string]struct {
		text     string
		class    event.UserAgentClass
		presents event.DeviceType
	}{
		"Googlebot":              {"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", bot, desktop},
		"Googlebot's phone":      {"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) " + webkit + "Chrome/130.0.6723.69 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", bot, mobile},
		"Googlebot's short form": {"Googlebot/2.1 (+http://www.google.com/bot.html)", bot, other},
		"AdsBot":                 {"AdsBot-Google (+http://www.google.com/adsbot.html)", bot, other},
		"AdsBot's phone":         {"Mozilla/5.0 (iPhone; CPU iPhone OS 14_7_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/14.1.2 Mobile/15E148 Safari/604.1 (compatible; AdsBot-Google-Mobile; +http://www.google.com/mobile/adsbot.html)", bot, mobile},
		"Mediapartners":          {"Mediapartners-Google", bot, other},
		"Lighthouse":             {"Mozilla/5.0 (Linux; Android 11; moto g power (2022)) " + webkit + "Chrome/109.0.0.0 Mobile Safari/537.36 Chrome-Lighthouse", bot, mobile},
		"bingbot":                {"Mozilla/5.0 " + webkit + "compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36", bot, desktop},
		"YandexBot":              {"Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)", bot, desktop},
		"Baiduspider":            {"Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)", bot, desktop},
		"Applebot":               {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)", bot, desktop},
		"Yahoo Slurp":            {"Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)", bot, desktop},
		"GPTBot":                 {"Mozilla/5.0 " + webkit + "; compatible; GPTBot/1.2; +https://openai.com/gptbot)", bot, desktop},
		"AhrefsBot":              {"Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", bot, desktop},
		"UptimeRobot":            {"Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", bot, desktop},
		"Pingdom":                {"Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)", bot, other},
		"Kubernetes":             {"kube-probe/1.31", bot, other},
		"a crawler nobody knows": {"Mozilla/5.0 (compatible; ExampleCrawler/1.0; +https://crawler.example)", bot, desktop},
		"by its home page alone": {"Mozilla/5.0 (compatible; Example; +https://www.example)", bot, desktop},
		"headless, but declared": {"Mozilla/5.0 (X11; Linux x86_64) " + webkit + "HeadlessChrome/130.0.0.0 Safari/537.36 (compatible; Google-InspectionTool/1.0)", bot, desktop},

		"Facebook":         {"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", preview, other},
		"iMessage":         {"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0", preview, desktop},
		"X":                {"Twitterbot/1.0", preview, other},
		"Telegram":         {"TelegramBot (like TwitterBot)", preview, other},
		"Slack":            {"Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", preview, other},
		"Slack's pictures": {"Slack-ImgProxy (+https://api.slack.com/robots)", preview, other},
		"WhatsApp":         {"WhatsApp/2.23.20.0 A", preview, other},
		"Discord":          {"Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)", preview, desktop},
		"LinkedIn":         {"LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)", preview, other},
		"Skype":            {"Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com", preview, desktop},
		"Mastodon":         {"Mastodon/4.3.0 (http.rb/5.2.0; +https://mastodon.example/)", preview, other},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := Classify(tc.text)
			if got.Class != tc.class || got.Device != botType || got.Presents != tc.presents || got.Browser != "" {
				t.Errorf("%+v, want %s that presents %s", got, tc.class.Name(), tc.presents.Name())
			}
		})
	}
}

func TestScriptsAndLibraries(t *testing.T) {
	for _, text := range []string{
		"curl/8.5.0", "Wget/1.21.4", "python-requests/2.32.3", "Python-urllib/3.12", "Python/3.12 aiohttp/3.10.5",
		"Go-http-client/1.1", "Go-http-client/2.0", "okhttp/4.12.0", "Java/17.0.12", "Apache-HttpClient/4.5.14 (Java/17.0.12)",
		"libwww-perl/6.77", "Ruby", "GuzzleHttp/7", "PHP/8.3", "axios/1.7.7", "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)",
		"undici", "Dart/3.5 (dart:io)", "PostmanRuntime/7.42.0", "Scrapy/2.11.2 (+https://scrapy.org)",
		"Dalvik/2.1.0 (Linux; U; Android 13; Pixel 7 Build/TQ3A.230805.001)", "MyApp/12 CFNetwork/1498.700.2 Darwin/23.6.0",
		"Mozilla/5.0 (X11; Linux x86_64) " + webkit + "HeadlessChrome/130.0.0.0 Safari/537.36",
		"Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1",
		"Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.22621.4391",
		"Mozilla/5.0", "Mozilla/4.0", "something nobody knows", "x",
	} {
		if got := Classify(text); got.Class != nonBrowser || got.Device != other || got.Browser != "" {
			t.Errorf("%q is %+v, want NonBrowser", text, got)
		}
	}
}

func TestAMissingUserAgent(t *testing.T) {
	for _, text := range []string{"", " ", "\t ", "-"} {
		if got := Classify(text); got != (Agent{Class: missing, Device: other, Presents: other}) {
			t.Errorf("%q is %+v, want Missing", text, got)
		}
	}
}

func TestOnlyTheFirstBytesCount(t *testing.T) {
	chrome := "Mozilla/5.0 (Windows NT 10.0; Win64; x64) " + webkit + "Chrome/130.0.0.0 Safari/537.36 "
	long := chrome + strings.Repeat("x", event.MaxUserAgent-len(chrome)) + " Googlebot/2.1"
	if got := Classify(long); got.Class != browser {
		t.Errorf("%s, want Browser", got.Class.Name())
	}
	if got := Classify(long[:200] + " Googlebot/2.1"); got.Class != bot {
		t.Errorf("%s, want Bot", got.Class.Name())
	}
}

func TestNamesAreLowerCaseWords(t *testing.T) {
	for first, names := range namesByFirst {
		for _, n := range names {
			if n.text != strings.ToLower(n.text) || !wordByte(byte(first)) {
				t.Errorf("%q can never be found", n.text)
			}
		}
	}
}
