package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// TestDecisionRecord walks through the arrows of the decision record in their
// order, at the level of the wire.
func TestDecisionRecord(t *testing.T) {
	srv := liaisontest.NewServer(t)
	site, wallet, key := newPeer(t, srv), newPeer(t, srv), testKey(t, 1)

	c := site.challenge() // 1, 2
	anonymous := site.token
	link, err := protocol.ParseLink(c.Link) // 3
	if err != nil || link.RequestID != c.RequestID || link.Server != srv.Origin {
		t.Fatalf("link %q = %+v, %v; want request id %s at %s", c.Link, link, err, c.RequestID, srv.Origin)
	}
	offer, answer := frame(0, "offer"), frame(0, "answer")
	want[any](t, site.call("POST", linkPath(c.RequestID, "/offer"), offer))
	site.dial().subscribe(protocol.TopicLink, c.RequestID, 0) // 4

	view := wallet.view(c.RequestID) // 5
	if view.Offer == nil || *view.Offer != offer {
		t.Fatalf("offer = %+v, want %+v", view.Offer, offer)
	}
	claim := signed(t, key, view.SignIn, c.RequestID)
	claim.Answer = &answer
	got := want[protocol.SessionView](t, wallet.call("POST", linkPath(c.RequestID, ""), claim)) // 6 to 9
	if got.Account != claim.Proof.Account() {
		t.Fatalf("wallet's account = %q, want %q", got.Account, claim.Proof.Account())
	}
	if wallet.token == "" {
		t.Fatal("the wallet got no session")
	}
	m := site.socket.expectOp(protocol.OpLink) // 10
	if m.Account != got.Account || m.Proof == nil || m.Proof.Message != claim.Proof.Message || m.Answer == nil || *m.Answer != answer {
		t.Fatalf("link message = %+v, want account, proof and answer of the claim", m)
	}
	wantProblem(t, site.call("GET", protocol.PathSession, nil), protocol.SessionRotated) // 8: the old id is dead
	view2 := want[protocol.SessionView](t, site.call("POST", protocol.PathSession, protocol.NewCollection(c.RequestID)))
	if view2.Account != got.Account || site.token == anonymous {
		t.Fatalf("site's account = %q, token replaced = %v; want %q, true", view2.Account, site.token != anonymous, got.Account)
	}
	site.socket.subscribe(protocol.AnswerTopic(key.Address()), c.RequestID, 0) // 12
	wallet.dial().subscribe(protocol.OfferTopic(key.Address()), c.RequestID, 0)
	wallet.socket.expectFrame(offer) // 13
	site.socket.expectFrame(answer)  // 14
	candidate := frame(1, "site's candidate")
	site.socket.sendFrame(c.RequestID, candidate) // 15
	wallet.socket.expectFrame(candidate)
	candidate = frame(1, "wallet's candidate")
	wallet.socket.sendFrame(c.RequestID, candidate) // 16
	site.socket.expectFrame(candidate)
	site.socket.ack(c.RequestID, 2)
	if m := wallet.socket.expect(func(m protocol.ServerMessage) bool { return m.Op == protocol.OpAcked && m.Next == 2 }); m.RequestID != c.RequestID {
		t.Fatalf("acked = %+v, want request id %s", m, c.RequestID)
	}
}

func linkPath(id protocol.RequestID, rest string) string {
	return protocol.PathLinks + string(id) + rest
}

// TestEveryOrder lets the steps of the two ends happen in every order that the
// protocol allows. Whatever the order, each end gets all frames once and in
// their order.
func TestEveryOrder(t *testing.T) {
	type step string
	const (
		siteOffers       step = "site offers"
		siteCandidates   step = "site sends a candidate"
		siteSubscribes   step = "site subscribes"
		walletAnswers    step = "wallet answers and sends a candidate"
		walletSubscribes step = "wallet subscribes"
	)
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	for _, order := range permutations([]step{siteOffers, siteCandidates, siteSubscribes, walletAnswers, walletSubscribes}) {
		p := newPair(t, srv, testKey(t, 1))
		post := func(from *peer, path string, f protocol.Frame) {
			want[any](t, from.call("POST", linkPath(p.id, path), f))
		}
		run := map[step]func(){
			siteOffers:     func() { post(p.site, "/offer", frame(0, "offer")) },
			siteCandidates: func() { post(p.site, "/offer", frame(1, "site's candidate")) },
			siteSubscribes: func() { p.site.dial().subscribe(protocol.AnswerTopic(p.address), p.id, 0) },
			walletAnswers: func() {
				post(p.wallet, "/answer", frame(1, "wallet's candidate"))
				post(p.wallet, "/answer", frame(0, "answer"))
			},
			walletSubscribes: func() { p.wallet.dial().subscribe(protocol.OfferTopic(p.address), p.id, 0) },
		}
		for _, s := range order {
			run[s]()
		}
		p.wallet.socket.expectFrame(frame(0, "offer"))
		p.wallet.socket.expectFrame(frame(1, "site's candidate"))
		p.site.socket.expectFrame(frame(0, "answer"))
		p.site.socket.expectFrame(frame(1, "wallet's candidate"))
		for _, end := range []*peer{p.site, p.wallet} {
			end.socket.settle()
			end.socket.quiet(protocol.OpFrame)
			end.socket.conn.NetConn().Close()
		}
		if t.Failed() {
			t.Fatalf("order: %v", order)
		}
	}
}

func permutations[T any](items []T) [][]T {
	if len(items) == 0 {
		return [][]T{nil}
	}
	var all [][]T
	for i := range items {
		rest := append(append([]T(nil), items[:i]...), items[i+1:]...)
		for _, p := range permutations(rest) {
			all = append(all, append([]T{items[i]}, p...))
		}
	}
	return all
}

// TestThousandClaims posts one nonce a thousand times at once.
func TestThousandClaims(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	site := newPeer(t, srv)
	c := site.challenge()
	site.dial().subscribe(protocol.TopicLink, c.RequestID, 0)
	claim := signed(t, testKey(t, 1), c.SignIn, c.RequestID)

	const posts = 1000
	codes := make(map[protocol.Code]int)
	var mu sync.Mutex
	var wg sync.WaitGroup
	gate := make(chan struct{}, 100) // descriptors are finite
	for range posts {
		wg.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			r, err := newPeer(t, srv).tryCall("POST", linkPath(c.RequestID, ""), claim)
			if err != nil {
				t.Errorf("post: %v", err)
				return
			}
			var p protocol.Problem
			json.Unmarshal(r.body, &p)
			mu.Lock()
			defer mu.Unlock()
			codes[p.Code]++
		})
	}
	wg.Wait()
	if codes[""] != 1 || codes[protocol.LinkTaken]+codes[protocol.ProofRejected] != posts-1 {
		t.Fatalf("outcomes = %v, want 1 success and %d of %s or %s", codes, posts-1, protocol.LinkTaken, protocol.ProofRejected)
	}
	site.socket.expectOp(protocol.OpLink)
	site.socket.settle()
	site.socket.quiet(protocol.OpLink)
}

// TestSecondClaim: another wallet is refused and the site is told.
func TestSecondClaim(t *testing.T) {
	srv := liaisontest.NewServer(t)
	site, first, second := newPeer(t, srv), newPeer(t, srv), newPeer(t, srv)
	c := site.challenge()
	site.dial().subscribe(protocol.TopicLink, c.RequestID, 0)
	want[any](t, first.call("POST", linkPath(c.RequestID, ""), signed(t, testKey(t, 1), c.SignIn, c.RequestID)))
	wantProblem(t, second.call("POST", linkPath(c.RequestID, ""), signed(t, testKey(t, 2), c.SignIn, c.RequestID)), protocol.LinkTaken)
	if m := site.socket.expectOp(protocol.OpNotice); m.Code != protocol.LinkTaken {
		t.Fatalf("notice = %+v, want %s", m, protocol.LinkTaken)
	}
	wantProblem(t, second.call("GET", linkPath(c.RequestID, ""), nil), protocol.LinkTaken)
	if second.token != "" {
		t.Fatal("the second wallet got a session")
	}
}

// TestProofMustHold changes one thing at a time. Each costs the nonce, none
// costs the link, and all look the same from outside.
func TestProofMustHold(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	key, other := testKey(t, 1), testKey(t, 2)
	faults := map[string]func(*protocol.SignInRequest, *protocol.RequestID){
		"another domain":    func(r *protocol.SignInRequest, _ *protocol.RequestID) { r.Domain = "evil.example" },
		"another URI":       func(r *protocol.SignInRequest, _ *protocol.RequestID) { r.URI = "https://evil.example" },
		"another link":      func(_ *protocol.SignInRequest, id *protocol.RequestID) { *id = protocol.NewRequestID() },
		"another statement": func(r *protocol.SignInRequest, _ *protocol.RequestID) { r.Statement = "Pay." },
		"expired": func(r *protocol.SignInRequest, _ *protocol.RequestID) {
			r.IssuedAt, r.ExpirationTime = r.IssuedAt.Add(-10*time.Minute), r.ExpirationTime.Add(-10*time.Minute)
		},
		"from the future": func(r *protocol.SignInRequest, _ *protocol.RequestID) {
			r.IssuedAt, r.ExpirationTime = r.IssuedAt.Add(2*time.Minute), r.ExpirationTime.Add(2*time.Minute)
		},
		"valid too long": func(r *protocol.SignInRequest, _ *protocol.RequestID) {
			r.ExpirationTime = r.ExpirationTime.Add(time.Second)
		},
	}
	claims := make(map[string]func(protocol.SignInRequest, protocol.RequestID) protocol.Claim)
	for name, fault := range faults {
		claims[name] = func(r protocol.SignInRequest, id protocol.RequestID) protocol.Claim {
			fault(&r, &id)
			return signed(t, key, r, id)
		}
	}
	claims["another key's signature"] = func(r protocol.SignInRequest, id protocol.RequestID) protocol.Claim {
		c := signed(t, key, r, id)
		c.Proof.Signature = signed(t, other, r, id).Proof.Signature
		return c
	}
	claims["another address"] = func(r protocol.SignInRequest, id protocol.RequestID) protocol.Claim {
		c := signed(t, key, r, id)
		c.Proof.Address = other.Address()
		return c
	}
	claims["another nonce in the text"] = func(r protocol.SignInRequest, id protocol.RequestID) protocol.Claim {
		nonce := r.Nonce
		r.Nonce = protocol.NewNonce()
		c := signed(t, key, r, id)
		c.Nonce = nonce
		return c
	}
	claims["no text"] = func(r protocol.SignInRequest, id protocol.RequestID) protocol.Claim {
		c := signed(t, key, r, id)
		c.Proof.Message = "TX"
		return c
	}
	for name, claim := range claims {
		t.Run(name, func(t *testing.T) {
			site, wallet := newPeer(t, srv), newPeer(t, srv)
			c := site.challenge()
			r := wallet.call("POST", linkPath(c.RequestID, ""), claim(c.SignIn, c.RequestID))
			wantProblem(t, r, protocol.ProofRejected)
			var p protocol.Problem
			json.Unmarshal(r.body, &p)
			if p.Detail != "" {
				t.Errorf("detail = %q, want none: the cause is for the log only", p.Detail)
			}
			// The nonce is spent, also for a claim that would hold.
			wantProblem(t, wallet.call("POST", linkPath(c.RequestID, ""), signed(t, key, c.SignIn, c.RequestID)), protocol.ProofRejected)
			view := wallet.view(c.RequestID)
			if view.SignIn.Nonce == c.SignIn.Nonce {
				t.Fatal("the nonce was not replaced")
			}
			want[any](t, wallet.call("POST", linkPath(c.RequestID, ""), signed(t, key, view.SignIn, c.RequestID)))
		})
	}
}

// TestNonceIsSpentFirst looks into the store at the moment when the proof is
// checked.
func TestNonceIsSpentFirst(t *testing.T) {
	var srv *liaisontest.Server
	var nonceThen protocol.Nonce
	srv = liaisontest.NewServer(t, func(cfg *server.Config) {
		cfg.Verifier = verifierFunc(func(p protocol.Proof) error {
			text, err := protocol.ParseSignIn(p.Message, p.Chain.Namespace())
			if err != nil {
				return err
			}
			link, err := srv.Store.Link(t.Context(), text.RequestID)
			nonceThen = link.Nonce
			return err
		})
	})
	c := newPeer(t, srv).challenge()
	want[any](t, newPeer(t, srv).call("POST", linkPath(c.RequestID, ""), signed(t, testKey(t, 1), c.SignIn, c.RequestID)))
	if nonceThen == "" || nonceThen == c.SignIn.Nonce {
		t.Fatalf("nonce in the store during the check = %q, want another than %q", nonceThen, c.SignIn.Nonce)
	}
}

// TestTooManyProofs: after eight proofs that did not hold no other is checked.
func TestTooManyProofs(t *testing.T) {
	checks := 0
	srv := liaisontest.NewServer(t, func(cfg *server.Config) {
		cfg.Verifier = verifierFunc(func(protocol.Proof) error { checks++; return protocol.ProofRejected })
	})
	wallet, id := newPeer(t, srv), newPeer(t, srv).challenge().RequestID
	for range protocol.ProofAttempts + 2 {
		view := wallet.view(id)
		wantProblem(t, wallet.call("POST", linkPath(id, ""), signed(t, testKey(t, 1), view.SignIn, id)), protocol.ProofRejected)
	}
	if checks != protocol.ProofAttempts {
		t.Fatalf("proofs checked = %d, want %d", checks, protocol.ProofAttempts)
	}
}

// TestReject: the person said no, and the site learns why nothing comes.
func TestReject(t *testing.T) {
	srv := liaisontest.NewServer(t)
	site, wallet := newPeer(t, srv), newPeer(t, srv)
	c := site.challenge()
	site.dial().subscribe(protocol.TopicLink, c.RequestID, 0)
	wantProblem(t, wallet.call("POST", linkPath(c.RequestID, "/reject"), protocol.Rejection{Nonce: protocol.NewNonce()}), protocol.LinkForbidden)
	want[any](t, wallet.call("POST", linkPath(c.RequestID, "/reject"), protocol.Rejection{Nonce: c.SignIn.Nonce}))
	if m := site.socket.expectOp(protocol.OpClosed); m.Code != protocol.UserRejected || m.Remedy == "" {
		t.Fatalf("closed = %+v, want %s with a remedy", m, protocol.UserRejected)
	}
	wantProblem(t, wallet.call("GET", linkPath(c.RequestID, ""), nil), protocol.UserRejected)
}

// TestClose: either end may end the link, by REST and by WebSocket, and nobody
// else may.
func TestClose(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	stranger := newPair(t, srv, testKey(t, 1)) // another link of the same account
	stranger.subscribe()
	ways := map[string]func(p pair) *testSocket{
		"site by REST": func(p pair) *testSocket {
			want[any](t, p.site.call("DELETE", linkPath(p.id, ""), nil))
			return p.wallet.socket
		},
		"wallet by REST": func(p pair) *testSocket {
			want[any](t, p.wallet.call("DELETE", linkPath(p.id, ""), nil))
			return p.site.socket
		},
		"site by WebSocket":   func(p pair) *testSocket { p.site.socket.send(closeMessage(p.id)); return p.wallet.socket },
		"wallet by WebSocket": func(p pair) *testSocket { p.wallet.socket.send(closeMessage(p.id)); return p.site.socket },
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, srv, testKey(t, 1))
			p.subscribe()
			wantProblem(t, stranger.site.call("DELETE", linkPath(p.id, ""), nil), protocol.LinkForbidden)
			stranger.wallet.socket.send(closeMessage(p.id))
			stranger.wallet.socket.expectError(protocol.LinkForbidden)
			if m := way(p).expectOp(protocol.OpClosed); m.Code != protocol.LinkClosed {
				t.Fatalf("closed = %+v, want %s", m, protocol.LinkClosed)
			}
			wantProblem(t, p.site.call("POST", linkPath(p.id, "/offer"), frame(0, "late")), protocol.LinkClosed)
			p.site.socket.sendFrame(p.id, frame(0, "late"))
			p.site.socket.expectError(protocol.LinkForbidden)
		})
	}
}

func closeMessage(id protocol.RequestID) protocol.ClientMessage {
	return protocol.ClientMessage{Op: protocol.OpClose, RequestID: id}
}

// TestReload: a person who reloads the page often is not told to wait; the
// oldest link ends instead.
func TestReload(t *testing.T) {
	srv := liaisontest.NewServer(t)
	site := newPeer(t, srv)
	first := site.challenge()
	for range 5 {
		site.challenge()
	}
	wantProblem(t, site.call("GET", linkPath(first.RequestID, ""), nil), protocol.LinkExpired)
}

// TestLostClaim: a site that was away when its link was claimed hears of it
// when it comes back, also from a server that was started anew meanwhile.
func TestLostClaim(t *testing.T) {
	srv := liaisontest.NewServer(t)
	site, wallet, key := newPeer(t, srv), newPeer(t, srv), testKey(t, 1)
	c := site.challenge()
	claim := signed(t, key, c.SignIn, c.RequestID)
	answer := frame(0, "answer")
	claim.Answer = &answer
	want[any](t, wallet.call("POST", linkPath(c.RequestID, ""), claim))

	site.dial().subscribe(protocol.TopicLink, c.RequestID, 0)
	if m := site.socket.expectOp(protocol.OpLink); m.Answer == nil || *m.Answer != answer {
		t.Fatalf("link = %+v, want the answer too", m)
	}
	srv.Stop()
	srv.Start()
	site.dial().subscribe(protocol.TopicLink, c.RequestID, 0)
	m := site.socket.expectOp(protocol.OpLink)
	if m.Account != claim.Proof.Account() || m.Answer != nil {
		t.Fatalf("link after a restart = %+v, want account %s and no answer", m, claim.Proof.Account())
	}
	// The wallet sends what was not acknowledged again.
	wallet.dial().subscribe(protocol.OfferTopic(key.Address()), c.RequestID, 0)
	wallet.socket.sendFrame(c.RequestID, answer)
	site.socket.subscribe(protocol.AnswerTopic(key.Address()), c.RequestID, 0)
	site.socket.expectFrame(answer)
}

// TestAccount: the site that mounts the server learns who is signed in.
func TestAccount(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := newPair(t, srv, testKey(t, 1))
	request, _ := http.NewRequest("GET", "/", nil)
	account, err := srv.Handler().Account(request)
	if account != "" || err != nil {
		t.Fatalf("without a session: %q, %v; want nobody", account, err)
	}
	request.AddCookie(&http.Cookie{Name: "liaison", Value: p.site.token})
	account, err = srv.Handler().Account(request)
	if err != nil || account.Address() != p.address {
		t.Fatalf("account = %q, %v; want address %s", account, err, p.address)
	}
	record, err := srv.Store.Account(t.Context(), account)
	if err != nil || record.LastSeenAt.IsZero() {
		t.Fatalf("stored account = %+v, %v; want a record", record, err)
	}
}

type verifierFunc func(protocol.Proof) error

func (f verifierFunc) Verify(_ context.Context, p protocol.Proof) error { return f(p) }

// TestExpiry: a link that nobody scanned ends after two minutes, and whoever
// waits for it is told.
func TestExpiry(t *testing.T) {
	clock := newClock()
	srv := liaisontest.NewServer(t, func(cfg *server.Config) { cfg.Now = clock.now })
	site := newPeer(t, srv)
	c := site.challenge()
	site.dial().subscribe(protocol.TopicLink, c.RequestID, 0)
	clock.add(protocol.LinkTTL - time.Second)
	site.view(c.RequestID)
	clock.add(time.Second)
	wantProblem(t, site.call("GET", linkPath(c.RequestID, ""), nil), protocol.LinkExpired)
	wantProblem(t, site.call("POST", linkPath(c.RequestID, ""), signed(t, testKey(t, 1), c.SignIn, c.RequestID)), protocol.LinkExpired)
	if m := site.socket.expectOp(protocol.OpClosed); m.Code != protocol.LinkExpired {
		t.Fatalf("closed = %+v, want %s", m, protocol.LinkExpired)
	}
}

// TestRenewal: a claimed link lives as long as somebody is attached to it, and
// its sessions with it.
func TestRenewal(t *testing.T) {
	clock := newClock()
	srv := liaisontest.NewServer(t, func(cfg *server.Config) { cfg.Now = clock.now })
	p := newPair(t, srv, testKey(t, 1))
	p.subscribe()
	expiry := func() time.Time {
		link, err := srv.Store.Link(t.Context(), p.id)
		if err != nil {
			t.Fatal(err)
		}
		return link.ExpiresAt
	}
	for range 12 { // an hour; unused sessions would end after half of it
		before := expiry()
		clock.add(6 * time.Minute)
		srv.Handler().ExpireRooms(t.Context())
		if !expiry().After(before) {
			t.Fatal("a link in use was not renewed")
		}
	}
	want[any](t, p.site.call("GET", protocol.PathSession, nil))
	p.site.socket.sendFrame(p.id, frame(0, "still here"))
	p.wallet.socket.expectFrame(frame(0, "still here"))
}

// waitFor looks again until the condition holds. It yields between looks.
func waitFor(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for !condition() {
		select {
		case <-deadline.C:
			t.Fatalf("waited %s for %s", patience, what)
		case <-again.C:
		}
	}
}

// clock is a clock that a test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Now()} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}
