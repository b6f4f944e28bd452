package server

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// sealedSession returns the session of a request if it may look after what its
// account has here. One that only a server vouches for may not: a website that got
// it through a dialect would read, and take away, what is a wallet's that only
// wanted to sign in there.
func (s *Server) sealedSession(r *http.Request, op string) (liaison.Session, error) {
	session, err := s.session(r)
	switch {
	case err != nil:
		return session, err
	case session.Account == "":
		return session, &liaison.Error{Code: protocol.SessionRequired, Op: op, Msg: "nobody is signed in"}
	case !session.Assurance.AtLeast(protocol.Sealed):
		return session, &liaison.Error{Code: protocol.AssuranceTooLow, Op: op}
	}
	return session, nil
}

// listSessions answers GET /v1/sessions.
func (s *Server) listSessions(w http.ResponseWriter, r *http.Request) error {
	session, err := s.sealedSession(r, "list sessions")
	if err != nil {
		return err
	}
	all, err := s.cfg.Store.SessionsOf(r.Context(), session.Account)
	if err != nil {
		return unavailable("find sessions", err)
	}
	now := s.cfg.Now()
	views := make([]protocol.AccountSession, 0, len(all))
	for _, one := range all {
		if one.Live(now, s.cfg.Sessions) {
			view := accountSession(one)
			view.Current = one.ID == session.ID
			views = append(views, view)
		}
	}
	return writeJSON(w, protocol.SessionList{Sessions: views})
}

func accountSession(s liaison.Session) protocol.AccountSession {
	return protocol.AccountSession{
		ID: string(s.ID), Role: roleOf(s), Label: s.Label, Assurance: s.Assurance,
		CreatedAt: s.CreatedAt.UTC(), LastSeenAt: s.SeenAt.UTC(), ExpiresAt: s.ExpiresAt.UTC(),
	}
}

func roleOf(s liaison.Session) protocol.Role {
	switch {
	case s.Wallet:
		return protocol.WalletRole
	case s.Assurance == protocol.ServerAsserted && !s.Vouched:
		return "" // wallets and sites of a dialect sign in alike
	}
	return protocol.SiteRole
}

// endSession answers DELETE /v1/session: a logout.
func (s *Server) endSession(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.end(r.Context(), func() (liaison.Session, error) { return s.anySession(r) }); err != nil {
		return err
	}
	s.clearCookie(w, r)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// endOtherSession answers DELETE /v1/sessions/{sessionId}: a session of the same
// account is logged out from here. That of another account is as unknown as none.
func (s *Server) endOtherSession(w http.ResponseWriter, r *http.Request) error {
	asking, err := s.sealedSession(r, "end session")
	if err != nil {
		return err
	}
	id := liaison.SessionID(r.PathValue("sessionId"))
	ended, err := s.end(r.Context(), func() (liaison.Session, error) { return s.sessionOf(r.Context(), asking.Account, id) })
	if err != nil {
		return err
	}
	s.log.InfoContext(r.Context(), "session ended from another", "chain", asking.Account.Chain(), "own", ended.ID == asking.ID)
	if ended.ID == asking.ID {
		s.clearCookie(w, r)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// sessionOf returns a live session that speaks for the account.
func (s *Server) sessionOf(ctx context.Context, account protocol.Account, id liaison.SessionID) (liaison.Session, error) {
	session, err := s.cfg.Store.Session(ctx, id)
	switch {
	case errors.Is(err, liaison.ErrNotFound), err == nil && (session.Account != account || !session.Live(s.cfg.Now(), s.cfg.Sessions)):
		return liaison.Session{}, &liaison.Error{Code: protocol.SessionUnknown, Op: "find session"}
	case err != nil:
		return session, unavailable("find session", err)
	}
	return session, nil
}

// end ends the session that find returns: its token is dead, its sockets are
// closed, and nobody can answer the codes that it still shows.
func (s *Server) end(ctx context.Context, find func() (liaison.Session, error)) (liaison.Session, error) {
	var ended liaison.Session
	var closed []liaison.Link
	err := s.update(ctx, "end session", func() (change liaison.Change, err error) {
		session, err := find()
		if err != nil {
			return change, err
		}
		if closed, err = s.abandoned(ctx, session.ID); err != nil {
			return change, err
		}
		ended = session.Ended(s.cfg.Now())
		return liaison.Change{Sessions: []liaison.Session{ended}, Links: closed}, nil
	})
	if err != nil {
		return ended, err
	}
	for _, link := range closed {
		s.hub.linkClosed(link.ID, link.Reason)
	}
	s.hub.rotated(ended, "")
	return ended, nil
}

// abandoned returns the links of a session whose codes wait for a wallet, as they are
// when the session has ended. A resumption is none: its two ends know each other, and
// it signs nobody in.
func (s *Server) abandoned(ctx context.Context, id liaison.SessionID) (closed []liaison.Link, err error) {
	waiting, err := s.cfg.Store.WaitingLinks(ctx, id)
	if err != nil {
		return nil, unavailable("find links of session", err)
	}
	now := s.cfg.Now()
	for _, link := range waiting {
		if link.Resumption || !now.Before(link.ExpiresAt) {
			continue
		}
		link, _, err = link.Transition(liaison.Event{Kind: liaison.Close, Now: now})
		if err != nil {
			return nil, err
		}
		closed = append(closed, link)
	}
	return closed, nil
}

// newSession returns a session that begins with a request.
func (s *Server) newSession(r *http.Request, token liaison.Token) liaison.Session {
	session := liaison.NewSession(token, s.cfg.Now(), s.cfg.Sessions)
	session.Label = agentLabel(r.UserAgent())
	return session
}

// What tells browsers and systems apart in what a browser says of itself. Most of
// them claim to be the ones further down as well, so the first that fits is meant.
var (
	agentBrowsers = []agentMark{
		{"Edg", "Edge"},
		{"OPR/", "Opera"},
		{"SamsungBrowser/", "Samsung Internet"},
		{"Firefox/", "Firefox"},
		{"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"},
		{"Chrome/", "Chrome"},
		{"Safari/", "Safari"},
	}
	agentSystems = []agentMark{
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Android", "Android"},
		{"Windows", "Windows"},
		{"CrOS", "ChromeOS"},
		{"Mac OS X", "macOS"},
		{"Linux", "Linux"},
	}
)

type agentMark struct{ mark, name string }

// agentLabel says which browser on which system a User-Agent names, in words of
// ours: nothing that a client made up is kept or shown. It is empty for what is no
// browser.
func agentLabel(userAgent string) string {
	browser, system := firstMark(agentBrowsers, userAgent), firstMark(agentSystems, userAgent)
	if browser == "" || system == "" {
		return browser
	}
	return browser + " on " + system
}

func firstMark(marks []agentMark, userAgent string) string {
	for _, m := range marks {
		if strings.Contains(userAgent, m.mark) {
			return m.name
		}
	}
	return ""
}
