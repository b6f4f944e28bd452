package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// TestThousandClaims posts one nonce a thousand times at once with the wallet's
// own token. One claim is carried out; whoever posts the same body gets the same
// session or nothing.
func TestThousandClaims(t *testing.T) {
	const posts = 1000
	for name, again := range map[string]bool{"each with a key of its own": false, "all with one body": true} {
		t.Run(name, func(t *testing.T) {
			srv := liaisontest.NewServer(t, liaisontest.Unlimited)
			p := greeted(t, srv, testKey(t, 1))
			p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
			claim := p.claim()
			codes, tokens := atOnce(t, srv, posts, p.wallet.token, func(wallet *peer, _ int) (reply, error) {
				claim := claim
				if !again {
					claim.Key = protocol.NewNonce()
				}
				return wallet.tryCall("POST", linkPath(p.id, ""), claim)
			})
			refused := codes[protocol.ProofRejected] + codes[protocol.LinkTaken] + codes[protocol.SessionRequired]
			if codes[""] == 0 || codes[""]+refused != posts || len(tokens) != 1 || !again && codes[""] != 1 {
				t.Fatalf("outcomes = %v with %d tokens, want one claim and the rest refused", codes, len(tokens))
			}
			p.site.socket.expectOp(protocol.OpLink)
			p.site.socket.settle()
			p.site.socket.quiet(protocol.OpLink)
			p.site.socket.quiet(protocol.OpClosed)
			p.site.socket.quiet(protocol.OpNotice)
			for token := range tokens {
				p.wallet.token = token
			}
			if got := want[protocol.SessionView](t, p.wallet.call("GET", protocol.PathSession, nil)); got.Account != claim.Proof.Account() {
				t.Errorf("the one session is of %q, want %q", got.Account, claim.Proof.Account())
			}
		})
	}
}

// TestOnlyTheJoinedWallet claims a link from every session but the one that
// joined it. None of that spends the nonce, and the wallet can claim afterwards.
func TestOnlyTheJoinedWallet(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	p, other := opened(t, srv, testKey(t, 1)), greeted(t, srv, testKey(t, 1))
	signedIn := newPair(t, srv, testKey(t, 1))
	strangers := map[string]*peer{
		"the site": p.site, "the site of another link": other.site, "the wallet of another link": other.wallet,
		"a wallet that has signed in": signedIn.wallet, "a site that has signed in": signedIn.site,
	}
	try := func(when string) {
		t.Helper()
		for name, stranger := range strangers {
			if r := stranger.call("POST", linkPath(p.id, ""), p.claim()); codeOf(r) != protocol.LinkNotJoined {
				t.Errorf("%s, claim by %s: got status %d, %s; want %s", when, name, r.status, r.body, protocol.LinkNotJoined)
			}
		}
		wantProblem(t, newPeer(t, srv).call("POST", linkPath(p.id, ""), p.claim()), protocol.SessionRequired)
		nobody := newPeer(t, srv)
		nobody.token = protocol.NewToken()
		wantProblem(t, nobody.call("POST", linkPath(p.id, ""), p.claim()), protocol.SessionRequired)
		link, err := srv.Store.Link(t.Context(), p.id)
		if err != nil || link.Nonce != p.signIn.Nonce {
			t.Fatalf("%s: nonce in the store = %q, %v; want it unspent", when, link.Nonce, err)
		}
	}
	try("before anybody has come")
	p.wallet.join(p.id)
	try("before the channel is named")
	wantProblem(t, p.post(p.claim()), protocol.LinkNotJoined) // nor can the wallet
	p.welcome()
	try("after the handshake")
	claim := p.claim()
	claim.Nonce = protocol.NewNonce()
	wantProblem(t, p.post(claim), protocol.ProofRejected) // not the link's
	try("after another nonce")
	want[any](t, p.post(p.claim()))
	for name, stranger := range strangers {
		if r := stranger.call("POST", linkPath(p.id, ""), p.claim()); codeOf(r) != protocol.LinkTaken {
			t.Errorf("after the claim, claim by %s: got status %d, %s; want %s", name, r.status, r.body, protocol.LinkTaken)
		}
	}
}

// TestProofMustHold changes one thing at a time. Each ends the link, which both
// ends learn, and all look the same from outside.
func TestProofMustHold(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	key, other := testKey(t, 1), testKey(t, 2)
	faults := map[string]func(*protocol.SignInRequest, *protocol.ChannelID){
		"another domain":    func(r *protocol.SignInRequest, _ *protocol.ChannelID) { r.Domain = "evil.example" },
		"another URI":       func(r *protocol.SignInRequest, _ *protocol.ChannelID) { r.URI = "https://evil.example" },
		"another channel":   func(_ *protocol.SignInRequest, id *protocol.ChannelID) { *id = channelOf("another") },
		"another nonce":     func(r *protocol.SignInRequest, _ *protocol.ChannelID) { r.Nonce = protocol.NewNonce() },
		"another statement": func(r *protocol.SignInRequest, _ *protocol.ChannelID) { r.Statement = "Pay." },
		"no statement":      func(r *protocol.SignInRequest, _ *protocol.ChannelID) { r.Statement = "" },
		"expired": func(r *protocol.SignInRequest, _ *protocol.ChannelID) {
			r.IssuedAt, r.ExpirationTime = r.IssuedAt.Add(-10*time.Minute), r.ExpirationTime.Add(-10*time.Minute)
		},
		"from the future": func(r *protocol.SignInRequest, _ *protocol.ChannelID) {
			r.IssuedAt, r.ExpirationTime = r.IssuedAt.Add(2*time.Minute), r.ExpirationTime.Add(2*time.Minute)
		},
		"valid too long": func(r *protocol.SignInRequest, _ *protocol.ChannelID) {
			r.ExpirationTime = r.ExpirationTime.Add(time.Second)
		},
	}
	claims := make(map[string]func(pair) protocol.Claim)
	for name, fault := range faults {
		claims[name] = func(p pair) protocol.Claim {
			signIn, channel := p.signIn, channelOf(p.id)
			fault(&signIn, &channel)
			claim := signedOn(t, key, signIn, channel)
			claim.Nonce = p.signIn.Nonce
			return claim
		}
	}
	claims["another key's signature"] = func(p pair) protocol.Claim {
		c := p.claim()
		c.Proof.Signature = signed(t, other, p.signIn, p.id).Proof.Signature
		return c
	}
	claims["another address"] = func(p pair) protocol.Claim { c := p.claim(); c.Proof.Address = other.Address(); return c }
	claims["another chain"] = func(p pair) protocol.Claim { c := p.claim(); c.Proof.Chain = "algorand:testnet"; return c }
	claims["a chain that may not sign in"] = func(p pair) protocol.Claim {
		c := p.claim()
		text, err := p.signIn.For("algorand:testnet", key.Address(), channelOf(p.id)).Text()
		if err != nil {
			t.Fatal(err)
		}
		c.Proof.Chain, c.Proof.Message = "algorand:testnet", text
		return c
	}
	claims["no text"] = func(p pair) protocol.Claim { c := p.claim(); c.Proof.Message = "TX"; return c }
	claims["resources that nobody asked for"] = func(p pair) protocol.Claim {
		c := p.claim()
		signIn := p.signIn.For(key.Chain(), key.Address(), channelOf(p.id))
		signIn.Resources = []string{"https://evil.example"}
		text, err := signIn.Text()
		if err != nil {
			t.Fatal(err)
		}
		if c.Proof, err = key.Sign(t.Context(), text); err != nil {
			t.Fatal(err)
		}
		return c
	}
	for name, claim := range claims {
		t.Run(name, func(t *testing.T) {
			p := greeted(t, srv, key)
			p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
			p.wallet.dial().subscribe(protocol.TopicJoin, p.id, 0)
			before := p.wallet.token
			r := p.post(claim(p))
			wantProblem(t, r, protocol.ProofRejected)
			var problem protocol.Problem
			json.Unmarshal(r.body, &problem)
			if problem.Detail != "" || p.wallet.token != before {
				t.Errorf("detail = %q, new token: %t; want neither: the cause is for the log only", problem.Detail, p.wallet.token != before)
			}
			p.site.socket.expectClosed(protocol.ProofRejected)
			p.wallet.socket.expectClosed(protocol.ProofRejected)
			// The nonce is spent, and the link over, also for a claim that would hold.
			wantProblem(t, p.post(p.claim()), protocol.ProofRejected)
			wantProblem(t, p.site.call("POST", protocol.PathSession, protocol.NewCollection(p.id)), protocol.ProofRejected)
			link, err := srv.Store.Link(t.Context(), p.id)
			if err != nil || link.State != liaison.Closed || link.Nonce != "" || link.Account != "" {
				t.Errorf("stored link = %+v, %v; want it closed, without a nonce and an account", link, err)
			}
			if got := want[protocol.SessionView](t, p.site.call("GET", protocol.PathSession, nil)); got.Account != "" {
				t.Errorf("the site's session is of %q, want nobody", got.Account)
			}
		})
	}
}

// TestNonceIsSpentFirst looks into the store at the moment when the proof is
// checked, and what is left when the server dies at that moment.
func TestNonceIsSpentFirst(t *testing.T) {
	var srv *liaisontest.Server
	var p pair
	nonceThen := protocol.Nonce("not looked at")
	srv = liaisontest.NewServer(t, func(cfg *server.Config) {
		cfg.Verifier = verifierFunc(func(protocol.Proof) error {
			link, err := srv.Store.Link(t.Context(), p.id)
			nonceThen = link.Nonce
			if err == nil {
				panic("the end")
			}
			return err
		})
	})
	p = greeted(t, srv, testKey(t, 1))
	claim := p.claim()
	wantProblem(t, p.post(claim), protocol.Internal)
	if nonceThen != "" {
		t.Fatalf("nonce in the store during the check = %q, want it spent", nonceThen)
	}
	srv.Stop()
	srv.Start()
	wantProblem(t, p.post(claim), protocol.ProofRejected)
}

// TestLostClaim: a wallet that never saw the answer gets its session by asking
// again with the same body. Another key gets nothing, nor another proof, nor the
// token from before.
func TestLostClaim(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := greeted(t, srv, testKey(t, 1))
	p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
	joined, claim := p.wallet.token, p.claim()
	view := want[protocol.SessionView](t, p.post(claim))
	claimed := p.wallet.token
	p.site.socket.expectOp(protocol.OpLink)

	with := func(token string) *peer {
		again := newPeer(t, srv)
		again.token = token
		return again
	}
	other, changed := claim, claim
	other.Key = protocol.NewNonce()
	changed.Proof = p.claim().Proof
	changed.Proof.Signature = append(protocol.Base64{1}, claim.Proof.Signature[1:]...)
	meta := claim
	meta.Proof.Meta = &protocol.ProofMeta{Signer: "ANOTHER"}
	wantProblem(t, with(joined).call("GET", protocol.PathSession, nil), protocol.SessionRequired)
	wantProblem(t, with(joined).call("POST", linkPath(p.id, ""), other), protocol.SessionRequired)
	wantProblem(t, with(joined).call("POST", linkPath(p.id, ""), changed), protocol.LinkTaken)
	wantProblem(t, with(joined).call("POST", linkPath(p.id, ""), meta), protocol.LinkTaken)
	wantProblem(t, with("").call("POST", linkPath(p.id, ""), claim), protocol.SessionRequired)
	wantProblem(t, with(p.site.token).call("POST", linkPath(p.id, ""), claim), protocol.LinkTaken)
	wantProblem(t, with(claimed).call("POST", linkPath(p.id, ""), claim), protocol.LinkTaken)
	wantProblem(t, with(joined).call("POST", linkPath(p.id, "/answer"), frame(2, "late")), protocol.SessionRequired)
	elsewhere := newPair(t, srv, testKey(t, 1))
	wantProblem(t, with(joined).call("POST", linkPath(elsewhere.id, ""), claim), protocol.LinkTaken)

	for range 2 {
		again := with(joined)
		got := want[protocol.SessionView](t, again.call("POST", linkPath(p.id, ""), claim))
		view.ExpiresAt = view.ExpiresAt.Truncate(time.Microsecond) // as it is stored
		if got != view || again.token != claimed {
			t.Fatalf("claimed again: %+v, same token %t; want %+v and the token of the first answer", got, again.token == claimed, view)
		}
	}
	p.site.socket.settle()
	p.site.socket.quiet(protocol.OpLink)
	p.site.socket.quiet(protocol.OpNotice)
	want[any](t, p.site.call("DELETE", linkPath(p.id, ""), nil))
	wantProblem(t, with(joined).call("POST", linkPath(p.id, ""), claim), protocol.LinkClosed)
}

// TestHangUpDuringClaim: a client that hangs up while its one proof is looked at
// has claimed the link, or has ended it, all the same.
func TestHangUpDuringClaim(t *testing.T) {
	for name, verdict := range map[string]error{"the proof holds": nil, "the proof does not hold": protocol.ProofRejected} {
		t.Run(name, func(t *testing.T) {
			ctx, hangUp := context.WithCancel(t.Context())
			srv := liaisontest.NewServer(t, func(cfg *server.Config) {
				cfg.Verifier = contextVerifier(func(ctx context.Context) error {
					hangUp()
					if err := ctx.Err(); err != nil {
						return err
					}
					return verdict
				})
			})
			p := greeted(t, srv, testKey(t, 1))
			p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
			claim := p.claim()
			body, err := json.Marshal(claim)
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequestWithContext(ctx, "POST", linkPath(p.id, ""), bytes.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer "+p.wallet.token)
			srv.Handler().ServeHTTP(httptest.NewRecorder(), r)
			if verdict != nil {
				p.site.socket.expectClosed(protocol.ProofRejected)
				return
			}
			p.site.socket.expectOp(protocol.OpLink)
			want[protocol.SessionView](t, p.post(claim))
		})
	}
}

type contextVerifier func(context.Context) error

func (f contextVerifier) Verify(ctx context.Context, _ protocol.Proof) error { return f(ctx) }

// TestLogoutDuringClaim: a wallet that logs out while its proof is looked at is
// not signed in afterwards, and neither is the site.
func TestLogoutDuringClaim(t *testing.T) {
	var p pair
	srv := liaisontest.NewServer(t, func(cfg *server.Config) {
		cfg.Verifier = verifierFunc(func(protocol.Proof) error {
			other := *p.wallet
			want[any](t, other.call("DELETE", protocol.PathSession, nil))
			return nil
		})
	})
	p = greeted(t, srv, testKey(t, 1))
	wantProblem(t, p.post(p.claim()), protocol.SessionRequired)
	if got := want[protocol.SessionView](t, p.site.call("GET", protocol.PathSession, nil)); got.Account != "" {
		t.Errorf("the site's session is of %q, want nobody", got.Account)
	}
}

// TestWalletSocketOutlivesItsToken: the wallet's token is another one after the
// claim. The socket that waits for the link's fate lives on and hears the
// frames; another socket of the old token does not.
func TestWalletSocketOutlivesItsToken(t *testing.T) {
	nodes := liaisontest.NewNodes(t, 2)
	p := greeted(t, nodes[0], testKey(t, 1))
	idle := p.wallet.dial()
	p.wallet.server = nodes[1].Origin
	p.wallet.dial().subscribe(protocol.TopicJoin, p.id, 0)
	p.wallet.socket.expectFrame(welcome)
	old := *p.wallet
	p.wallet.server = nodes[0].Origin
	want[any](t, p.post(p.claim()))
	idle.expectClose(protocol.SessionRotated)
	wantProblem(t, old.call("GET", protocol.PathSession, nil), protocol.SessionRequired)
	if _, err := old.tryDial(nil); err == nil {
		t.Error("a socket opened with the token from before the claim")
	}
	p.wallet.socket.subscribe(protocol.OfferTopic(p.address), p.id, 1)
	p.collect()
	p.site.dial().subscribe(protocol.AnswerTopic(p.address), p.id, 2)
	p.site.socket.sendFrame(p.id, frame(1, "candidate"))
	p.wallet.socket.expectFrame(frame(1, "candidate"))
}

// TestAssurance: how far a sign-in can be trusted depends on who opened the link
// and on what the wallet says that it showed, is the same wherever the account is
// shown, and goes with it.
func TestAssurance(t *testing.T) {
	srv := liaisontest.NewServer(t)
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for _, c := range []struct {
		name     string
		edit     func(*http.Request)
		verified bool
		origin   protocol.Origin
		want     protocol.Assurance
	}{
		{"no page", func(*http.Request) {}, false, "", protocol.Sealed},
		{"no page, and the wallet saw one", func(*http.Request) {}, true, "", protocol.Sealed},
		{"the address bar", header("Sec-Fetch-Site", "none"), true, "", protocol.Sealed},
		{"a page of ours by its origin", header("Origin", string(srv.Origin)), true, srv.Origin, protocol.SealedOrigin},
		{"a page of ours by the browser's word", header("Sec-Fetch-Site", "same-origin"), true, srv.Origin, protocol.SealedOrigin},
		{"a page of ours that the wallet did not verify", header("Origin", string(srv.Origin)), false, srv.Origin, protocol.Sealed},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := pair{site: newPeer(t, srv), wallet: newPeer(t, srv), key: testKey(t, 1), address: testKey(t, 1).Address()}
			challenge := want[protocol.Challenge](t, p.site.call("GET", protocol.PathChallenge, nil, c.edit))
			p.id, p.signIn = challenge.RequestID, challenge.SignIn
			if joined := p.wallet.join(p.id); joined.Origin != c.origin {
				t.Errorf("origin of the page, as the wallet is told: %q, want %q", joined.Origin, c.origin)
			}
			if got := p.trusted(srv); got != (protocol.SessionView{}) {
				t.Errorf("before the claim: %+v, want nobody", got)
			}
			p.welcome()
			claim := p.claim()
			claim.Verified = c.verified
			if got := want[protocol.SessionView](t, p.post(claim)); got.Assurance != c.want {
				t.Errorf("wallet: assurance %q, want %q", got.Assurance, c.want)
			}
			if got := p.trusted(srv); got != (protocol.SessionView{}) {
				t.Errorf("before the site has its new token: %+v, want nobody", got)
			}
			if got := p.collect(); got.Assurance != c.want {
				t.Errorf("collected: assurance %q, want %q", got.Assurance, c.want)
			}
			if got := want[protocol.SessionView](t, p.site.call("GET", protocol.PathSession, nil)); got.Assurance != c.want {
				t.Errorf("session: assurance %q, want %q", got.Assurance, c.want)
			}
			if got := p.trusted(srv); got.Assurance != c.want || got.Account.Address() != p.address {
				t.Errorf("in the program: %+v, want %s by %s", got, c.want, p.address)
			}
			want[any](t, p.site.call("DELETE", protocol.PathSession, nil))
			if got := p.trusted(srv); got != (protocol.SessionView{}) {
				t.Errorf("after the logout: %+v, want nobody", got)
			}
		})
	}
}

// trusted is what a program that mounts the server knows of the site's session.
func (p pair) trusted(srv *liaisontest.Server) protocol.SessionView {
	p.site.t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer "+p.site.token)
	view, err := srv.Handler().Session(r)
	if err != nil {
		p.site.t.Fatal(err)
	}
	return view
}

// TestAssuranceFollowsTheLink: a session that signs in again is worth what the
// second sign-in was worth, not what the first was.
func TestAssuranceFollowsTheLink(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := pair{site: newPeer(t, srv), key: testKey(t, 1), address: testKey(t, 1).Address()}
	for _, c := range []struct {
		edit func(*http.Request)
		want protocol.Assurance
	}{
		{func(r *http.Request) { r.Header.Set("Origin", string(srv.Origin)) }, protocol.SealedOrigin},
		{func(*http.Request) {}, protocol.Sealed},
	} {
		challenge := want[protocol.Challenge](t, p.site.call("GET", protocol.PathChallenge, nil, c.edit))
		p.id, p.signIn, p.wallet = challenge.RequestID, challenge.SignIn, newPeer(t, srv)
		p.greet()
		claim := p.claim()
		claim.Verified = true
		want[any](t, p.post(claim))
		if got := p.collect(); got.Assurance != c.want {
			t.Errorf("assurance = %q, want %q", got.Assurance, c.want)
		}
	}
}
