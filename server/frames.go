package server

import (
	"context"
	"net/http"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// postOffer answers POST /v1/links/{requestId}/offer (arrow 13): a frame from
// the site to the wallet. With the first comes the channel id, which is stored
// before the wallet can have anything to sign.
func (s *Server) postOffer(w http.ResponseWriter, r *http.Request) error {
	var body protocol.Offer
	link, session, err := s.frameOf(r, &body, protocol.SiteSide)
	if err != nil {
		return err
	}
	if first := body.N == 0 && !link.Resumption && link.Dialect == ""; first != (body.Channel != "") {
		return protocol.Errorf(protocol.InvalidMessage, "the channel id comes with frame 0 of a link, and with no other")
	}
	if body.Channel != "" && body.Channel != link.Channel {
		event := liaison.Event{Kind: liaison.Bind, Now: s.cfg.Now(), Session: session.ID, Channel: body.Channel}
		if link, err = s.updateLink(r.Context(), "bind channel", link.ID, event, nil); err != nil {
			return err
		}
	}
	return s.takeFrame(w, r, link, protocol.WalletSide, body.Frame())
}

// postAnswer answers POST /v1/links/{requestId}/answer (arrow 14): a frame from
// the wallet to the site.
func (s *Server) postAnswer(w http.ResponseWriter, r *http.Request) error {
	var body protocol.Frame
	link, _, err := s.frameOf(r, &body, protocol.WalletSide)
	if err != nil {
		return err
	}
	return s.takeFrame(w, r, link, protocol.SiteSide, body)
}

// frameOf reads a frame and finds its link, of which the request's session must
// be the given side.
func (s *Server) frameOf(r *http.Request, body protocol.Validator, from protocol.Side) (link liaison.Link, session liaison.Session, err error) {
	id, err := requestID(r)
	if err != nil {
		return link, session, err
	}
	if err = parseBody(r, body); err != nil {
		return link, session, err
	}
	// A retired token will do: it is the site's own until it is replaced.
	if session, err = s.anySession(r); err != nil {
		return link, session, err
	}
	if link, err = s.link(r.Context(), id); err != nil {
		return link, session, err
	}
	if side, ok := link.Side(session.ID); !ok || side != from {
		return link, session, &liaison.Error{Code: protocol.LinkForbidden, Op: "post frame"}
	}
	return link, session, nil
}

func (s *Server) takeFrame(w http.ResponseWriter, r *http.Request, link liaison.Link, to protocol.Side, frame protocol.Frame) error {
	if err := s.hub.put(link, to, frame, s.sender(r)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// linkAsked returns which link the path of a request names, and the session that asks.
func (s *Server) linkAsked(r *http.Request) (id protocol.RequestID, session liaison.Session, err error) {
	if id, err = requestID(r); err != nil {
		return id, session, err
	}
	session, err = s.anySession(r)
	return id, session, err
}

// deleteLink answers DELETE /v1/links/{requestId}.
func (s *Server) deleteLink(w http.ResponseWriter, r *http.Request) error {
	id, session, err := s.linkAsked(r)
	if err != nil {
		return err
	}
	if err := s.closeLink(r.Context(), id, session.ID, ""); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// closeLink ends a link for both sides, if the session is one of them. An empty
// reason stands for [protocol.LinkClosed].
func (s *Server) closeLink(ctx context.Context, id protocol.RequestID, session liaison.SessionID, reason protocol.Code) error {
	link, err := s.link(ctx, id)
	if err != nil {
		return err
	}
	if _, ok := link.Side(session); !ok {
		return &liaison.Error{Code: protocol.LinkForbidden, Op: "close link"}
	}
	_, err = s.updateLink(ctx, "close link", id, liaison.Event{Kind: liaison.Close, Now: s.cfg.Now(), Reason: reason}, nil)
	return err
}
