package agent

// name is the beginning of a word, in lower case, and what it tells.
type name struct {
	text string
	mark marks
}

// namesByFirst holds every name under its first byte.
var namesByFirst = func() (table [256][]name) {
	for mark, names := range map[marks][]string{
		isPreview: previews, isCrawler: crawlers, isLibrary: libraries,
		onAndroid: androids, onMobile: mobiles, onTablet: tablets, onTelevision: televisions, onDesktop: desktops,
	} {
		for _, text := range names {
			table[text[0]] = append(table[text[0]], name{text, mark})
		}
	}
	return table
}()

// previews fetch a page to show its title and picture where someone posted the link.
var previews = []string{
	"facebookexternalhit", "facebookcatalog", "facebot", "meta-externalfetcher", "twitterbot", "telegrambot",
	"slackbot", "slack-imgproxy", "discordbot", "linkedinbot", "skypeuripreview", "microsoftpreview",
	"pinterestbot", "redditbot", "vkshare", "line-poker", "snap url preview", "iframely", "embedly",
	"bitlybot", "mastodon/", "akkoma", "misskey/", "bluesky cardyb", "cardyb/", "mattermost", "zoombot",
	"flipboardproxy", "quora link preview", "kakaotalk-scrap", "google-pagerenderer",
}

// previewStarts are previews only at the beginning: elsewhere they name the app that a person's page is
// shown in.
var previewStarts = []string{"whatsapp/", "viber/", "tumblr/", "synapse"}

// crawlers say what they are: search, ad review, archives, training, monitoring.
var crawlers = []string{
	"googlebot", "adsbot-google", "mediapartners-google", "apis-google", "feedfetcher-google", "google-inspectiontool",
	"google-site-verification", "google-read-aloud", "google-adwords", "google-safety", "google-extended", "googleother",
	"googleproducer", "googleprober", "storebot-google", "google favicon", "chrome-lighthouse", "google page speed",
	"bingbot", "bingpreview", "adidxbot", "msnbot", "microsoft-adcenter", "yandexbot", "yandexdirect", "yandeximages",
	"yandexmobilebot", "yandexmetrika", "yandexadnet", "yandexaccessibilitybot", "baiduspider", "duckduckbot",
	"duckassistbot", "applebot", "sogou web spider", "sogou spider", "360spider", "petalbot", "bytespider", "tiktokspider",
	"amazonbot", "amazonadbot", "gptbot", "oai-searchbot", "chatgpt-user", "claudebot", "claude-web", "anthropic-ai",
	"perplexitybot", "ccbot", "meta-externalagent", "facebookbot", "semrushbot", "ahrefsbot", "mj12bot", "dotbot",
	"rogerbot", "seznambot", "naverbot", "yeti/", "coccocbot", "exabot", "ia_archiver", "archive.org_bot", "heritrix",
	"criteobot", "taboolabot", "outbrain", "ias_crawler", "admantx", "grapeshot", "proximic", "peer39",
	"doubleverify", "yahoo ad monitoring", "yahoo! slurp", "adbeat", "adstxt", "pingdom", "uptimerobot", "statuscake",
	"site24x7", "datadogsynthetics", "datadog", "newrelic", "betteruptime", "better uptime", "updown.io", "gtmetrix",
	"ptst/", "dareboost", "kube-probe", "elb-healthchecker", "googlehc", "amazon-route53-health", "cloudflare-alwaysonline",
	"cloudflare-healthchecks", "zabbix", "check_http", "nagios", "prometheus/", "blackbox exporter", "screaming frog",
	"w3c_validator", "validator.nu", "feedly", "feedburner",
}

// libraries are what scripts, apps without a page and headless tools send.
var libraries = []string{
	"curl/", "libcurl", "pycurl", "wget", "python-requests", "python-urllib", "python-httpx", "python/", "aiohttp",
	"urllib", "httpx/", "go-http-client", "fasthttp", "go-resty", "resty/", "colly", "okhttp", "java/", "apache-httpclient",
	"apache httpclient", "jakarta commons", "httpclient", "unirest", "libwww-perl", "lwp", "perl", "mechanize", "ruby", "faraday",
	"rest-client", "http.rb", "typhoeus", "php/", "guzzlehttp", "symfony", "wordpress/", "node-fetch", "node.js", "node/",
	"undici", "axios", "superagent", "got (", "bun/", "deno/", "dart/", "dart:io", "dalvik/", "cfnetwork/", "alamofire",
	"afnetworking", "unityplayer", "restsharp", "winhttp", "microsoft url control", "windowspowershell", "powershell/",
	"reqwest", "hyper/", "ureq/", "postmanruntime", "insomnia", "httpie", "bruno/", "headlesschrome", "headless",
	"phantomjs", "slimerjs", "puppeteer", "playwright", "selenium", "webdriver", "cypress", "htmlunit", "jsdom", "scrapy",
	"apachebench", "jmeter", "k6/", "grafana k6", "wrk/", "hey/", "vegeta", "siege", "locust", "masscan", "zgrab", "nmap",
	"nikto", "sqlmap", "nuclei", "wpscan", "gobuster", "dirbuster", "feroxbuster", "acunetix", "burp",
}

// crawlerEndings end the names of crawlers that the list does not know.
var crawlerEndings = []string{"bot", "bots", "crawler", "spider", "scraper"}

// browserStarts begin the strings of browsers. Nearly all say Mozilla; the rest are old phones, text
// browsers and pages inside of an app.
var browserStarts = []string{
	"mozilla/", "opera/", "ucweb/", "jucbrowser", "nokia", "sonyericsson", "samsung-", "blackberry", "lg-", "mot-",
	"dillo/", "netsurf/", "lynx/", "w3m/", "links (", "elinks/", "instagram ",
}

var (
	androids    = []string{"android"}
	mobiles     = []string{"mobile", "iphone", "ipod", "windows phone", "iemobile", "opera mini", "blackberry", "bb10", "nokia", "sonyericsson", "samsung-", "ucweb", "midp", "kaios", "symbian", "instagram "}
	tablets     = []string{"ipad", "tablet", "kindle", "kf", "playbook", "silk-accelerated"}
	televisions = []string{"smart-tv", "smarttv", "smart tv", "appletv", "apple tv", "googletv", "google tv", "android tv", "androidtv", "hbbtv", "web0s", "webos.tv", "netcast", "bravia", "roku", "crkey", "aft", "tizen tv", "viera", "playstation", "xbox", "nintendo"}
	desktops    = []string{"windows nt", "macintosh", "x11", "cros ", "linux x86_64", "linux i686"}
)
