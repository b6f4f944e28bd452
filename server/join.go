package server

import (
	"errors"
	"net/http"
	"slices"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// joinLink answers POST /v1/links/{requestId}/join: a wallet that scanned the
// code takes the one place that there is for it, with its message of the
// handshake. What that says is the site's to judge.
func (s *Server) joinLink(w http.ResponseWriter, r *http.Request) error {
	id, err := requestID(r)
	if err != nil {
		return err
	}
	var body protocol.Join
	if err := parseBody(r, &body); err != nil {
		return err
	}
	token := liaison.JoinToken(body.Key, id)
	link, err := s.join(r, id, token)
	if err != nil {
		return err
	}
	if err := s.hub.put(link, protocol.SiteSide, body.Frame, s.sender(r)); err != nil {
		return err
	}
	s.log.DebugContext(r.Context(), "link joined", "link", s.alias(id))
	s.setCookie(w, r, token)
	return writeJSON(w, protocol.Joined{RequestID: link.ID, ExpiresAt: link.ExpiresAt, Origin: link.Origin, ICEServers: s.cfg.ICEServers})
}

// join stores the wallet's session with the link. Made again with the same
// token, also while the first attempt is under way, it changes nothing.
func (s *Server) join(r *http.Request, id protocol.RequestID, token liaison.Token) (link liaison.Link, err error) {
	ctx := r.Context()
	var effects []liaison.Effect
	err = s.update(ctx, "join link", func() (change liaison.Change, err error) {
		if link, err = s.link(ctx, id); err != nil {
			return change, err
		}
		wallet, err := s.joining(r, token)
		if err != nil || wallet.ID == link.Wallet {
			return change, err
		}
		link, effects, err = link.Transition(liaison.Event{Kind: liaison.Join, Now: s.cfg.Now(), Session: wallet.ID})
		return liaison.Change{Links: []liaison.Link{link}, Sessions: []liaison.Session{wallet}}, err
	})
	if slices.Contains(effects, liaison.WarnSite) {
		s.hub.warnSite(id)
	}
	return link, err
}

// joining returns the session that a wallet's token opens: a new one, or that of
// an attempt whose answer was lost. A resumption may have been opened anew since
// that attempt, so its session is one for the new opening, too.
func (s *Server) joining(r *http.Request, token liaison.Token) (liaison.Session, error) {
	wallet, err := s.cfg.Store.SessionByToken(r.Context(), token.Hash())
	switch {
	case errors.Is(err, liaison.ErrNotFound):
		wallet = s.newSession(r, token)
		wallet.Wallet = true
		return wallet, nil
	case err != nil:
		return wallet, unavailable("find the wallet's session", err)
	case !wallet.Live(s.cfg.Now(), s.cfg.Sessions):
		return wallet.Rotated(token, s.cfg.Now(), s.cfg.Sessions), nil
	}
	return wallet, nil
}
