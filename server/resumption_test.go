package server_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// resume opens a resumption under an id.
func (p *peer) resume(id protocol.RequestID) protocol.Resumed {
	p.t.Helper()
	return want[protocol.Resumed](p.t, p.call("POST", protocol.PathResumptions, protocol.Resumption{RequestID: id}))
}

// someResumption is an id that two ends know, as spec/sealed.md §2 makes them.
func someResumption() protocol.RequestID { return protocol.RequestID(protocol.NewToken()[:22]) }

// resumed opens a resumption under an id that the server has never seen. The
// wallet has joined it, and both ends are attached.
func resumed(t testing.TB, srv *liaisontest.Server) pair {
	t.Helper()
	p := pair{site: newPeer(t, srv), wallet: newPeer(t, srv), key: testKey(t, 1), id: someResumption()}
	if got := p.site.resume(p.id); got.RequestID != p.id || p.site.token == "" {
		t.Fatalf("resumed = %+v with token %t, want id %s and a session", got, p.site.token != "", p.id)
	}
	p.wallet.join(p.id)
	p.attach()
	return p
}

// attach attaches both ends of a resumption, and takes what either gets then.
func (p pair) attach() {
	p.site.t.Helper()
	p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
	p.wallet.dial().subscribe(protocol.TopicJoin, p.id, 0)
	p.site.socket.expectFrame(hello)
	p.site.socket.ack(p.id, 1)
	p.wallet.socket.expectAcked(1)
}

// TestResumption: two ends that know each other meet under an id that the server
// does not know, and all frames pass both ways, before anything is claimed, by
// REST and by WebSocket.
func TestResumption(t *testing.T) {
	nodes := liaisontest.NewNodes(t, 2)
	for _, at := range [][2]int{{0, 0}, {0, 1}} {
		p := pair{site: newPeer(t, nodes[at[0]]), wallet: newPeer(t, nodes[at[1]]), key: testKey(t, 1), id: someResumption()}
		p.site.resume(p.id)
		p.wallet.join(p.id)
		p.attach()
		want[any](t, p.site.call("POST", linkPath(p.id, "/offer"), welcome))
		p.wallet.socket.expectFrame(welcome)
		for n := 1; n < 10; n += 2 {
			p.site.socket.sendFrame(p.id, frame(n, "from the site"))
			want[any](t, p.site.call("POST", linkPath(p.id, "/offer"), frame(n+1, "from the site, posted")))
			p.wallet.socket.expectFrame(frame(n, "from the site"))
			p.wallet.socket.expectFrame(frame(n+1, "from the site, posted"))
			p.wallet.socket.sendFrame(p.id, frame(n, "from the wallet"))
			want[any](t, p.wallet.call("POST", linkPath(p.id, "/answer"), frame(n+1, "from the wallet, posted")))
			p.site.socket.expectFrame(frame(n, "from the wallet"))
			p.site.socket.expectFrame(frame(n+1, "from the wallet, posted"))
		}
		// Whoever was away gets what it missed.
		p.wallet.socket.conn.NetConn().Close()
		p.site.socket.expect(peerGone)
		p.site.socket.sendFrame(p.id, frame(11, "missed"))
		p.wallet.dial().subscribe(protocol.TopicJoin, p.id, 11)
		p.wallet.socket.expectFrame(frame(11, "missed"))
		p.hearsNoMore()
	}
}

// TestResumptionProvesNothing: it cannot be claimed, rejected, bound or
// collected, and nobody is signed in by it.
func TestResumptionProvesNothing(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := resumed(t, srv)
	p.signIn = newPeer(t, srv).challenge().SignIn
	wantProblem(t, p.post(p.claim()), protocol.LinkForbidden)
	wantProblem(t, p.wallet.call("POST", linkPath(p.id, "/reject"), nil), protocol.LinkForbidden)
	wantProblem(t, p.site.call("POST", linkPath(p.id, "/offer"), welcomeTo(p.id)), protocol.InvalidMessage)
	wantProblem(t, p.site.call("POST", protocol.PathSession, protocol.NewCollection(p.id)), protocol.LinkNotClaimed)
	p.wallet.socket.send(protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: protocol.OfferTopic(p.key.Address()), RequestID: p.id})
	p.wallet.socket.expectError(protocol.LinkNotClaimed)
	for _, end := range []*peer{p.site, p.wallet} {
		if got := want[protocol.SessionView](t, end.call("GET", protocol.PathSession, nil)); got.Account != "" || got.Assurance != "" {
			t.Errorf("session after a resumption = %+v, want nobody", got)
		}
	}
	p.site.socket.sendFrame(p.id, frame(0, "works"))
	p.wallet.socket.expectFrame(frame(0, "works"))
}

// TestResumptionKeepsTheSignIn: a site that is signed in stays so, under the same
// token, while it resumes.
func TestResumptionKeepsTheSignIn(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := newPair(t, srv, testKey(t, 1))
	token := p.site.token
	p.site.resume(someResumption())
	if got := want[protocol.SessionView](t, p.site.call("GET", protocol.PathSession, nil)); got.Account.Address() != p.address || p.site.token != token {
		t.Errorf("session = %+v, same token: %t; want it signed in as before", got, p.site.token == token)
	}
}

// TestResumptionWhileTheTokenIsReplaced: a page that resumes just when another one of
// its browser fetches the session's new token does not take the session away from it,
// whichever of the two answers comes last.
func TestResumptionWhileTheTokenIsReplaced(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := greeted(t, srv, testKey(t, 1))
	want[any](t, p.post(p.claim()))
	retired := p.site.token
	again := pair{site: p.site, wallet: newPeer(t, srv), id: someResumption()}
	again.site.resume(again.id)
	if p.site.token != retired {
		t.Error("the resumption brings another token")
	}
	again.wallet.join(again.id)
	again.attach()

	if got := p.collect(); got.Account != p.key.Account() {
		t.Errorf("the page that was first collects the session of %q", got.Account)
	}
	want[any](t, again.site.call("POST", linkPath(again.id, "/offer"), frame(0, "welcome")))
	again.wallet.socket.expectFrame(frame(0, "welcome"))
}

// TestResumptionOfALink: the id of a link is refused, whatever has become of the
// link, and the link goes on.
func TestResumptionOfALink(t *testing.T) {
	srv := liaisontest.NewServer(t)
	attempt := func(id protocol.RequestID) {
		t.Helper()
		for _, p := range []*peer{newPeer(t, srv), newPair(t, srv, testKey(t, 1)).site} {
			wantProblem(t, p.call("POST", protocol.PathResumptions, protocol.Resumption{RequestID: id}), protocol.LinkForbidden)
		}
	}
	p := opened(t, srv, testKey(t, 1))
	attempt(p.id)
	p.greet()
	attempt(p.id)
	want[any](t, p.post(p.claim()))
	attempt(p.id)
	p.collect()
	p.subscribe()
	p.works(0)
	want[any](t, p.site.call("DELETE", linkPath(p.id, ""), nil))
	attempt(p.id)
}

// TestTakeover: whoever opens a resumption that is open takes it over, from
// whichever session and at whichever node. The sockets of before are told, and
// nothing of what was under way reaches the new opening.
func TestTakeover(t *testing.T) {
	nodes := liaisontest.NewNodes(t, 2, liaisontest.Unlimited)
	signedIn := newPair(t, nodes[0], testKey(t, 1)).site
	for _, c := range []struct {
		name   string
		opener func(before pair) *peer
	}{
		{"by another session", func(pair) *peer { return newPeer(t, nodes[0]) }},
		{"by another session at another node", func(pair) *peer { return newPeer(t, nodes[1]) }},
		{"by the same anonymous session", func(before pair) *peer { return before.site }},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := resumed(t, nodes[0])
			before.wallet.socket.sendFrame(before.id, frame(1, "of before"))
			before.site.socket.expectFrame(frame(1, "of before"))
			before.site.socket.sendFrame(before.id, frame(0, "of before"))
			before.wallet.socket.expectFrame(frame(0, "of before"))
			oldSite, oldWallet := before.site.socket, before.wallet.socket
			after := pair{site: c.opener(before), wallet: newPeer(t, nodes[1]), id: before.id, key: before.key}
			after.site.resume(after.id)
			oldWallet.expectClosed(protocol.Replaced)
			if after.site != before.site {
				oldSite.expectClosed(protocol.Replaced) // else its token was replaced, too
			}
			wantProblem(t, before.wallet.call("POST", linkPath(before.id, "/answer"), frame(2, "late")), protocol.LinkForbidden)
			after.wallet.join(after.id)
			after.attach()
			for n := range 3 {
				after.site.socket.sendFrame(after.id, frame(n, "of after"))
				after.wallet.socket.expectFrame(frame(n, "of after"))
			}
			oldWallet.sendFrame(before.id, frame(2, "late"))
			oldWallet.expectError(protocol.LinkForbidden)
			oldWallet.quiet(protocol.OpFrame)
			after.hearsNoMore()
		})
	}
	t.Run("by the same signed-in session", func(t *testing.T) {
		before := pair{site: signedIn, wallet: newPeer(t, nodes[0]), id: someResumption()}
		before.site.resume(before.id)
		before.wallet.join(before.id)
		before.attach()
		oldSite, oldWallet := before.site.socket, before.wallet.socket
		after := pair{site: signedIn, wallet: newPeer(t, nodes[0]), id: before.id}
		after.site.resume(after.id)
		oldSite.expectClosed(protocol.Replaced)
		oldWallet.expectClosed(protocol.Replaced)
		after.wallet.join(after.id)
		after.attach()
		after.hearsNoMore()
	})
}

// TestReopenedWhileFull: a resumption that is opened anew is not one of those
// that make room for it.
func TestReopenedWhileFull(t *testing.T) {
	srv := liaisontest.NewServer(t, func(cfg *server.Config) { cfg.Limits.LinksPerSession = 2 })
	site := newPair(t, srv, testKey(t, 1)).site // signed in, so that it keeps its session
	ids := []protocol.RequestID{someResumption(), someResumption()}
	for range 3 {
		for _, id := range ids {
			site.resume(id)
		}
	}
	for _, id := range ids {
		newPeer(t, srv).join(id)
	}
	// One more of another name ends the oldest that waits.
	waiting := []protocol.RequestID{someResumption(), someResumption(), someResumption()}
	for _, id := range waiting {
		site.resume(id)
	}
	wantProblem(t, newPeer(t, srv).call("POST", linkPath(waiting[0], "/join"), newJoin()), protocol.LinkExpired)
	newPeer(t, srv).join(waiting[1])
}

// TestRejoinAfterTakeover: a wallet whose answer was lost asks again with the same
// key, and the resumption was opened anew meanwhile: it joins that.
func TestRejoinAfterTakeover(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := pair{site: newPeer(t, srv), wallet: newPeer(t, srv), id: someResumption()}
	p.site.resume(p.id)
	body := newJoin()
	want[any](t, p.wallet.call("POST", linkPath(p.id, "/join"), body))
	p.site.resume(p.id)
	want[any](t, p.wallet.call("POST", linkPath(p.id, "/join"), body))
	p.attach()
	p.wallet.socket.sendFrame(p.id, frame(1, "works"))
	p.site.socket.expectFrame(frame(1, "works"))
}

// TestResumptionEnds: no session lives for longer than any may, however busy it
// is.
func TestResumptionEnds(t *testing.T) {
	clock := newClock()
	srv := liaisontest.NewServer(t, func(cfg *server.Config) { cfg.Now = clock.now })
	p := resumed(t, srv)
	for end := clock.now().Add(12*time.Hour + time.Minute); !clock.now().After(end); clock.add(6 * time.Minute) {
		srv.Handler().ExpireRooms(t.Context())
	}
	srv.Handler().ExpireRooms(t.Context())
	p.site.socket.expectClose(protocol.SessionRequired)
	p.wallet.socket.expectClose(protocol.SessionRequired)
}

// TestResumptionLives as long as somebody is attached, joined or not, and ten
// minutes more.
func TestResumptionLives(t *testing.T) {
	for _, joined := range []bool{false, true} {
		t.Run(fmt.Sprintf("joined=%t", joined), func(t *testing.T) {
			clock := newClock()
			srv := liaisontest.NewServer(t, func(cfg *server.Config) { cfg.Now = clock.now })
			p := pair{site: newPeer(t, srv), wallet: newPeer(t, srv), id: someResumption()}
			p.site.resume(p.id)
			p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
			if joined {
				p.wallet.join(p.id)
			}
			for range 12 { // longer than an anonymous session that nobody uses
				clock.add(6 * time.Minute)
				srv.Handler().ExpireRooms(t.Context())
			}
			p.site.socket.settle()
			p.site.socket.quiet(protocol.OpClosed)
			if !joined {
				p.wallet.join(p.id)
			}
			p.site.socket.expectFrame(hello)
			p.site.socket.conn.NetConn().Close()
			waitFor(t, "the socket to be gone", func() bool { return srv.Handler().Attached(p.id) == 0 })
			clock.add(protocol.ClaimedTTL + time.Second)
			srv.Handler().ExpireRooms(t.Context())
			link, err := srv.Store.Link(t.Context(), p.id)
			if err != nil || link.State != liaison.Closed || link.Reason != protocol.LinkExpired {
				t.Fatalf("link ten minutes after its site left = %+v, %v; want it expired", link, err)
			}
			if n := srv.Handler().Rooms(); n != 0 {
				t.Errorf("rooms = %d, want none", n)
			}
			p.site.token = ""
			p.site.resume(p.id) // and it can be opened once more
			newPeer(t, srv).join(p.id)
		})
	}
}

// heldBus holds back the news that a resumption was opened anew until it is let
// go, and then brings them first.
type heldBus struct {
	liaison.Bus
	hold bool

	mu   sync.Mutex
	held []func() // guarded by mu
}

func (b *heldBus) Publish(subject liaison.Subject, signal liaison.Signal) {
	if !b.hold || signal.Kind != liaison.SignalClosed {
		b.Bus.Publish(subject, signal)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held = append(b.held, func() { b.Bus.Publish(subject, signal) })
}

func (b *heldBus) release() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, publish := range b.held {
		publish()
	}
	b.held = nil
}

// TestTakeoverIsToldLate: the other node hears that a resumption was opened anew
// when its two ends are at work again. Nothing of theirs is lost, and the sockets
// of before are let go.
func TestTakeoverIsToldLate(t *testing.T) {
	for _, at := range []int{0, 1} {
		t.Run(fmt.Sprintf("new wallet at node %d", at), func(t *testing.T) {
			var buses []*heldBus
			nodes := liaisontest.NewNodes(t, 2, liaisontest.Unlimited, func(cfg *server.Config) {
				bus := &heldBus{Bus: cfg.Bus, hold: true}
				buses, cfg.Bus = append(buses, bus), bus
			})
			before := pair{site: newPeer(t, nodes[0]), wallet: newPeer(t, nodes[1]), id: someResumption()}
			before.site.resume(before.id)
			before.wallet.join(before.id)
			before.attach()
			for n := range 3 {
				before.site.socket.sendFrame(before.id, frame(n, "of before"))
				before.wallet.socket.expectFrame(frame(n, "of before"))
				before.wallet.socket.ack(before.id, n+1)
				before.site.socket.expectAcked(n + 1)
			}
			after := pair{site: newPeer(t, nodes[0]), wallet: newPeer(t, nodes[at]), id: before.id}
			after.site.resume(after.id)
			before.site.socket.expectClosed(protocol.Replaced)
			after.wallet.join(after.id)
			after.attach()
			after.site.socket.sendFrame(after.id, frame(0, "of after"))
			after.wallet.socket.expectFrame(frame(0, "of after"))
			buses[0].release()
			before.wallet.socket.expectClosed(protocol.Replaced)
			for n := 1; n < 4; n++ {
				after.site.socket.sendFrame(after.id, frame(n, "of after"))
				after.wallet.socket.expectFrame(frame(n, "of after"))
				after.wallet.socket.sendFrame(after.id, frame(n, "of after"))
				after.site.socket.expectFrame(frame(n, "of after"))
			}
			before.wallet.socket.settle()
			before.wallet.socket.quiet(protocol.OpFrame)
			after.site.socket.quiet(protocol.OpClosed)
			after.wallet.socket.quiet(protocol.OpClosed)
			after.hearsNoMore()
		})
	}
}
