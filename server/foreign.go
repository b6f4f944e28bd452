package server

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

// preflightLife is how long a browser may remember that a route answers pages of
// other origins.
const preflightLife = 10 * time.Minute

// foreign runs a handler that pages of other origins may call as well: those of
// wallets (docs/adr/0011-browser-wallets.md). Such a page shows the token that it
// holds itself. What the browser would add of its own accord is the person's
// session with the site, which is none of that page's business: the cookie is gone
// before anything looks for it, and none is set.
func (s *Server) foreign(handle handler) http.HandlerFunc {
	guarded := s.limited(func(w http.ResponseWriter, r *http.Request) error {
		if s.sameOrigin(r) {
			return handle(w, r)
		}
		if !s.reachedByName(r) {
			return s.originDenied()
		}
		return handle(w, withoutCookie(r))
	})
	return func(w http.ResponseWriter, r *http.Request) {
		// Before everything else, since a wallet has to read errors, too. Without
		// Allow-Credentials no browser lets a page read what a cookie got it.
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Expose-Headers", instanceHeader+", Retry-After")
		guarded(w, r)
	}
}

// reachedByName reports whether a request at a server on loopback names it as it
// names itself. A name that somebody let lead here makes his page look like one of
// ours to the browser (DNS rebinding); elsewhere TLS sees to that.
func (s *Server) reachedByName(r *http.Request) bool {
	return !s.cfg.Origin.Loopback() || r.Host == s.cfg.Origin.Host()
}

func withoutCookie(r *http.Request) *http.Request {
	r = r.WithContext(r.Context()) // a copy: a request that was handed to us is not ours to change
	r.Header = r.Header.Clone()
	r.Header.Del("Cookie")
	return r
}

// preflight answers a browser that asks whether a page of another origin may make
// calls with these methods at a path. It is not counted as a request: to answer
// costs less than to refuse, and a page never learns why its question was refused.
func (s *Server) preflight(methods []string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(methods, r.Header.Get("Access-Control-Request-Method")) {
			s.guarded(noRoute)(w, r)
			return
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", strings.Join(methods, ", "))
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
		h.Set("Access-Control-Max-Age", strconv.Itoa(int(preflightLife.Seconds())))
		w.WriteHeader(http.StatusNoContent)
	}
}

func noRoute(http.ResponseWriter, *http.Request) error {
	return protocol.Errorf(protocol.NoRoute, "nothing answers this method at this path")
}
