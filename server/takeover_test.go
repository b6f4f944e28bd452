package server_test

import (
	"testing"

	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
)

// TestCollectWithAnotherLink: who signed in on a shared machine and kept the
// token does not get the account of the next person who links a wallet there:
// a link of his own does not collect what another link has brought.
func TestCollectWithAnotherLink(t *testing.T) {
	srv := liaisontest.NewServer(t)
	first := newPair(t, srv, testKey(t, 1))
	kept := *first.site // the token is noted down
	browser := first.site

	c := browser.challenge()
	if browser.token != kept.token {
		t.Fatal("a signed-in session got another token with a link; this test is about one that keeps it")
	}
	second := pair{site: browser, wallet: newPeer(t, srv), id: c.RequestID, signIn: c.SignIn, key: testKey(t, 2)}
	second.greet()
	want[protocol.SessionView](t, second.post(second.claim()))

	wantProblem(t, kept.call("POST", protocol.PathSession, protocol.NewCollection(first.id)), protocol.LinkForbidden)
	got := want[protocol.SessionView](t, browser.call("POST", protocol.PathSession, protocol.NewCollection(c.RequestID)))
	if got.Account != testKey(t, 2).Account() {
		t.Errorf("account = %s, want the second one", got.Account)
	}
	wantProblem(t, kept.call("GET", protocol.PathSession, nil), protocol.SessionRequired)
}
