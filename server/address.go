package server

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientAddress returns the address that limits count: that of the TCP peer,
// or, when the peer is a trusted proxy, the last hop in X-Forwarded-For that is
// not one. An IPv6 address is cut to its /64, since one person has all of it.
func clientAddress(r *http.Request, trusted []netip.Prefix) netip.Addr {
	return cutToNetwork(lastStranger(r, trusted))
}

// lastStranger returns the whole address of the client, or that of the proxy
// that does not say whom it speaks for.
func lastStranger(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{} // not TCP: all such clients count as one
	}
	addr := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !containsAddr(trusted, addr) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		addr = next.Unmap()
	}
	return addr
}

func cutToNetwork(addr netip.Addr) netip.Addr {
	if addr.Is6() {
		prefix, _ := addr.WithZone("").Prefix(64) // 64 is a valid length for IPv6
		return prefix.Addr()
	}
	return addr
}

func containsAddr(prefixes []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(addr) })
}
