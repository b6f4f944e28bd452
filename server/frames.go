package server

import (
	"context"
	"net/http"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// postOffer answers POST /v1/links/{requestId}/offer (arrow 13): a frame from
// the site to the wallet. The first may come before a wallet claimed the link;
// the wallet then finds it with the link.
func (s *Server) postOffer(w http.ResponseWriter, r *http.Request) error {
	return s.postFrame(w, r, protocol.SiteSide)
}

// postAnswer answers POST /v1/links/{requestId}/answer (arrow 14): a frame from
// the wallet to the site.
func (s *Server) postAnswer(w http.ResponseWriter, r *http.Request) error {
	return s.postFrame(w, r, protocol.WalletSide)
}

func (s *Server) postFrame(w http.ResponseWriter, r *http.Request, from protocol.Side) error {
	id, err := requestID(r)
	if err != nil {
		return err
	}
	var frame protocol.Frame
	if err := parseBody(r, &frame); err != nil {
		return err
	}
	// A retired token will do: it is the site's own until it is replaced.
	session, err := s.anySession(r)
	if err != nil {
		return err
	}
	link, err := s.link(r.Context(), id)
	if err != nil {
		return err
	}
	if side, ok := link.Side(session.ID); !ok || side != from {
		return &liaison.Error{Code: protocol.LinkForbidden, Op: "post frame"}
	}
	if err := s.hub.put(link, from.Other(), frame); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// deleteLink answers DELETE /v1/links/{requestId}.
func (s *Server) deleteLink(w http.ResponseWriter, r *http.Request) error {
	id, err := requestID(r)
	if err != nil {
		return err
	}
	session, err := s.anySession(r)
	if err != nil {
		return err
	}
	if err := s.closeLink(r.Context(), id, session.ID); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// closeLink ends a link for both sides, if the session is one of them.
func (s *Server) closeLink(ctx context.Context, id protocol.RequestID, session liaison.SessionID) error {
	link, err := s.link(ctx, id)
	if err != nil {
		return err
	}
	if _, ok := link.Side(session); !ok {
		return &liaison.Error{Code: protocol.LinkForbidden, Op: "close link"}
	}
	_, err = s.updateLink(ctx, "close link", id, liaison.Event{Kind: liaison.Close, Now: s.cfg.Now()}, nil)
	return err
}
