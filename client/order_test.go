package client_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/liaison-dev/liaison/client"
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

func isOffer(r *http.Request) bool  { return strings.HasSuffix(r.URL.Path, "/offer") }
func isSocket(r *http.Request) bool { return r.URL.Path == protocol.PathSocket }
func isClaim(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.Count(r.URL.Path, "/") == 3 && strings.HasPrefix(r.URL.Path, protocol.PathLinks)
}

// TestOrders lets the steps of the two sides happen in every order that a slow
// network gives them. Each case holds back or drops requests of one kind.
func TestOrders(t *testing.T) {
	for name, order := range map[string]struct {
		hold      func(*http.Request) bool      // until the wallet's claim was accepted
		drop      func(*http.Request, int) bool // the request and how many like it came before
		withOffer bool                          // whether the wallet finds the offer
	}{
		"offer before the wallet":                  {withOffer: true},
		"wallet reads before the offer":            {hold: isOffer},
		"offer never posted":                       {drop: func(r *http.Request, _ int) bool { return isOffer(r) }},
		"wallet claims before the site subscribes": {hold: isSocket, withOffer: true},
		"neither offer nor subscription in time":   {hold: func(r *http.Request) bool { return isOffer(r) || isSocket(r) }},
		"first subscriptions refused":              {drop: func(r *http.Request, n int) bool { return isSocket(r) && n < 2 }, withOffer: true},
		"first collections refused":                {drop: func(r *http.Request, n int) bool { return r.URL.Path == protocol.PathSession && n < 2 }, withOffer: true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFront(t)
			held := newGate()
			defer held.open()
			var mu sync.Mutex
			seen := make(map[string]int)
			f.onRequest(func(w http.ResponseWriter, r *http.Request) bool {
				mu.Lock()
				n := seen[r.URL.Path]
				seen[r.URL.Path]++
				mu.Unlock()
				if order.hold != nil && order.hold(r) {
					held.wait(r)
				}
				if order.drop != nil && order.drop(r, n) {
					io.Copy(io.Discard, r.Body)
					w.WriteHeader(http.StatusBadGateway)
					return true
				}
				return false
			})
			s := openLink(t, f.origin)
			s.accept()
			s.readWhen(order.withOffer)
			go func() {
				s.wallet.expect(t, "linked", func(e client.Event) bool { return e.Kind == client.EventLinked })
				held.open()
			}()
			s.meet()
			s.talk(name)
		})
	}
}

// readWhen reads the link when the site's offer is there, or before.
func (s *sides) readWhen(withOffer bool) {
	s.t.Helper()
	for {
		s.read()
		if s.request.HasOffer() == withOffer {
			return
		}
		if !withOffer {
			s.t.Fatal("the offer is with the link already")
		}
		s.request.Close()
	}
}
