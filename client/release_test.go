package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
)

func isRelease(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/release") }

func isLinked(e client.Event) bool { return e.Kind == client.EventLinked }

// grab is what an attacker's page does: it tries to collect its session from the
// moment of the claim until stop, which returns what it got.
func (s *sides) grab() (stop func() protocol.SessionView) {
	ctx, cancel := context.WithCancel(limited(s.t))
	got := make(chan protocol.SessionView, 1)
	go func() {
		var view protocol.SessionView
		for ctx.Err() == nil && view.Account == "" {
			view, _ = s.pending.Collect(ctx)
		}
		got <- view
	}()
	return func() protocol.SessionView {
		cancel()
		return <-got
	}
}

// anonymous fails unless nobody is signed in at the site.
func (s *sides) anonymous(when string) {
	s.t.Helper()
	if view, err := s.pending.Session(limited(s.t)); err != nil || view.Account != "" {
		s.t.Errorf("%s: the site's session = %+v, %v, want nobody signed in", when, view, err)
	}
}

// TestRequireFromAfarSignsNobodyIn: a page far away that checks nothing, and
// collects its session as soon as it can, gets neither channel nor session from a
// wallet that asks for nearness.
func TestRequireFromAfarSignsNobodyIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		site, wallet protocol.Locality
	}{
		"the wallet asks for it": {protocol.LocalityOff, protocol.LocalityRequire},
		"the site asks for it":   {protocol.LocalityRequire, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := liaisontest.NewServer(t, liaisontest.Unlimited)
			attacker, victim := far(t, 80*time.Millisecond)
			p := place{attacker, victim}
			s := openLink(t, srv.Origin, p.asks(c.site))
			s.read(p.own(c.wallet))
			stop := s.grab()
			s.refused(protocol.NotLocal, protocol.NotLocal)
			if got := stop(); got.Account != "" {
				t.Errorf("the page far away has collected %+v, want nothing", got)
			}
			s.anonymous("after the refusal")
		})
	}
}

// TestSecondQuestionComesBeforeTheSignIn: under prefer the site is signed in only
// if the person, asked once more, says yes.
func TestSecondQuestionComesBeforeTheSignIn(t *testing.T) {
	t.Parallel()
	for name, yes := range map[string]bool{"no": false, "yes": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := differentNetworks(t)
			p := faraway(t)
			s := openLink(t, h.Origin, p.asks(protocol.LocalityOff))
			s.read(p.own(protocol.LocalityPrefer), func(c *client.WalletConfig) {
				c.ConfirmRemote = func(context.Context, client.LocalityReport) (bool, error) {
					s.anonymous("while the person is asked")
					if _, err := s.pending.Collect(limited(t)); !errors.Is(err, protocol.LinkNotClaimed) {
						t.Errorf("collection while the person is asked: %v, want %s", err, protocol.LinkNotClaimed)
					}
					return yes, nil
				}
			})
			if !yes {
				s.refused(protocol.NotLocal, protocol.NotLocal)
				s.anonymous("after the refusal")
				return
			}
			s.meet()
			s.collected()
		})
	}
}

// TestSiteWaitsForTheRelease: a site that asks for nothing itself learns that the
// wallet still measures, and collects its session when that is over and not
// before, on whichever way it hears of it.
func TestSiteWaitsForTheRelease(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	var collections, refusals atomic.Int32
	measured := newGate()
	f.onRequest(func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case isNetwork(r):
			measured.wait(r)
		case isCollection(r):
			collections.Add(1)
		case isSocket(r) && refusals.Add(-1) >= 0: // not even if it is told so
			w.WriteHeader(http.StatusUnauthorized)
			json.NewEncoder(w).Encode(protocol.Problem{Code: protocol.SessionRotated})
			return true
		}
		return false
	})
	s := openLink(t, f.origin, nearby(t).asks(protocol.LocalityOff))
	s.read(nearby(t).own(protocol.LocalityRequire))
	go func() {
		defer measured.open()
		s.site.expect(t, "linked", isLinked)
		<-time.After(client.CollectAfter + 300*time.Millisecond)
		s.site.forget()
		refusals.Store(2)
		f.cut()
		s.site.expect(t, "socket back", socketUp)
		if got := collections.Load(); got != 0 {
			t.Errorf("the session was asked for %d times before the wallet had measured, want never", got)
		}
	}()
	s.meet()
	s.collected()
	s.talk("released")
}

// TestSiteHearsOfTheRelease while it has no channel: its socket was cut while the
// claim was held.
func TestSiteHearsOfTheRelease(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]bool{"on the socket that it has": false, "on the next socket": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFront(t)
			s := openLink(t, f.origin, nearby(t).asks(protocol.LocalityOff))
			released, heard := newGate(), newGate()
			f.onRequest(func(w http.ResponseWriter, r *http.Request) bool {
				switch {
				case isRelease(r):
					if cut && !closed(released) {
						f.away() // nobody is there to be told
						f.proxy.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithoutCancel(r.Context())))
						released.open()
						f.back()
					} else {
						f.proxy.ServeHTTP(w, r)
						released.open()
					}
					heard.wait(r) // the wallet does not know, and says no ok
					return true
				case isCollection(r):
					if !closed(released) {
						t.Error("the session was collected before the release")
					}
					defer heard.open()
					f.proxy.ServeHTTP(w, r)
					return true
				}
				return false
			})
			s.read(nearby(t).own(protocol.LocalityRequire))
			s.meet()
			s.collected()
		})
	}
}

// TestReleaseIsMadeAgain until it is answered.
func TestReleaseIsMadeAgain(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	s := openLink(t, f.origin, nearby(t).asks(protocol.LocalityRequire))
	s.read(nearby(t).own(""))
	var tries atomic.Int32
	f.onRequest(func(w http.ResponseWriter, r *http.Request) bool {
		if !isRelease(r) {
			return false
		}
		switch tries.Add(1) {
		case 1: // it does not get there
			io.Copy(io.Discard, r.Body)
		case 2: // its answer gets lost
			f.proxy.ServeHTTP(httptest.NewRecorder(), r)
		default:
			return false
		}
		w.WriteHeader(http.StatusBadGateway)
		return true
	})
	s.meet()
	s.collected()
	if got := tries.Load(); got != 3 {
		t.Errorf("the claim was released %d times, want 3", got)
	}
}

// TestNothingIsHeldWithoutNeed: a wallet that has nothing to measure before it
// agrees makes one call for the claim, as ever.
func TestNothingIsHeldWithoutNeed(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	f.onRequest(func(_ http.ResponseWriter, r *http.Request) bool {
		if isRelease(r) {
			t.Error("the wallet has released a claim that need not be held")
		}
		return false
	})
	s := openLink(t, f.origin)
	s.read()
	s.meet()
	s.collected()
}
