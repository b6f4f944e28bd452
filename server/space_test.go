package server_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// behindProxy has the server believe what its clients say of their address.
func behindProxy(cfg *server.Config) {
	cfg.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
}

// from makes a request come from an address.
func from(address string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("X-Forwarded-For", address) }
}

// TestResumptionWithoutAWallet: who opens a resumption can have one frame kept for
// a wallet that nobody has seen, and no more, by REST and by WebSocket.
func TestResumptionWithoutAWallet(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := pair{site: newPeer(t, srv), wallet: newPeer(t, srv), id: someResumption()}
	refused := func(when string) {
		t.Helper()
		for _, n := range []int{1, 2, 63} {
			if got := codeOf(p.site.call("POST", linkPath(p.id, "/offer"), frame(n, "early"))); got != protocol.LinkNotJoined {
				t.Errorf("%s: frame %d: %s, want %s", when, n, got, protocol.LinkNotJoined)
			}
			p.site.socket.sendFrame(p.id, frame(n, "early"))
			p.site.socket.expectError(protocol.LinkNotJoined)
		}
	}
	p.site.resume(p.id)
	p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
	refused("before a wallet came")
	p.wallet.join(p.id)
	p.attach()
	want[any](t, p.site.call("POST", linkPath(p.id, "/offer"), welcome))
	p.site.socket.sendFrame(p.id, frame(1, "now"))
	p.wallet.socket.expectFrame(welcome)
	p.wallet.socket.expectFrame(frame(1, "now"))
	// Whoever opens it anew has no wallet yet.
	p.site.resume(p.id)
	p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
	refused("opened anew")
}

// TestFramesOfOneAddress: what waits for others is bounded for whoever sent it, by
// whichever way, and given back when it is acknowledged or its link ends.
func TestFramesOfOneAddress(t *testing.T) {
	const address, other = "2001:db8::1", "2001:db8:0:1::1"
	srv := liaisontest.NewServer(t, liaisontest.Unlimited, behindProxy, func(cfg *server.Config) {
		cfg.Limits.MailboxBytesPerAddress = 2 * protocol.MaxFrameBytes
	})
	one, two := newPair(t, srv, testKey(t, 1)), newPair(t, srv, testKey(t, 2))
	one.subscribe() // with which all that was sent so far is acknowledged
	two.subscribe()
	next := map[protocol.RequestID]uint64{one.id: first, two.id: first}
	post := func(p pair, address string) reply {
		t.Helper()
		f := protocol.Frame{N: next[p.id], D: strings.Repeat("A", protocol.MaxFrameBytes)}
		r := p.site.call("POST", linkPath(p.id, "/offer"), f, from(address))
		if r.status < 300 {
			next[p.id]++
		}
		return r
	}
	want[any](t, post(one, address))
	want[any](t, post(two, "2001:db8::2")) // of the same /64
	wantProblem(t, post(one, address), protocol.MailboxFull)
	wantProblem(t, post(two, address), protocol.MailboxFull)
	want[any](t, post(one, other)) // somebody else is not concerned
	// A frame that is here already is not counted twice.
	again := protocol.Frame{N: first, D: strings.Repeat("A", protocol.MaxFrameBytes)}
	want[any](t, one.site.call("POST", linkPath(one.id, "/offer"), again, from(address)))
	wantProblem(t, post(two, address), protocol.MailboxFull)
	// What is acknowledged counts no more.
	one.wallet.socket.ack(one.id, first+1)
	one.wallet.socket.settle()
	want[any](t, post(two, address))
	wantProblem(t, post(one, address), protocol.MailboxFull)
	// Nor does what ends with its link.
	want[any](t, two.site.call("DELETE", linkPath(two.id, ""), nil))
	want[any](t, post(one, address))
	want[any](t, post(one, address))
	wantProblem(t, post(one, address), protocol.MailboxFull)
	// Join and WebSocket are ways, too.
	waiting := opened(t, srv, testKey(t, 1))
	join := newJoin()
	wantProblem(t, waiting.wallet.call("POST", linkPath(waiting.id, "/join"), join, from(address)), protocol.MailboxFull)
	want[any](t, waiting.wallet.call("POST", linkPath(waiting.id, "/join"), join, from(other)))
	socket, err := one.wallet.tryDial(http.Header{
		"Authorization": {"Bearer " + one.wallet.token}, "Sec-Websocket-Protocol": {protocol.Subprotocol}, "X-Forwarded-For": {address},
	})
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	socket.subscribe(protocol.OfferTopic(one.address), one.id, first)
	socket.sendFrame(one.id, frame(first, "from the wallet"))
	socket.expectError(protocol.MailboxFull)
}

// TestFramesOfOtherNodes: a frame that another node passes on counts for nobody's
// address here.
func TestFramesOfOtherNodes(t *testing.T) {
	nodes := liaisontest.NewNodes(t, 2, liaisontest.Unlimited, behindProxy, func(cfg *server.Config) {
		cfg.Limits.MailboxBytesPerAddress = protocol.MaxFrameBytes
	})
	for i, address := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"} {
		p := newPair(t, nodes[0], testKey(t, byte(i+1)))
		p.wallet.server = nodes[1].Origin
		p.subscribe()
		big := protocol.Frame{N: first, D: strings.Repeat("A", protocol.MaxFrameBytes)}
		want[any](t, p.site.call("POST", linkPath(p.id, "/offer"), big, from(address)))
		p.wallet.socket.expectFrame(big) // and it is not acknowledged
	}
}
