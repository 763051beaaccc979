package tracker

import (
	"net/netip"
	"strings"

	"github.com/clicktally/clicktally/runtime/catalog/catalogpb"
)

// maxHops bounds the proxies looked at in one header.
const maxHops = 16

// clientAddress finds who really asked. hops proxies are trusted, counted from the right: the peer is
// the first of them and wrote the last entry of the header. With none, the peer is the client, unless
// it is a private address: that is a proxy nobody told us about. The result is invalid when unknown.
func clientAddress(peer netip.Addr, hops uint32, header catalogpb.ClientAddressHeader, values func(name string) string) netip.Addr {
	if hops == 0 {
		if !public(peer) {
			return netip.Addr{}
		}
		return plain(peer)
	}
	switch header {
	case catalogpb.ClientAddressHeader_CLIENT_ADDRESS_HEADER_X_FORWARDED_FOR:
		return parseAddress(fromRight(values("X-Forwarded-For"), hops))
	case catalogpb.ClientAddressHeader_CLIENT_ADDRESS_HEADER_FORWARDED:
		return forwardedFor(fromRight(values("Forwarded"), hops))
	case catalogpb.ClientAddressHeader_CLIENT_ADDRESS_HEADER_CF_CONNECTING_IP:
		return parseAddress(values("CF-Connecting-IP"))
	}
	return netip.Addr{}
}

// fromRight is the n-th element from the right of a comma-separated list, empty when it has fewer.
func fromRight(list string, n uint32) string {
	if n > maxHops {
		return ""
	}
	for ; n > 1; n-- {
		at := strings.LastIndexByte(list, ',')
		if at < 0 {
			return ""
		}
		list = list[:at]
	}
	return list[strings.LastIndexByte(list, ',')+1:]
}

// forwardedFor reads for= of one element of RFC 7239.
func forwardedFor(element string) netip.Addr {
	for element != "" {
		var item string
		item, element, _ = strings.Cut(element, ";")
		name, value, _ := strings.Cut(item, "=")
		if strings.EqualFold(strings.TrimSpace(name), "for") {
			return parseAddress(strings.Trim(strings.TrimSpace(value), `"`))
		}
	}
	return netip.Addr{}
}

// parseAddress reads an address with or without port and brackets.
func parseAddress(text string) netip.Addr {
	text = strings.TrimSpace(text)
	if addr, err := netip.ParseAddr(text); err == nil {
		return plain(addr)
	}
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return plain(withPort.Addr())
	}
	if inner, ok := strings.CutPrefix(text, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); ok {
			if addr, err := netip.ParseAddr(inner); err == nil {
				return plain(addr)
			}
		}
	}
	return netip.Addr{}
}

// plain is the address as we compare it: IPv4 as IPv4, without zone.
func plain(addr netip.Addr) netip.Addr { return addr.Unmap().WithZone("") }

func public(addr netip.Addr) bool {
	addr = addr.Unmap()
	return addr.IsValid() && !addr.IsPrivate() && !addr.IsLoopback() && !addr.IsLinkLocalUnicast() && !addr.IsUnspecified()
}
