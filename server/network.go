package server

import (
	"net/http"
	"net/netip"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// viewNetwork answers GET /v1/links/{requestId}/network. Nothing is compared
// unless a side asks, and neither learns the other's address.
func (s *Server) viewNetwork(w http.ResponseWriter, r *http.Request) error {
	id, session, err := s.linkAsked(r)
	if err != nil {
		return err
	}
	link, err := s.link(r.Context(), id)
	if err != nil {
		return err
	}
	if _, ok := link.Side(session.ID); !ok {
		return &liaison.Error{Code: protocol.LinkForbidden, Op: "view network"}
	}
	return writeJSON(w, protocol.NetworkView{Network: s.hub.network(id)})
}

// network compares the addresses of the two sockets of a link. If one is
// attached to another node, nothing is known here.
func (h *hub) network(id protocol.RequestID) protocol.Network {
	r := h.find(id)
	if r == nil {
		return protocol.NetworkUnknown
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	site, wallet := r.ends[protocol.SiteSide].socket, r.ends[protocol.WalletSide].socket
	if site == nil || wallet == nil {
		return protocol.NetworkUnknown
	}
	return compareNetworks(site.network, wallet.network)
}

// compareNetworks compares two addresses as [Server.networkAddress] returns them.
func compareNetworks(a, b netip.Addr) protocol.Network {
	switch {
	case !a.IsValid() || !b.IsValid() || a.Is4() != b.Is4():
		return protocol.NetworkUnknown
	case a != b:
		return protocol.NetworkDifferent
	case a.Is4():
		return protocol.NetworkSameAddress
	}
	return protocol.NetworkSame
}

// sharedAddresses is what carriers give to many of their customers (RFC 6598).
var sharedAddresses = netip.MustParsePrefix("100.64.0.0/10")

// networkAddress returns the address of a client if it says something about
// where the client is: not one that many share, nor that of a proxy that nobody
// said is one. IPv6 is cut to its /64.
func (s *Server) networkAddress(r *http.Request) netip.Addr {
	addr := lastStranger(r, s.cfg.TrustedProxies)
	switch {
	case !addr.IsValid(), addr.IsPrivate(), addr.IsLinkLocalUnicast(), addr.IsUnspecified(), sharedAddresses.Contains(addr):
		return netip.Addr{}
	case addr.IsLoopback() && !s.cfg.Origin.Loopback():
		return netip.Addr{} // a proxy on this machine
	case s.throughStrangeProxy(r), containsAddr(s.cfg.TrustedProxies, addr):
		return netip.Addr{}
	}
	return cutToNetwork(addr)
}

// throughStrangeProxy reports whether a proxy stands before us of which the
// operator did not say that it may be believed.
func (s *Server) throughStrangeProxy(r *http.Request) bool {
	if r.Header.Get("X-Forwarded-For") == "" && r.Header.Get("Forwarded") == "" && r.Header.Get("Via") == "" {
		return false
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err != nil || !containsAddr(s.cfg.TrustedProxies, peer.Addr().Unmap())
}
