package server_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// TestCompareNetworks: what two clients' addresses say about each other, at a
// public origin and at a loopback one.
func TestCompareNetworks(t *testing.T) {
	const (
		same, sameNet = protocol.NetworkSameAddress, protocol.NetworkSame
		diff, unknown = protocol.NetworkDifferent, protocol.NetworkUnknown
	)
	type client struct {
		peer    string
		headers map[string]string
	}
	at := func(peer string) client { return client{peer: peer} }
	via := func(peer string, headers ...string) client {
		c := client{peer, map[string]string{}}
		for i := 0; i < len(headers); i += 2 {
			c.headers[headers[i]] = headers[i+1]
		}
		return c
	}
	const xff = "X-Forwarded-For"
	compareAt := func(origin protocol.Origin) func(a, b *http.Request) protocol.Network {
		return liaisontest.NewServer(t, func(cfg *server.Config) {
			cfg.Origin = origin
			cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("198.51.100.1/32"), netip.MustParsePrefix("2001:db8:ff::1/128")}
		}).Handler().CompareNetworks
	}
	public, loopback := compareAt("https://auth.example.com"), compareAt("http://localhost:8080")
	request := func(c client) *http.Request {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		for name, value := range c.headers {
			r.Header.Set(name, value)
		}
		return r
	}
	for _, c := range []struct {
		name             string
		a, b             client
		public, loopback protocol.Network
	}{
		{"one IPv4 address", at("203.0.113.7:1"), at("203.0.113.7:2"), same, same},
		{"two IPv4 addresses", at("203.0.113.7:1"), at("203.0.113.8:1"), diff, diff},
		{"one IPv4 address, mapped", at("203.0.113.7:1"), at("[::ffff:203.0.113.7]:1"), same, same},
		{"one IPv6 network", at("[2001:db8:1:2:3:4:5:6]:1"), at("[2001:db8:1:2:a:b:c:d]:1"), sameNet, sameNet},
		{"one IPv6 address", at("[2001:db8:1:2:3:4:5:6]:1"), at("[2001:db8:1:2:3:4:5:6]:2"), sameNet, sameNet},
		{"two IPv6 networks", at("[2001:db8:1:2::1]:1"), at("[2001:db8:1:3::1]:1"), diff, diff},
		{"two families", at("203.0.113.7:1"), at("[2001:db8:1:2::1]:1"), unknown, unknown},
		{"no address", at(""), at(""), unknown, unknown},
		{"not TCP", at("@"), at("@"), unknown, unknown},
		{"private", at("192.168.1.5:1"), at("192.168.1.5:2"), unknown, unknown},
		{"private beside public", at("192.168.1.5:1"), at("203.0.113.7:1"), unknown, unknown},
		{"private IPv6", at("[fd00::1]:1"), at("[fd00::1]:2"), unknown, unknown},
		{"link-local", at("169.254.1.1:1"), at("169.254.1.1:2"), unknown, unknown},
		{"link-local IPv6", at("[fe80::1%eth0]:1"), at("[fe80::1%eth0]:2"), unknown, unknown},
		{"of a carrier", at("100.64.0.1:1"), at("100.64.0.1:2"), unknown, unknown},
		{"last of a carrier", at("100.127.255.255:1"), at("100.127.255.255:2"), unknown, unknown},
		{"beside those of a carrier", at("100.128.0.1:1"), at("100.128.0.1:2"), same, same},
		{"loopback", at("127.0.0.1:1"), at("127.0.0.1:2"), unknown, same},
		{"loopback IPv6", at("[::1]:1"), at("[::1]:2"), unknown, sameNet},
		{"loopback of two families", at("127.0.0.1:1"), at("[::1]:1"), unknown, unknown},
		{"unspecified", at("0.0.0.0:1"), at("0.0.0.0:2"), unknown, unknown},
		{"behind our proxy", via("10.0.0.1:1", xff, "203.0.113.7"), via("10.0.0.1:2", xff, "203.0.113.7"), same, same},
		{"behind our two proxies", via("10.0.0.1:1", xff, "203.0.113.7, 10.0.0.2"), via("10.0.0.3:2", xff, "203.0.113.7"), same, same},
		{"behind our proxy, and not", via("10.0.0.1:1", xff, "203.0.113.7"), at("203.0.113.7:2"), same, same},
		{"two behind our proxy", via("10.0.0.1:1", xff, "203.0.113.7"), via("10.0.0.1:2", xff, "203.0.113.8"), diff, diff},
		{"behind our proxy, which does not say who", at("10.0.0.1:1"), at("10.0.0.1:2"), unknown, unknown},
		{"behind our public proxy, which does not say who", at("198.51.100.1:1"), at("198.51.100.1:2"), unknown, unknown},
		{"behind our public IPv6 proxy, which does not say who", at("[2001:db8:ff::1]:1"), at("[2001:db8:ff::1]:2"), unknown, unknown},
		{"behind our proxy, which says nonsense", via("198.51.100.1:1", xff, "unknown"), via("198.51.100.1:2", xff, "unknown"), unknown, unknown},
		{"a client that says that it is another", via("203.0.113.8:1", xff, "203.0.113.7"), at("203.0.113.7:2"), unknown, unknown},
		{"two clients that say that they are one", via("203.0.113.8:1", xff, "192.0.2.1"), via("203.0.113.9:1", xff, "192.0.2.1"), unknown, unknown},
		{"a client behind a proxy that is not ours", via("203.0.113.7:1", "Via", "1.1 proxy"), at("203.0.113.7:2"), unknown, unknown},
		{"a client behind a proxy of RFC 7239", via("203.0.113.7:1", "Forwarded", "for=192.0.2.1"), at("203.0.113.7:2"), unknown, unknown},
		{"private behind our proxy", via("10.0.0.1:1", xff, "192.168.1.5"), via("10.0.0.1:2", xff, "192.168.1.5"), unknown, unknown},
	} {
		for _, pair := range [][2]client{{c.a, c.b}, {c.b, c.a}} {
			if got := public(request(pair[0]), request(pair[1])); got != c.public {
				t.Errorf("%s (%+v), at a public origin: got %s, want %s", c.name, pair, got, c.public)
			}
			if got := loopback(request(pair[0]), request(pair[1])); got != c.loopback {
				t.Errorf("%s (%+v), at a loopback origin: got %s, want %s", c.name, pair, got, c.loopback)
			}
		}
	}
}

// TestNetwork: either side may ask, nobody else, and only of two sockets at one
// node anything is known.
func TestNetwork(t *testing.T) {
	nodes := liaisontest.NewNodes(t, 2)
	p := greeted(t, nodes[0], testKey(t, 1))
	ask := func(from *peer) protocol.Network {
		t.Helper()
		return want[protocol.NetworkView](t, from.call("GET", linkPath(p.id, "/network"), nil)).Network
	}
	stranger := greeted(t, nodes[0], testKey(t, 1))
	for _, other := range []*peer{stranger.site, stranger.wallet} {
		wantProblem(t, other.call("GET", linkPath(p.id, "/network"), nil), protocol.LinkForbidden)
	}
	wantProblem(t, newPeer(t, nodes[0]).call("GET", linkPath(p.id, "/network"), nil), protocol.SessionRequired)
	expect := func(when string, network protocol.Network) {
		t.Helper()
		for _, end := range []*peer{p.site, p.wallet} {
			if got := ask(end); got != network {
				t.Errorf("%s: %s, want %s", when, got, network)
			}
		}
	}
	expect("nobody attached", protocol.NetworkUnknown)
	p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
	expect("one attached", protocol.NetworkUnknown)
	p.wallet.dial().subscribe(protocol.TopicJoin, p.id, 0)
	expect("both attached", protocol.NetworkSameAddress)
	p.wallet.server = nodes[1].Origin
	before := p.wallet.socket
	p.wallet.dial().subscribe(protocol.TopicJoin, p.id, 0)
	before.expectClosed(protocol.Replaced) // the first node has heard of it
	expect("attached to two nodes", protocol.NetworkUnknown)
	want[any](t, p.site.call("DELETE", linkPath(p.id, ""), nil))
	wantProblem(t, p.wallet.call("GET", linkPath(p.id, "/network"), nil), protocol.LinkClosed)
}

// TestNoAddressIsKept: no address of a client gets into the store, the log, an
// answer or a message, whether a side asks for the comparison or not.
func TestNoAddressIsKept(t *testing.T) {
	for _, asks := range []bool{false, true} {
		log := new(lockedBuffer)
		srv := liaisontest.NewServer(t, func(cfg *server.Config) {
			cfg.Logger = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		})
		const canary = "203.0.113.77"
		from := func(r *http.Request) { r.Header.Set("X-Forwarded-For", canary) }
		var shown bytes.Buffer
		p := pair{site: newPeer(t, srv), wallet: newPeer(t, srv), key: testKey(t, 1), address: testKey(t, 1).Address()}
		call := func(end *peer, method, path string, body any) reply {
			t.Helper()
			r := end.call(method, path, body, from)
			shown.Write(r.body)
			r.header.Write(&shown)
			return r
		}
		c := want[protocol.Challenge](t, call(p.site, "GET", protocol.PathChallenge, nil))
		p.id, p.signIn = c.RequestID, c.SignIn
		want[any](t, call(p.wallet, "POST", linkPath(p.id, "/join"), newJoin()))
		want[any](t, call(p.site, "POST", linkPath(p.id, "/offer"), welcomeTo(p.id)))
		dial := func(end *peer, topic protocol.Topic) {
			t.Helper()
			socket, err := end.tryDial(http.Header{
				"Authorization": {"Bearer " + end.token}, "Sec-WebSocket-Protocol": {protocol.Subprotocol}, "X-Forwarded-For": {canary},
			})
			if err != nil {
				t.Fatal(err)
			}
			socket.subscribe(topic, p.id, 0)
			end.socket = socket
		}
		dial(p.site, protocol.TopicLink)
		dial(p.wallet, protocol.TopicJoin)
		if asks {
			if got := want[protocol.NetworkView](t, call(p.site, "GET", linkPath(p.id, "/network"), nil)); got.Network != protocol.NetworkSameAddress {
				t.Errorf("network = %s, want %s: this test is about addresses that are known", got.Network, protocol.NetworkSameAddress)
			}
		}
		want[any](t, call(p.wallet, "POST", linkPath(p.id, ""), p.claim()))
		want[any](t, call(p.site, "POST", protocol.PathSession, protocol.NewCollection(p.id)))
		wantProblem(t, call(p.wallet, "POST", linkPath(p.id, "/join"), newJoin()), protocol.LinkTaken)
		p.site.socket.expectOp(protocol.OpLink)
		for name, text := range map[string]string{"log": log.String(), "answers": shown.String(), "store": stored(t, srv, p)} {
			if strings.Contains(text, canary) || strings.Contains(text, "203.0.113") {
				t.Errorf("asked: %t: the %s hold the address %s: %s", asks, name, canary, text)
			}
		}
	}
}

// stored is everything that the store keeps of a pair.
func stored(t *testing.T, srv *liaisontest.Server, p pair) string {
	t.Helper()
	link, err := srv.Store.Link(t.Context(), p.id)
	if err != nil {
		t.Fatal(err)
	}
	var all []any
	for _, id := range []liaison.SessionID{link.Site, link.Wallet} {
		session, err := srv.Store.Session(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, session)
	}
	return fmt.Sprintf("%+v %+v", all, link)
}
