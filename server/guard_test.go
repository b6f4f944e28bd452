package server_test

import (
	"context"
	"testing"

	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// credulous is a verifier that knows more chains than may sign in. It may do
// something else first.
type credulous struct{ first func() }

func (c credulous) Verify(context.Context, protocol.Proof) error {
	if c.first != nil {
		c.first()
	}
	return nil
}

// TestServerReadsTheTextItself: what the verifier says of a signature is one
// thing, whose account it is and whether that may sign in another.
func TestServerReadsTheTextItself(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited, func(cfg *server.Config) { cfg.Verifier = credulous{} })
	key := testKey(t, 1)
	for name, change := range map[string]func(pair, *protocol.Proof){
		"a chain that may not sign in": func(p pair, proof *protocol.Proof) {
			text, err := p.signIn.For("algorand:testnet", key.Address(), channelOf(p.id)).Text()
			if err != nil {
				t.Fatal(err)
			}
			proof.Chain, proof.Message = "algorand:testnet", text
		},
		"another chain than in the text":   func(_ pair, proof *protocol.Proof) { proof.Chain = "algorand:testnet" },
		"another address than in the text": func(_ pair, proof *protocol.Proof) { proof.Address = testKey(t, 2).Address() },
	} {
		p := greeted(t, srv, key)
		claim := p.claim()
		change(p, &claim.Proof)
		if r := p.post(claim); r.status != protocol.ProofRejected.Info().Status {
			t.Errorf("%s: status %d, want that of proof_rejected", name, r.status)
		}
	}
	p := greeted(t, srv, key)
	want[protocol.SessionView](t, p.post(p.claim()))
}

// TestClaimIsRepeatedByItsWalletAlone: who has another wallet's proof and a claim
// of his own has not made the other's.
func TestClaimIsRepeatedByItsWalletAlone(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	first, second := greeted(t, srv, testKey(t, 1)), greeted(t, srv, testKey(t, 2))
	theirs, own := first.claim(), second.claim()
	joined := second.wallet.token
	want[protocol.SessionView](t, first.post(theirs))
	want[protocol.SessionView](t, second.post(own))
	theirs.Key = own.Key
	again := newPeer(t, srv)
	again.token = joined
	wantProblem(t, again.call("POST", linkPath(first.id, ""), theirs), protocol.LinkTaken)
}

// TestSiteLogsOutDuringClaim: a browser that said goodbye is not signed in.
func TestSiteLogsOutDuringClaim(t *testing.T) {
	var p pair
	srv := liaisontest.NewServer(t, liaisontest.Unlimited, func(cfg *server.Config) {
		cfg.Verifier = credulous{func() {
			other := *p.site
			want[any](t, other.call("DELETE", protocol.PathSession, nil))
		}}
	})
	p = greeted(t, srv, testKey(t, 1))
	wantProblem(t, p.post(p.claim()), protocol.LinkClosed)
	link, err := srv.Store.Link(t.Context(), p.id)
	if err != nil || link.Account != "" {
		t.Errorf("stored link = %+v, %v; want it without an account", link, err)
	}
}

// TestSiteIsWarnedOnce: a wallet that tries again and again does not fill the
// site's queue.
func TestSiteIsWarnedOnce(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	p := greeted(t, srv, testKey(t, 1))
	site := p.site.dial()
	site.subscribe(protocol.TopicLink, p.id, 1)
	for range 3 {
		wantProblem(t, newPeer(t, srv).call("POST", linkPath(p.id, "/join"), newJoin()), protocol.LinkTaken)
	}
	site.expectOp(protocol.OpNotice)
	site.settle()
	site.quiet(protocol.OpNotice)
}

// TestFramesComeFromTheirSide: a stranger posts none, and neither side posts in
// the name of the other.
func TestFramesComeFromTheirSide(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	p, strangers := newPair(t, srv, testKey(t, 1)), newPair(t, srv, testKey(t, 1))
	for _, wrong := range []*peer{strangers.site, strangers.wallet, p.wallet} {
		wantProblem(t, wrong.call("POST", linkPath(p.id, "/offer"), protocol.Offer{N: 1, D: "AAAA"}), protocol.LinkForbidden)
	}
	for _, wrong := range []*peer{strangers.site, strangers.wallet, p.site} {
		wantProblem(t, wrong.call("POST", linkPath(p.id, "/answer"), protocol.Frame{N: 2, D: "AAAA"}), protocol.LinkForbidden)
	}
}

// TestRejoinAfterLogout: the attempt that is repeated may have had a session that
// has ended since. It gets one that lives.
func TestRejoinAfterLogout(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	p := pair{site: newPeer(t, srv), wallet: newPeer(t, srv), id: someResumption()}
	p.site.resume(p.id)
	body := newJoin()
	want[any](t, p.wallet.call("POST", linkPath(p.id, "/join"), body))
	want[any](t, p.wallet.call("DELETE", protocol.PathSession, nil))
	p.site.resume(p.id)
	want[any](t, p.wallet.call("POST", linkPath(p.id, "/join"), body))
	p.attach()
	p.wallet.socket.sendFrame(p.id, frame(1, "works"))
	p.site.socket.expectFrame(frame(1, "works"))
}
