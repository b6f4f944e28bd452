package server

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// touchInterval is how far the stored time of last use may lag behind.
const touchInterval = time.Minute

// cookieName is that of the session's cookie. With TLS the prefix makes the
// browser refuse one that another host or an unprotected page planted.
func (s *Server) cookieName() string {
	if s.cfg.Origin.Scheme() == "https" {
		return "__Host-liaison"
	}
	return "liaison"
}

// setCookie hands the browser of a page of ours, or a native client, its token. A
// page of another origin has computed its own, and must not replace the one that
// the browser keeps for our pages.
func (s *Server) setCookie(w http.ResponseWriter, r *http.Request, token liaison.Token) {
	if s.sameOrigin(r) {
		http.SetCookie(w, s.cookie(token.Reveal(), 0))
	}
}

func (s *Server) clearCookie(w http.ResponseWriter, r *http.Request) {
	if s.sameOrigin(r) {
		http.SetCookie(w, s.cookie("", -1))
	}
}

func (s *Server) cookie(value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: s.cookieName(), Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true,
		Secure: s.cfg.Origin.Scheme() == "https",
		// Lax, not Strict: a person who comes back from a wallet's link must
		// still be signed in.
		SameSite: http.SameSiteLaxMode,
	}
}

// bearerToken returns the token that a native client, or a wallet in a browser,
// shows.
func bearerToken(r *http.Request) (liaison.Token, bool) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return liaison.Token(token), ok && token != ""
}

// requestToken returns the token that a request shows: a bearer token, which no
// other site can make a browser send, or the cookie.
func (s *Server) requestToken(r *http.Request) (liaison.Token, bool) {
	if token, ok := bearerToken(r); ok {
		return token, true
	}
	cookie, err := r.Cookie(s.cookieName())
	if err != nil || cookie.Value == "" {
		return "", false
	}
	return liaison.Token(cookie.Value), true
}

// tokenSession returns the session that a token opens, retired or not, or an
// error with [protocol.SessionRequired].
func (s *Server) tokenSession(ctx context.Context, token liaison.Token) (liaison.Session, error) {
	session, err := s.cfg.Store.SessionByToken(ctx, token.Hash())
	if errors.Is(err, liaison.ErrNotFound) {
		return liaison.Session{}, &liaison.Error{Code: protocol.SessionRequired, Op: "find session", Err: err}
	}
	if err != nil {
		return liaison.Session{}, unavailable("find session", err)
	}
	if !session.Live(s.cfg.Now(), s.cfg.Sessions) {
		return liaison.Session{}, &liaison.Error{Code: protocol.SessionRequired, Op: "find session", Msg: "the session has ended"}
	}
	return session, nil
}

// anySession returns the session of a request, also one whose token is retired.
func (s *Server) anySession(r *http.Request) (liaison.Session, error) {
	token, ok := s.requestToken(r)
	if !ok {
		return liaison.Session{}, &liaison.Error{Code: protocol.SessionRequired, Op: "find session", Msg: "no session was shown"}
	}
	return s.tokenSession(r.Context(), token)
}

// session returns the session of a request and keeps it alive. A session with a
// retired token does not count.
func (s *Server) session(r *http.Request) (liaison.Session, error) {
	session, err := s.anySession(r)
	if err != nil {
		return liaison.Session{}, err
	}
	if session.Retired {
		return liaison.Session{}, &liaison.Error{Code: protocol.SessionRotated, Op: "find session"}
	}
	s.touch(r.Context(), session)
	return session, nil
}

// touch notes that the session was used. That the note is lost to another
// write, or to a store in trouble, does no harm.
func (s *Server) touch(ctx context.Context, session liaison.Session) {
	now := s.cfg.Now()
	if now.Sub(session.SeenAt) < touchInterval {
		return
	}
	session.SeenAt = now
	if err := s.cfg.Store.Commit(ctx, liaison.Change{Sessions: []liaison.Session{session}}); err != nil && !errors.Is(err, liaison.ErrConflict) {
		s.log.WarnContext(ctx, "session not kept alive", "cause", logText(err))
	}
}

// Account returns the account that is signed in with a request, for the routes
// of the site that mounts this server. It is empty if nobody is.
// The error is nil unless storage does not answer ([protocol.Unavailable]).
func (s *Server) Account(r *http.Request) (protocol.Account, error) {
	session, err := s.session(r)
	if errors.Is(err, protocol.Unavailable) {
		return "", err
	}
	return session.Account, nil // zero upon any other error
}

// Session returns what [Server.Account] does, and how far it can be trusted. The
// zero value means that nobody is signed in.
func (s *Server) Session(r *http.Request) (protocol.SessionView, error) {
	session, err := s.session(r)
	if errors.Is(err, protocol.Unavailable) {
		return protocol.SessionView{}, err
	}
	if session.Account == "" { // as upon any other error
		return protocol.SessionView{}, nil
	}
	return viewOf(session), nil
}

func viewOf(s liaison.Session) protocol.SessionView {
	return protocol.SessionView{Account: s.Account, Assurance: s.Assurance, ExpiresAt: s.ExpiresAt}
}

// getSession answers GET /v1/session.
func (s *Server) getSession(w http.ResponseWriter, r *http.Request) error {
	session, err := s.session(r)
	if err != nil {
		return err
	}
	return writeJSON(w, viewOf(session))
}

// collectSession answers POST /v1/session: after a wallet claimed the browser's
// link, the browser exchanges its retired token for the one with the new
// rights. An HTTP-only cookie cannot be set through a WebSocket.
func (s *Server) collectSession(w http.ResponseWriter, r *http.Request) error {
	var body protocol.Collection
	if err := parseBody(r, &body); err != nil {
		return err
	}
	var session liaison.Session
	var next liaison.Token // empty if the browser has it already
	err := s.update(r.Context(), "collect session", func() (change liaison.Change, err error) {
		session, next, err = s.collectable(r, body)
		if err != nil || !session.Retired {
			return change, err
		}
		now := s.cfg.Now()
		session = session.Rotated(next, now, s.cfg.Sessions)
		change.Sessions = []liaison.Session{session}
		change.Accounts = []liaison.AccountRecord{{Account: session.Account, FirstSeenAt: now, LastSeenAt: now}}
		return change, nil
	})
	if err != nil {
		return err
	}
	s.hub.rotated(session, body.RequestID)
	if next != "" {
		s.setCookie(w, r, next)
	}
	return writeJSON(w, viewOf(session))
}

// collectable returns the session of a request if it owns the claimed link and
// got its account by it, and the token that takes the place of the one that was
// shown. An older link of the session will not do: whoever opened that one may
// have left the browser to the person who has just signed in.
func (s *Server) collectable(r *http.Request, body protocol.Collection) (session liaison.Session, next liaison.Token, err error) {
	session, next, err = s.collectedBy(r, body.Key)
	if err != nil {
		return session, "", err
	}
	link, err := s.link(r.Context(), body.RequestID)
	if err != nil {
		return session, "", err
	}
	if _, _, err := link.Transition(liaison.Event{Kind: liaison.Collect, Now: s.cfg.Now(), Session: session.ID}); err != nil {
		return session, "", err
	}
	if link.Dialect != "" && link.Account != session.Account {
		// A wallet of a dialect changes nothing until the site wants it to: this asks
		// for it.
		token, _ := s.requestToken(r)
		return session.Upgraded(link.Account, link.Assurance()), token.Successor(body.Key), nil
	}
	if link.Account != session.Account {
		return session, "", &liaison.Error{Code: protocol.LinkForbidden, Op: "collect session", Msg: "another link has signed this session in"}
	}
	return session, next, nil
}

// collectedBy returns the session of a request. If its token was replaced with
// this key already and the answer was lost, the token leads to the session
// still, but only together with the key.
func (s *Server) collectedBy(r *http.Request, key protocol.Nonce) (liaison.Session, liaison.Token, error) {
	session, err := s.anySession(r)
	if err == nil && !session.Retired {
		return session, "", nil
	}
	token, ok := s.requestToken(r)
	if !ok {
		return session, "", err
	}
	next := token.Successor(key)
	if errors.Is(err, protocol.SessionRequired) {
		session, err = s.tokenSession(r.Context(), next)
	}
	return session, next, err
}
