package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// maxForwarded bounds how many addresses of X-Forwarded-For are looked at.
const maxForwarded = 32

// clientAddress returns the address of who sent r: the peer of the connection,
// or, where that is a trusted proxy, the address nearest to us in
// X-Forwarded-For that is not one. The list is walked from the right, since
// everything left of the first stranger is that stranger's word. Repeated
// headers are one list [RFC 9110 5.3].
func clientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	at := peer(r.RemoteAddr)
	if !among(at, trusted) {
		return at
	}
	list := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(list) - 1; i >= max(0, len(list)-maxForwarded); i-- {
		next := peer(strings.TrimSpace(list[i]))
		if !next.IsValid() {
			return at // not an address: nothing further left can be believed
		}
		at = next
		if !among(at, trusted) {
			return at
		}
	}
	return at
}

// peer reads an address with or without a port. IPv4 in IPv6 becomes IPv4, so
// that one machine has one form.
func peer(s string) netip.Addr {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

func among(a netip.Addr, prefixes []netip.Prefix) bool {
	if !a.IsValid() {
		return false
	}
	for _, p := range prefixes {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
