// Package agent reads user agent strings: what kind of client sends it, and on which device, system
// and browser. It believes what a string says of itself; whether that is true is a matter of other
// signals.
package agent

import (
	"strings"

	"github.com/mileusna/useragent"

	"github.com/clicktally/clicktally/runtime/event"
)

const (
	browser    = event.UserAgentClass_USER_AGENT_CLASS_BROWSER
	missing    = event.UserAgentClass_USER_AGENT_CLASS_MISSING
	bot        = event.UserAgentClass_USER_AGENT_CLASS_BOT
	preview    = event.UserAgentClass_USER_AGENT_CLASS_PREVIEW
	nonBrowser = event.UserAgentClass_USER_AGENT_CLASS_NON_BROWSER
)

// Agent is what a user agent string says.
type Agent struct {
	Class event.UserAgentClass
	// Device is the dimension that clicks are counted under: Bot for declared crawlers and previews,
	// Other for scripts, libraries, television sets, consoles and a missing string.
	Device event.DeviceType
	// Presents is the device that the string describes, a crawler's too. Routing rules look at it, so
	// that a crawler sees what people with such a device see.
	Presents event.DeviceType
	OS       string // one of a closed list, empty when unknown
	Browser  string // one of a closed list, empty when unknown or no browser
}

// Classify reads a user agent string; its first event.MaxUserAgent bytes count. iPads and Android
// tablets that ask for desktop pages call themselves desktops, and are taken at their word.
func Classify(userAgent string) Agent {
	text := strings.TrimSpace(userAgent[:min(len(userAgent), event.MaxUserAgent)])
	if text == "" || text == "-" {
		return Agent{Class: missing, Device: event.DeviceType_DEVICE_TYPE_OTHER, Presents: event.DeviceType_DEVICE_TYPE_OTHER}
	}
	m := scan(text)
	a := Agent{Class: m.class(), Presents: m.device()}
	switch a.Class {
	case browser:
		a.Device = a.Presents
	case bot, preview:
		a.Device = event.DeviceType_DEVICE_TYPE_BOT
	default:
		a.Device = event.DeviceType_DEVICE_TYPE_OTHER
	}
	parsed := useragent.Parse(text)
	a.OS = systems[parsed.OS]
	if a.Class == browser {
		a.Browser = browserOf(parsed.Name, a.OS)
	}
	return a
}

// browserOf leaves unknown what names nothing but Safari on a system that has none: every WebKit does.
func browserOf(name, system string) string {
	known := browsers[name]
	if known == "Safari" && system != "iOS" && system != "macOS" {
		return ""
	}
	return known
}

// class follows from what the string names. A preview or crawler that names itself is one even when
// it names a library as well; a library that gives its home page is still a library.
func (m marks) class() event.UserAgentClass {
	switch {
	case m.has(isPreview):
		return preview
	case m.has(isCrawler):
		return bot
	case m.has(isLibrary):
		return nonBrowser
	case m.has(looksLikeCrawler):
		return bot
	case m.has(startsLikeBrowser) && !m.has(isBare):
		return browser
	}
	return nonBrowser
}

// device is what a browser with this string would run on.
func (m marks) device() event.DeviceType {
	switch {
	case m.has(onTelevision):
		return event.DeviceType_DEVICE_TYPE_OTHER
	case m.has(onTablet), m.has(onAndroid) && !m.has(onMobile):
		return event.DeviceType_DEVICE_TYPE_TABLET
	case m.has(onMobile):
		return event.DeviceType_DEVICE_TYPE_MOBILE
	case m.has(onDesktop), m.has(startsLikeBrowser) && m.has(isCrawler|isPreview|looksLikeCrawler):
		return event.DeviceType_DEVICE_TYPE_DESKTOP // also Googlebot, whose desktop form names no system
	}
	return event.DeviceType_DEVICE_TYPE_OTHER
}
