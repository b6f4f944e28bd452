package server_test

import (
	"testing"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
)

// holding returns a link that is claimed by a wallet that still has to measure
// or to ask.
func holding(t testing.TB, srv *liaisontest.Server) pair {
	t.Helper()
	p := greeted(t, srv, testKey(t, 1))
	claim := p.claim()
	claim.Held = true
	want[protocol.SessionView](t, p.post(claim))
	return p
}

// release says that what the wallet had to check holds.
func (p pair) release() reply {
	p.site.t.Helper()
	return p.wallet.call("POST", linkPath(p.id, "/release"), nil)
}

// signedIn returns for whom the site's session speaks, as the store has it.
func (p pair) signedIn(srv *liaisontest.Server) liaison.Session {
	p.site.t.Helper()
	session, err := srv.Store.SessionByToken(p.site.t.Context(), liaison.Token(p.site.token).Hash())
	if err != nil {
		p.site.t.Fatal(err)
	}
	return session
}

// stillAnonymous fails unless nobody is signed in at the site and nothing can be
// collected.
func (p pair) stillAnonymous(srv *liaisontest.Server, code protocol.Code) {
	p.site.t.Helper()
	wantProblem(p.site.t, p.site.call("POST", protocol.PathSession, protocol.NewCollection(p.id)), code)
	if got := want[protocol.SessionView](p.site.t, p.site.call("GET", protocol.PathSession, nil)); got.Account != "" || got.Assurance != "" {
		p.site.t.Errorf("the site's session = %+v, want nobody signed in", got)
	}
	if s := p.signedIn(srv); s.Account != "" || s.Retired {
		p.site.t.Errorf("the site's session in the store is of %q, retired %t; want it as it was", s.Account, s.Retired)
	}
	if _, err := srv.Store.Account(p.site.t.Context(), p.key.Account()); err == nil {
		p.site.t.Error("the account is noted although nobody has signed in with it")
	}
}

// TestHeldClaim: frames flow, and the site learns who answered, but nobody is
// signed in until the wallet says that all it had to check holds.
func TestHeldClaim(t *testing.T) {
	nodes := liaisontest.NewNodes(t, 2)
	srv := nodes[0]
	p := greeted(t, srv, testKey(t, 1))
	p.site.server = nodes[1].Origin
	p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
	claim := p.claim()
	claim.Held = true
	want[protocol.SessionView](t, p.post(claim))
	if m := p.site.socket.expectOp(protocol.OpLink); !m.Held || m.Account != claim.Proof.Account() || m.Proof == nil || m.Answer == nil {
		t.Fatalf("link = %+v, want it held, with account, proof and answer", m)
	}
	p.stillAnonymous(srv, protocol.LinkNotClaimed)
	p.subscribe()
	p.works(0)
	p.stillAnonymous(srv, protocol.LinkNotClaimed)
	want[any](t, p.release())
	if m := p.site.socket.expectOp(protocol.OpLink); m.Held || m.Account != claim.Proof.Account() {
		t.Fatalf("link = %+v, want it told again, and not held", m)
	}
	if s := p.signedIn(srv); s.Account != claim.Proof.Account() || s.Assurance != protocol.Sealed || !s.Retired {
		t.Errorf("the site's session after the release = %+v, want it signed in and its token retired", s)
	}
	if _, err := srv.Store.Account(t.Context(), p.key.Account()); err != nil {
		t.Errorf("account after the release: %v, want it noted", err)
	}
	if got := p.collect(); got.Account != claim.Proof.Account() {
		t.Errorf("collected %+v, want the account of %s", got, p.address)
	}
	// Again, it changes nothing and tells nobody.
	want[any](t, p.release())
	if got := want[protocol.SessionView](t, p.site.call("GET", protocol.PathSession, nil)); got.Account != claim.Proof.Account() {
		t.Errorf("session after a second release = %+v, want it signed in as before", got)
	}
	p.site.socket.settle()
	p.site.socket.quiet(protocol.OpLink)
}

// TestHeldClaimThatIsNotReleased: who closes the link, or leaves it, signs nobody
// in.
func TestHeldClaimThatIsNotReleased(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := holding(t, srv)
	want[any](t, p.wallet.call("DELETE", linkPath(p.id, ""), nil))
	p.stillAnonymous(srv, protocol.LinkClosed)
	wantProblem(t, p.release(), protocol.LinkClosed)
	p.stillAnonymous(srv, protocol.LinkClosed)
}

// TestReleaseIsTheWalletsAlone, once it has claimed.
func TestReleaseIsTheWalletsAlone(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	p := opened(t, srv, testKey(t, 1))
	attempt := func(when string, code protocol.Code, by ...*peer) {
		t.Helper()
		for _, peer := range by {
			if got := codeOf(peer.call("POST", linkPath(p.id, "/release"), nil)); got != code {
				t.Errorf("release %s: %s, want %s", when, got, code)
			}
		}
	}
	attempt("before a wallet came", protocol.LinkNotClaimed, p.site, newPair(t, srv, testKey(t, 2)).wallet)
	p.greet()
	attempt("before the claim", protocol.LinkNotClaimed, p.wallet, p.site)
	claim := p.claim()
	claim.Held = true
	want[any](t, p.post(claim))
	attempt("by another", protocol.LinkNotJoined, p.site, newPair(t, srv, testKey(t, 2)).wallet, newPair(t, srv, testKey(t, 2)).site)
	wantProblem(t, newPeer(t, srv).call("POST", linkPath(p.id, "/release"), nil), protocol.SessionRequired)
	p.stillAnonymous(srv, protocol.LinkNotClaimed)
	r := resumed(t, srv)
	wantProblem(t, r.release(), protocol.LinkNotClaimed)
}

// TestReleaseForASiteThatLoggedOut signs nobody in.
func TestReleaseForASiteThatLoggedOut(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := holding(t, srv)
	want[any](t, p.site.call("DELETE", protocol.PathSession, nil))
	wantProblem(t, p.release(), protocol.LinkClosed)
}

// TestReleaseWhileAway: a site that was away hears of it when it comes back, also
// if that happens while its subscription is under way.
func TestReleaseWhileAway(t *testing.T) {
	srv, store := newMeanwhile(t)
	p := holding(t, srv)
	p.site.dial()
	store.whenLinkIsRead(func() { want[any](t, p.release()) })
	p.site.socket.subscribe(protocol.TopicLink, p.id, 0)
	p.site.socket.expect(func(m protocol.ServerMessage) bool { return m.Op == protocol.OpLink && !m.Held })
	p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
	if m := p.site.socket.expectOp(protocol.OpLink); m.Held {
		t.Errorf("link = %+v, want it not held any more", m)
	}
}
