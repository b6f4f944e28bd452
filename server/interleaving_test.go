package server_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/membus"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
	"github.com/liaison-dev/liaison/sqlite"
)

// meanwhileStore lets a test do something right after a record was read, while
// the server still believes what it read.
type meanwhileStore struct {
	liaison.Store

	mu sync.Mutex
	// Guarded by mu.
	afterLink, afterToken func()
}

// once takes what is to be done, so that it is done once.
func (s *meanwhileStore) once(what *func()) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	do := *what
	*what = nil
	if do == nil {
		return func() {}
	}
	return do
}

func (s *meanwhileStore) Link(ctx context.Context, id protocol.RequestID) (liaison.Link, error) {
	link, err := s.Store.Link(ctx, id)
	s.once(&s.afterLink)()
	return link, err
}

func (s *meanwhileStore) SessionByToken(ctx context.Context, hash liaison.TokenHash) (liaison.Session, error) {
	session, err := s.Store.SessionByToken(ctx, hash)
	s.once(&s.afterToken)()
	return session, err
}

func (s *meanwhileStore) whenLinkIsRead(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.afterLink = do
}

func (s *meanwhileStore) whenTokenIsRead(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.afterToken = do
}

// newMeanwhile starts a server on such a store.
func newMeanwhile(t *testing.T) (*liaisontest.Server, *meanwhileStore) {
	t.Helper()
	kept, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "liaison.db")})
	if err != nil {
		t.Fatal(err)
	}
	store := &meanwhileStore{Store: kept}
	bus := membus.New().Join()
	listener := httptest.NewUnstartedServer(nil)
	origin := protocol.Origin("http://" + listener.Listener.Addr().String())
	verifier := chain.Default()
	srv, err := server.New(server.Config{Origin: origin, Store: store, Bus: bus, Verifier: verifier, Chains: verifier.Chains()})
	if err != nil {
		t.Fatal(err)
	}
	listener.Config.Handler = srv
	listener.Start()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := srv.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
		listener.Close()
		bus.Close()
		kept.Close()
	})
	return &liaisontest.Server{Origin: origin, Store: store}, store
}

// TestLogoutWhileSocketOpens: a session that ends between the reading of its
// token and the socket leaves no socket behind.
func TestLogoutWhileSocketOpens(t *testing.T) {
	srv, store := newMeanwhile(t)
	p := newPair(t, srv, testKey(t, 1))
	other := *p.site // the same session in another tab
	store.whenTokenIsRead(func() { want[any](t, other.call("DELETE", protocol.PathSession, nil)) })
	p.site.dial().expectClose(protocol.SessionRotated)
}

// TestClaimWhileSubscribing: a site learns of a claim that comes between the
// reading of its link and the subscription.
func TestClaimWhileSubscribing(t *testing.T) {
	srv, store := newMeanwhile(t)
	p := greeted(t, srv, testKey(t, 1))
	p.site.dial()
	claim := p.claim()
	store.whenLinkIsRead(func() { want[any](t, p.post(claim)) })
	p.site.socket.subscribe(protocol.TopicLink, p.id, 0)
	m := p.site.socket.expectOp(protocol.OpLink)
	if m.Account != claim.Proof.Account() || m.Answer == nil || *m.Answer != answer {
		t.Fatalf("got %+v, want the claim by %s with its answer", m, claim.Proof.Account())
	}
}

// TestRejectWhileSubscribing: so with the end of the link.
func TestRejectWhileSubscribing(t *testing.T) {
	srv, store := newMeanwhile(t)
	p := greeted(t, srv, testKey(t, 1))
	p.site.dial()
	store.whenLinkIsRead(func() { want[any](t, p.wallet.call("POST", linkPath(p.id, "/reject"), nil)) })
	p.site.socket.subscribe(protocol.TopicLink, p.id, 0)
	p.site.socket.expectClosed(protocol.UserRejected)
}

// TestJoinWhileSubscribing: that a wallet comes between the reading of the link
// and the subscription is not news of a claim, and its message arrives.
func TestJoinWhileSubscribing(t *testing.T) {
	srv, store := newMeanwhile(t)
	p := opened(t, srv, testKey(t, 1))
	p.site.dial()
	store.whenLinkIsRead(func() { p.wallet.join(p.id) })
	p.site.socket.subscribe(protocol.TopicLink, p.id, 0)
	p.site.socket.expectFrame(hello)
	p.site.socket.settle()
	p.site.socket.quiet(protocol.OpLink)
	p.welcome()
	want[any](t, p.post(p.claim()))
	p.site.socket.expectOp(protocol.OpLink)
}

// TestWelcomeWhileSubscribing: nor is the site's message lost that comes while
// the wallet subscribes.
func TestWelcomeWhileSubscribing(t *testing.T) {
	srv, store := newMeanwhile(t)
	p := opened(t, srv, testKey(t, 1))
	p.wallet.join(p.id)
	p.wallet.dial()
	store.whenLinkIsRead(p.welcome)
	p.wallet.socket.subscribe(protocol.TopicJoin, p.id, 0)
	p.wallet.socket.expectFrame(welcome)
	p.wallet.socket.settle()
	p.wallet.socket.quiet(protocol.OpFrame)
}

// TestTakeoverWhileJoining: a wallet that joins a resumption while it is opened
// anew has joined the new opening.
func TestTakeoverWhileJoining(t *testing.T) {
	srv, store := newMeanwhile(t)
	p := pair{site: newPeer(t, srv), wallet: newPeer(t, srv), id: someResumption()}
	p.site.resume(p.id)
	store.whenLinkIsRead(func() { p.site.resume(p.id) })
	p.wallet.join(p.id)
	p.attach()
	p.hearsNoMore()
}

// TestSecondJoinWhileJoining: of two wallets that both found the link waiting, one
// is refused, and the site is told.
func TestSecondJoinWhileJoining(t *testing.T) {
	srv, store := newMeanwhile(t)
	p := opened(t, srv, testKey(t, 1))
	p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
	store.whenLinkIsRead(func() { p.wallet.join(p.id) })
	second := newPeer(t, srv)
	wantProblem(t, second.call("POST", linkPath(p.id, "/join"), newJoin()), protocol.LinkTaken)
	p.site.socket.expectOp(protocol.OpNotice)
	if second.token != "" {
		t.Error("the second wallet got a session")
	}
}

// TestClaimWhileFrameComes: a frame whose link was read before the claim does
// not make the server forget whose address the link has.
func TestClaimWhileFrameComes(t *testing.T) {
	srv, store := newMeanwhile(t)
	p := greeted(t, srv, testKey(t, 1))
	other := *p.site
	store.whenLinkIsRead(func() {
		want[any](t, p.post(p.claim()))
		p.site.dial().subscribe(protocol.AnswerTopic(p.address), p.id, 2)
		p.wallet.dial().subscribe(protocol.OfferTopic(p.address), p.id, 0)
	})
	want[any](t, other.call("POST", linkPath(p.id, "/offer"), welcomeTo(p.id)))
	if m := p.wallet.socket.expectOp(protocol.OpFrame); m.Topic != protocol.OfferTopic(p.address) {
		t.Fatalf("topic = %q, want %q", m.Topic, protocol.OfferTopic(p.address))
	}
}

// TestSessionEndsUnderSocket: a socket does not outlive its session, however
// busy it is.
func TestSessionEndsUnderSocket(t *testing.T) {
	clock := newClock()
	srv := liaisontest.NewServer(t, func(cfg *server.Config) { cfg.Now = clock.now })
	p := newPair(t, srv, testKey(t, 1))
	p.subscribe()
	for end := clock.now().Add(12 * time.Hour); !clock.now().After(end); clock.add(6 * time.Minute) {
		srv.Handler().ExpireRooms(t.Context())
	}
	if status := p.site.call("GET", protocol.PathSession, nil).status; status != http.StatusUnauthorized {
		t.Fatalf("session after 12 hours: status %d, want %d", status, http.StatusUnauthorized)
	}
	srv.Handler().ExpireRooms(t.Context())
	p.site.socket.expectClose(protocol.SessionRequired)
	p.wallet.socket.expectClose(protocol.SessionRequired)
}
