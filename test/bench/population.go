package bench

import "github.com/clicktally/clicktally/runtime/event"

type place struct{ country, region, city, language string }

var countries = []place{
	{"US", "California", "San Jose", "en-US"},
	{"DE", "Bavaria", "Munich", "de-DE"},
	{"BR", "Sao Paulo", "Campinas", "pt-BR"},
	{"IN", "Karnataka", "Bengaluru", "en-IN"},
	{"GB", "England", "Leeds", "en-GB"},
	{"FR", "Occitanie", "Toulouse", "fr-FR"},
	{"US", "Texas", "Austin", "en-US"},
	{"ID", "Jakarta", "Jakarta", "id-ID"},
	{"MX", "Jalisco", "Guadalajara", "es-MX"},
	{"JP", "Osaka", "Sakai", "ja-JP"},
	{"PL", "Mazovia", "Warsaw", "pl-PL"},
	{"ES", "Andalusia", "Malaga", "es-ES"},
	{"IT", "Lombardy", "Milan", "it-IT"},
	{"VN", "Hanoi", "Hanoi", "vi-VN"},
	{"TR", "Izmir", "Izmir", "tr-TR"},
	{"NG", "Lagos", "Ikeja", "en-NG"},
}

var sources = []string{"ts-push-eu", "ts-native-us", "ts-social", "ts-search", "ts-pop-latam"}

type agent struct {
	text, os, browser string
	device            event.DeviceType
}

var agents = []agent{
	{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", "Windows", "Chrome", event.DeviceType_DEVICE_TYPE_DESKTOP},
	{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15", "macOS", "Safari", event.DeviceType_DEVICE_TYPE_DESKTOP},
	{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1", "iOS", "Safari", event.DeviceType_DEVICE_TYPE_MOBILE},
	{"Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36", "Android", "Chrome", event.DeviceType_DEVICE_TYPE_MOBILE},
	{"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0", "Linux", "Firefox", event.DeviceType_DEVICE_TYPE_DESKTOP},
	{"Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36", "Android", "Samsung Internet", event.DeviceType_DEVICE_TYPE_MOBILE},
	{"Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1", "iOS", "Safari", event.DeviceType_DEVICE_TYPE_TABLET},
}
