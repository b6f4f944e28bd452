package server_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// TestDecisionRecord walks through the arrows of spec/protocol.md §1 in their
// order, at the level of the wire.
func TestDecisionRecord(t *testing.T) {
	srv := liaisontest.NewServer(t)
	site, wallet, key := newPeer(t, srv), newPeer(t, srv), testKey(t, 1)

	c := site.challenge() // 1, 2
	anonymous := site.token
	link, err := protocol.ParseLink(c.Link) // 3
	if err != nil || link != (protocol.Link{Server: srv.Origin, RequestID: c.RequestID}) {
		t.Fatalf("link %q = %+v, %v; want request id %s at %s and nothing secret", c.Link, link, err, c.RequestID, srv.Origin)
	}
	site.dial().subscribe(protocol.TopicLink, c.RequestID, 0) // 4

	joined := wallet.join(c.RequestID) // 5
	if joined.RequestID != c.RequestID || joined.Origin != "" || !joined.ExpiresAt.After(c.ExpiresAt) || wallet.token == "" {
		t.Fatalf("joined = %+v with token %t; want the link with more time, no origin of a page, and a session", joined, wallet.token != "")
	}
	if m := site.socket.expectOp(protocol.OpFrame); m.Topic != protocol.TopicLink || m.D != hello.D {
		t.Fatalf("frame = %+v, want the wallet's message 1 on topic link", m)
	}
	site.socket.ack(c.RequestID, 1)
	wallet.dial().subscribe(protocol.TopicJoin, c.RequestID, 0)
	want[any](t, site.call("POST", linkPath(c.RequestID, "/offer"), welcomeTo(c.RequestID))) // 13
	if m := wallet.socket.expectOp(protocol.OpFrame); m.Topic != protocol.TopicJoin || m.D != welcome.D {
		t.Fatalf("frame = %+v, want the site's message 2 on topic join", m)
	}
	wallet.socket.ack(c.RequestID, 1)
	site.socket.expectAcked(1)

	joinedToken := wallet.token
	claim := signed(t, key, c.SignIn, c.RequestID)
	got := want[protocol.SessionView](t, wallet.call("POST", linkPath(c.RequestID, ""), claim)) // 6 to 9
	if got.Account != claim.Proof.Account() || got.Assurance != protocol.Sealed || wallet.token == joinedToken {
		t.Fatalf("wallet's session = %+v, new token: %t; want account %q, sealed, true", got, wallet.token != joinedToken, claim.Proof.Account())
	}
	m := site.socket.expectOp(protocol.OpLink) // 10
	if m.Account != got.Account || m.Proof == nil || !m.Proof.Equal(claim.Proof) || m.Answer == nil || *m.Answer != answer {
		t.Fatalf("link message = %+v, want account, proof and answer of the claim", m)
	}
	wantProblem(t, site.call("GET", protocol.PathSession, nil), protocol.SessionRotated) // 8: the old id is dead
	view := want[protocol.SessionView](t, site.call("POST", protocol.PathSession, protocol.NewCollection(c.RequestID)))
	if view.Account != got.Account || site.token == anonymous {
		t.Fatalf("site's account = %q, token replaced = %v; want %q, true", view.Account, site.token != anonymous, got.Account)
	}
	site.socket.subscribe(protocol.AnswerTopic(key.Address()), c.RequestID, 2) // 12
	wallet.socket.subscribe(protocol.OfferTopic(key.Address()), c.RequestID, 1)
	site.socket.sendFrame(c.RequestID, frame(1, "site's candidate")) // 15
	wallet.socket.expectFrame(frame(1, "site's candidate"))
	wallet.socket.sendFrame(c.RequestID, frame(2, "wallet's candidate")) // 16
	site.socket.expectFrame(frame(2, "wallet's candidate"))
	site.socket.ack(c.RequestID, 3)
	wallet.socket.expectAcked(3)
	for _, end := range []*peer{site, wallet} {
		end.socket.settle()
		end.socket.quiet(protocol.OpFrame)
	}
}

// TestEveryOrder lets the steps of the two ends of a claimed link happen in every
// order. Whatever the order, each end gets all frames once and in their order.
func TestEveryOrder(t *testing.T) {
	type step string
	const (
		siteOffers       step = "site offers"
		siteCandidates   step = "site sends a candidate"
		siteSubscribes   step = "site subscribes"
		walletAnswers    step = "wallet sends a candidate and an answer, in the wrong order"
		walletSubscribes step = "wallet subscribes"
	)
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	for _, order := range permutations([]step{siteOffers, siteCandidates, siteSubscribes, walletAnswers, walletSubscribes}) {
		p := newPair(t, srv, testKey(t, 1))
		post := func(from *peer, path string, f protocol.Frame) {
			want[any](t, from.call("POST", linkPath(p.id, path), f))
		}
		run := map[step]func(){
			siteOffers:     func() { post(p.site, "/offer", frame(first, "offer")) },
			siteCandidates: func() { post(p.site, "/offer", frame(first+1, "site's candidate")) },
			siteSubscribes: func() { p.site.dial().subscribe(protocol.AnswerTopic(p.address), p.id, first) },
			walletAnswers: func() {
				post(p.wallet, "/answer", frame(first+1, "wallet's candidate"))
				post(p.wallet, "/answer", frame(first, "answer"))
			},
			walletSubscribes: func() { p.wallet.dial().subscribe(protocol.OfferTopic(p.address), p.id, first) },
		}
		for _, s := range order {
			run[s]()
		}
		p.wallet.socket.expectFrame(frame(first, "offer"))
		p.wallet.socket.expectFrame(frame(first+1, "site's candidate"))
		p.site.socket.expectFrame(frame(first, "answer"))
		p.site.socket.expectFrame(frame(first+1, "wallet's candidate"))
		p.hearsNoMore()
		if t.Failed() {
			t.Fatalf("order: %v", order)
		}
	}
}

// hearsNoMore checks that no frame is left for either end, and closes their
// sockets.
func (p pair) hearsNoMore() {
	p.site.t.Helper()
	for _, end := range []*peer{p.site, p.wallet} {
		end.socket.settle()
		end.socket.quiet(protocol.OpFrame)
		end.socket.conn.NetConn().Close()
	}
}

// TestEveryOrderOfTheHandshake lets the steps up to the claim happen in every
// order that the protocol allows, at one node and at two. Each end says with
// each subscription what it has, and gets all that there is, once.
func TestEveryOrderOfTheHandshake(t *testing.T) {
	type step string
	const (
		siteSubscribes   step = "site subscribes"
		walletJoins      step = "wallet joins"
		walletSubscribes step = "wallet subscribes"
		siteWelcomes     step = "site welcomes"
		walletClaims     step = "wallet claims"
	)
	before := func(order []step, a, b step) bool { return slices.Index(order, a) < slices.Index(order, b) }
	nodes := liaisontest.NewNodes(t, 2, liaisontest.Unlimited)
	for _, at := range [][2]int{{0, 0}, {0, 1}, {1, 0}} {
		for _, order := range permutations([]step{siteSubscribes, walletJoins, walletSubscribes, siteWelcomes, walletClaims}) {
			if !before(order, walletJoins, walletSubscribes) || !before(order, walletJoins, siteWelcomes) || !before(order, siteWelcomes, walletClaims) {
				continue
			}
			p := opened(t, nodes[0], testKey(t, 1))
			p.site.server, p.wallet.server = nodes[at[0]].Origin, nodes[at[1]].Origin
			run := map[step]func(){
				siteSubscribes:   func() { p.site.dial().subscribe(protocol.TopicLink, p.id, 0) },
				walletJoins:      func() { p.wallet.join(p.id) },
				walletSubscribes: func() { p.wallet.dial().subscribe(protocol.TopicJoin, p.id, 0) },
				siteWelcomes:     p.welcome,
				walletClaims:     func() { want[any](t, p.post(p.claim())) },
			}
			siteGot, walletGot := 0, 0
			for i, s := range order {
				run[s]()
				if s == walletClaims {
					p.site.server, p.wallet.server = nodes[at[1]].Origin, nodes[at[0]].Origin // whoever comes later comes elsewhere
				}
				claimed := slices.Contains(order[:i+1], walletClaims)
				done := order[:i+1]
				if !claimed && siteGot == 0 && slices.Contains(done, siteSubscribes) && slices.Contains(done, walletJoins) {
					p.site.socket.expectFrame(hello)
					siteGot = 1
				}
				if !claimed && walletGot == 0 && slices.Contains(done, walletSubscribes) && slices.Contains(done, siteWelcomes) {
					p.wallet.socket.expectFrame(welcome)
					walletGot = 1
				}
			}
			if m := p.site.socket.expectOp(protocol.OpLink); m.Answer != nil && *m.Answer != answer {
				t.Errorf("link = %+v, want no other answer than %+v", m, answer)
			}
			p.site.socket.subscribe(protocol.AnswerTopic(p.address), p.id, siteGot)
			p.wallet.socket.subscribe(protocol.OfferTopic(p.address), p.id, walletGot)
			if siteGot == 0 {
				p.site.socket.expectFrame(hello)
			}
			if walletGot == 0 {
				p.wallet.socket.expectFrame(welcome)
			}
			p.site.socket.expectFrame(answer)
			p.hearsNoMore()
			if t.Failed() {
				t.Fatalf("site and wallet at nodes %v, order: %v", at, order)
			}
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

// TestReject: the person said no, and the site learns why nothing comes. Only the
// wallet that joined can say so.
func TestReject(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := opened(t, srv, testKey(t, 1))
	p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
	stranger := greeted(t, srv, testKey(t, 1)).wallet
	reject := func(from *peer) reply { return from.call("POST", linkPath(p.id, "/reject"), nil) }
	wantProblem(t, reject(stranger), protocol.LinkNotJoined) // nobody has come
	p.wallet.join(p.id)
	wantProblem(t, reject(newPeer(t, srv)), protocol.SessionRequired)
	wantProblem(t, reject(stranger), protocol.LinkNotJoined)
	wantProblem(t, reject(p.site), protocol.LinkNotJoined)
	want[any](t, reject(p.wallet))
	p.site.socket.expectClosed(protocol.UserRejected)
	wantProblem(t, reject(p.wallet), protocol.UserRejected)
	wantProblem(t, newPeer(t, srv).call("POST", linkPath(p.id, "/join"), newJoin()), protocol.UserRejected)

	claimed := newPair(t, srv, testKey(t, 1))
	wantProblem(t, claimed.wallet.call("POST", linkPath(claimed.id, "/reject"), nil), protocol.LinkTaken)
}

// TestClose: either end may end the link, by REST and by WebSocket, before and
// after the claim, and nobody else may.
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
		"site by WebSocket":   func(p pair) *testSocket { p.site.socket.send(closeMessage(p.id, "")); return p.wallet.socket },
		"wallet by WebSocket": func(p pair) *testSocket { p.wallet.socket.send(closeMessage(p.id, "")); return p.site.socket },
	}
	states := map[string]func() pair{
		"before the claim": func() pair {
			p := greeted(t, srv, testKey(t, 1))
			p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
			p.wallet.dial().subscribe(protocol.TopicJoin, p.id, 0)
			return p
		},
		"after the claim": func() pair {
			p := newPair(t, srv, testKey(t, 1))
			p.subscribe()
			return p
		},
	}
	for when, prepare := range states {
		for name, way := range ways {
			t.Run(when+", "+name, func(t *testing.T) {
				p := prepare()
				wantProblem(t, stranger.site.call("DELETE", linkPath(p.id, ""), nil), protocol.LinkForbidden)
				stranger.wallet.socket.send(closeMessage(p.id, protocol.NotLocal))
				stranger.wallet.socket.expectError(protocol.LinkForbidden)
				way(p).expectClosed(protocol.LinkClosed)
				wantProblem(t, p.site.call("POST", linkPath(p.id, "/offer"), frame(first, "late")), protocol.LinkClosed)
				p.site.socket.sendFrame(p.id, frame(first, "late"))
				p.site.socket.expectError(protocol.LinkForbidden)
			})
		}
	}
}

func closeMessage(id protocol.RequestID, code protocol.Code) protocol.ClientMessage {
	return protocol.ClientMessage{Op: protocol.OpClose, RequestID: id, Code: code}
}

// TestCloseWithAReason: the other side learns why, on whichever node it is, and
// so does whoever asks later. A code that is no reason is refused and ends
// nothing.
func TestCloseWithAReason(t *testing.T) {
	nodes := liaisontest.NewNodes(t, 2)
	for _, code := range []protocol.Code{protocol.NotLocal, protocol.HandshakeFailed, protocol.ServerMismatch, protocol.InvalidPeer, protocol.CodeMismatch} {
		p := greeted(t, nodes[0], testKey(t, 1))
		p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
		p.wallet.server = nodes[1].Origin
		p.wallet.dial().subscribe(protocol.TopicJoin, p.id, 0)
		for _, bad := range []protocol.Code{"because", protocol.Replaced, protocol.Internal, protocol.PeerLost} {
			p.wallet.socket.send(closeMessage(p.id, bad))
			p.wallet.socket.expectError(protocol.InvalidMessage)
		}
		p.wallet.socket.send(closeMessage(p.id, code))
		p.site.socket.expectClosed(code)
		p.wallet.socket.expectClosed(code)
		wantProblem(t, p.site.call("POST", linkPath(p.id, "/offer"), welcomeTo(p.id)), code)
	}
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
	wantProblem(t, newPeer(t, srv).call("POST", linkPath(first.RequestID, "/join"), newJoin()), protocol.LinkExpired)
}

// TestAwayWhenClaimed: a site that was away when its link was claimed hears of it
// when it comes back, also from a server that was started anew meanwhile.
func TestAwayWhenClaimed(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := greeted(t, srv, testKey(t, 1))
	claim := p.claim()
	want[any](t, p.post(claim))

	p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
	if m := p.site.socket.expectOp(protocol.OpLink); m.Answer == nil || *m.Answer != answer {
		t.Fatalf("link = %+v, want the answer too", m)
	}
	srv.Stop()
	srv.Start()
	p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
	m := p.site.socket.expectOp(protocol.OpLink)
	if m.Account != claim.Proof.Account() || m.Answer != nil {
		t.Fatalf("link after a restart = %+v, want account %s and no answer", m, claim.Proof.Account())
	}
	// The wallet sends what was not acknowledged again.
	p.wallet.dial().subscribe(protocol.OfferTopic(p.address), p.id, 0)
	p.wallet.socket.sendFrame(p.id, hello)
	p.wallet.socket.sendFrame(p.id, answer)
	p.site.socket.subscribe(protocol.AnswerTopic(p.address), p.id, 0)
	p.site.socket.expectFrame(hello)
	p.site.socket.expectFrame(answer)
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

// TestExpiry: a link that nobody scanned ends after two minutes, one that was
// scanned three minutes after that, attended or not, and whoever waits is told.
func TestExpiry(t *testing.T) {
	for _, c := range []struct {
		name  string
		begin func(p pair)
		ttl   time.Duration
	}{
		{"nobody came", func(pair) {}, protocol.LinkTTL},
		{"a wallet came", func(p pair) { p.greet(); p.wallet.dial().subscribe(protocol.TopicJoin, p.id, 0) }, protocol.ConsentTTL},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock := newClock()
			srv := liaisontest.NewServer(t, func(cfg *server.Config) { cfg.Now = clock.now })
			p := opened(t, srv, testKey(t, 1))
			p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
			c.begin(p)
			clock.add(c.ttl - 2*time.Second) // whole seconds are stored
			srv.Handler().ExpireRooms(t.Context())
			p.site.socket.settle()
			p.site.socket.quiet(protocol.OpClosed)
			clock.add(2 * time.Second)
			wantProblem(t, p.wallet.call("POST", linkPath(p.id, "/join"), newJoin()), protocol.LinkExpired)
			if p.wallet.token != "" {
				wantProblem(t, p.post(p.claim()), protocol.LinkExpired)
				p.wallet.socket.expectClosed(protocol.LinkExpired)
			}
			p.site.socket.expectClosed(protocol.LinkExpired)
		})
	}
}

// TestRenewal: a claimed link lives as long as somebody is attached to it, and
// its sessions with it.
func TestRenewal(t *testing.T) {
	clock := newClock()
	srv := liaisontest.NewServer(t, func(cfg *server.Config) { cfg.Now = clock.now })
	p := newPair(t, srv, testKey(t, 1))
	p.subscribe()
	for range 12 { // an hour; unused sessions would end after half of it
		before := p.expiry(srv)
		clock.add(6 * time.Minute)
		srv.Handler().ExpireRooms(t.Context())
		if !p.expiry(srv).After(before) {
			t.Fatal("a link in use was not renewed")
		}
	}
	want[any](t, p.site.call("GET", protocol.PathSession, nil))
	p.site.socket.sendFrame(p.id, frame(first, "still here"))
	p.wallet.socket.expectFrame(frame(first, "still here"))
}

// expiry is when the stored link ends.
func (p pair) expiry(srv *liaisontest.Server) time.Time {
	p.site.t.Helper()
	link, err := srv.Store.Link(p.site.t.Context(), p.id)
	if err != nil {
		p.site.t.Fatal(err)
	}
	return link.ExpiresAt
}

// TestNothingSecretIsAsked: what the server hands out and takes has no place for
// the secret of a link.
func TestNothingSecretIsAsked(t *testing.T) {
	srv := liaisontest.NewServer(t)
	c := newPeer(t, srv).challenge()
	if strings.Contains(c.Link, "#") {
		t.Errorf("link %q has a fragment, which is the page's to add", c.Link)
	}
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
