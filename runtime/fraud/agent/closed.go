package agent

import "github.com/mileusna/useragent"

// systems and browsers are closed lists, because a name that a string makes up must not become a
// value that numbers are grouped by.
var systems = map[string]string{
	useragent.Windows: "Windows", useragent.Android: "Android", useragent.IOS: "iOS", useragent.MacOS: "macOS",
	useragent.Linux: "Linux", useragent.ChromeOS: "ChromeOS", useragent.WindowsPhone: "Windows Phone",
	useragent.FreeBSD: "FreeBSD", useragent.BlackBerry: "BlackBerry", useragent.Harmony: "HarmonyOS",
}

var browsers = map[string]string{
	useragent.Chrome: "Chrome", useragent.Safari: "Safari", useragent.MobileSafari: "Safari", useragent.Firefox: "Firefox",
	useragent.Edge: "Edge", useragent.Opera: "Opera", useragent.OperaTouch: "Opera", useragent.OperaMini: "Opera Mini",
	useragent.SamsungBrowser: "Samsung Internet", useragent.InternetExplorer: "Internet Explorer", "Trident": "Internet Explorer",
	useragent.Vivaldi: "Vivaldi", useragent.FacebookApp: "Facebook", useragent.InstagramApp: "Instagram",
	useragent.TiktokApp: "TikTok", "Huawei Browser": "Huawei Browser", "Miui Browser": "Miui Browser",
	"MiuiBrowser": "Miui Browser", "YaBrowser": "Yandex Browser", "UCBrowser": "UC Browser", "UBrowser": "UC Browser",
	"QQBrowser": "QQ Browser", "MQQBrowser": "QQ Browser", "DuckDuckGo": "DuckDuckGo", "Ddg": "DuckDuckGo",
	"Whale": "Whale", "Brave": "Brave", "Line": "Line", "MicroMessenger": "WeChat", "Snapchat": "Snapchat",
	"Pinterest": "Pinterest", "Focus": "Firefox", "GSA": "Google", useragent.BlackBerry: "BlackBerry",
}
