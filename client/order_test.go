package client_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/liaison-dev/liaison/protocol"
)

// gate holds requests back until it is opened.
type gate struct {
	once sync.Once
	done chan struct{}
}

func newGate() *gate { return &gate{done: make(chan struct{})} }

func (g *gate) open() { g.once.Do(func() { close(g.done) }) }

func (g *gate) wait(r *http.Request) {
	select {
	case <-g.done:
	case <-r.Context().Done():
	}
}

func isJoin(r *http.Request) bool    { return strings.HasSuffix(r.URL.Path, "/join") }
func isOffer(r *http.Request) bool   { return strings.HasSuffix(r.URL.Path, "/offer") }
func isNetwork(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/network") }
func isSocket(r *http.Request) bool  { return r.URL.Path == protocol.PathSocket }
func isCollection(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Path == protocol.PathSession
}

func isClaim(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.Count(r.URL.Path, "/") == 3 && strings.HasPrefix(r.URL.Path, protocol.PathLinks)
}

// network is what lies between the two sides and their server.
type network struct {
	// hold keeps a request back until the wallet has joined, or until the site
	// has answered that.
	hold         func(r *http.Request, n int) bool
	untilOffered bool
	// refuse answers a request with an error before it gets to the server.
	refuse func(r *http.Request, n int) bool
	// swallow loses the answer, after the server has done what was asked.
	swallow func(r *http.Request, n int) bool
}

// TestOrders lets the steps of the two sides happen in every order that a slow
// network gives them. n counts the requests to one path.
func TestOrders(t *testing.T) {
	t.Parallel()
	first := func(is func(*http.Request) bool, count int) func(*http.Request, int) bool {
		return func(r *http.Request, n int) bool { return is(r) && n < count }
	}
	siteSocket := first(isSocket, 1) // the wallet has none before it has joined
	for name, net := range map[string]network{
		"nothing is slow":               {},
		"the wallet's socket is late":   {hold: func(r *http.Request, n int) bool { return isSocket(r) && n == 1 }, untilOffered: true},
		"first sockets refused":         {refuse: first(isSocket, 3)},
		"offer refused at first":        {refuse: first(isOffer, 2)},
		"join refused at first":         {refuse: first(isJoin, 2)},
		"claim refused at first":        {refuse: first(isClaim, 2)},
		"first collections refused":     {refuse: first(isCollection, 2)},
		"network never told":            {refuse: first(isNetwork, 99)},
		"answer to the join lost":       {swallow: first(isJoin, 2)},
		"answer to the offer lost":      {swallow: first(isOffer, 2)},
		"every answer to an offer lost": {swallow: first(isOffer, 99)},
		"answer to the claim lost":      {swallow: first(isClaim, 2)},
		"answer to the collection lost": {swallow: first(isCollection, 2)},
		"all of these answers lost": {swallow: func(r *http.Request, n int) bool {
			return !isSocket(r) && n == 0 && r.URL.Path != protocol.PathChallenge
		}},
		"hello before the site subscribed":    {hold: siteSocket},
		"site subscribes after a lost answer": {hold: siteSocket, swallow: first(isJoin, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFront(t)
			joined, offered := newGate(), newGate()
			var mu sync.Mutex
			seen := make(map[string]int)
			f.onRequest(func(w http.ResponseWriter, r *http.Request) bool {
				mu.Lock()
				n := seen[r.URL.Path]
				seen[r.URL.Path]++
				mu.Unlock()
				if net.hold != nil && net.hold(r, n) {
					if net.untilOffered {
						offered.wait(r)
					} else {
						joined.wait(r)
					}
				}
				switch {
				case net.refuse != nil && net.refuse(r, n):
					io.Copy(io.Discard, r.Body)
					w.WriteHeader(http.StatusBadGateway)
					return true
				case net.swallow != nil && net.swallow(r, n):
					f.proxy.ServeHTTP(httptest.NewRecorder(), r)
					w.WriteHeader(http.StatusBadGateway)
				default:
					f.proxy.ServeHTTP(w, r)
				}
				if isJoin(r) {
					joined.open()
				} else if isOffer(r) {
					offered.open()
				}
				return true
			})
			s := openLink(t, f.origin)
			s.accept()
			s.read()
			s.meet()
			s.talk(name)
			s.collected()
			if err := s.siteEnd.Restart(limited(t)); err != nil { // the site's frames get through
				t.Errorf("Restart: %v", err)
			}
			s.talk("after a restart")
		})
	}
}

// collected waits until the site has the token of its upgraded session.
func (s *sides) collected() {
	s.t.Helper()
	ctx := limited(s.t)
	for {
		view, err := s.pending.Session(ctx)
		if err == nil && view.Account == s.key.Account() {
			return
		}
		// The old token is retired, or replaced and the answer is under way, or it
		// is this answer that got lost.
		underWay := protocol.CodeOf(err).Info().Retry || errors.Is(err, protocol.SessionRequired)
		if ctx.Err() != nil || !underWay {
			s.t.Fatalf("the site's session = %+v, %v, want it signed in as %s", view, err, s.key.Account())
		}
	}
}

// TestSocketBreaksWhileTheCollectionIsLost does the same to the site: the token
// that it has is dead, and the answer that would bring the next was lost.
func TestSocketBreaksWhileTheCollectionIsLost(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	s := openLink(t, f.origin)
	s.read()
	lost, broken := 0, newGate()
	f.onRequest(func(_ http.ResponseWriter, r *http.Request) bool {
		if !isCollection(r) || lost == 2 {
			return false
		}
		f.proxy.ServeHTTP(httptest.NewRecorder(), r)
		s.site.forget()
		f.cut()
		if lost++; lost == 2 {
			broken.open()
		}
		return true
	})
	s.meet()
	wait(t, "the session is collected", broken.done)
	s.collected()
	s.site.expect(t, "socket back", socketUp)
	if err := s.siteEnd.Restart(limited(t)); err != nil {
		t.Errorf("Restart: %v", err)
	}
	s.talk("after all")
}

// TestSocketBreaksWhileTheClaimIsLost cuts the wallet's socket while the answers
// to its claim are lost: its token is not good any more, and the next is not
// known yet.
func TestSocketBreaksWhileTheClaimIsLost(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	s := openLink(t, f.origin)
	s.accept()
	s.read()
	var lost int
	f.onRequest(func(w http.ResponseWriter, r *http.Request) bool {
		if !isClaim(r) || lost == 2 {
			return false
		}
		lost++
		f.proxy.ServeHTTP(httptest.NewRecorder(), r)
		f.cut()
		return true
	})
	s.meet()
	s.talk("after all")
	if lost != 2 {
		t.Errorf("%d answers to the claim were lost, want 2", lost)
	}
}
