package server

import (
	"context"
	"errors"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// maxConflicts is how often a change is computed again because a record moved
// on. Each round one of the competitors gets through, and no more than a few
// can want the same link or session at once.
const maxConflicts = 32

// update commits what change returns. When a record moved on meanwhile, change
// is called again and must read anew.
func (s *Server) update(ctx context.Context, op string, change func() (liaison.Change, error)) error {
	for range maxConflicts {
		c, err := change()
		if err != nil {
			return err
		}
		err = s.commit(ctx, c)
		if err == nil {
			return nil
		}
		if !errors.Is(err, liaison.ErrConflict) {
			return unavailable(op, err)
		}
	}
	return &liaison.Error{Code: protocol.Overloaded, Op: op, Msg: "too many changes at once"}
}

// commitTimeout bounds one commit.
const commitTimeout = 10 * time.Second

// commit stores a change, also for a client that hangs up meanwhile: others must
// learn of what was stored.
func (s *Server) commit(ctx context.Context, change liaison.Change) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	return s.cfg.Store.Commit(ctx, change)
}

// updateLink applies one event to a link and stores the outcome. With may say
// what else belongs to the change; it may be nil. Effects happen before
// updateLink returns, also those of a refused event.
func (s *Server) updateLink(ctx context.Context, op string, id protocol.RequestID, event liaison.Event,
	with func(liaison.Link, *liaison.Change) error,
) (liaison.Link, error) {
	var next liaison.Link
	var effects []liaison.Effect
	err := s.update(ctx, op, func() (change liaison.Change, err error) {
		link, err := s.storedLink(ctx, id)
		if err != nil {
			return change, err
		}
		if next, effects, err = link.Transition(event); err != nil {
			return change, err
		}
		change.Links = []liaison.Link{next}
		if with != nil {
			err = with(next, &change)
		}
		return change, err
	})
	for _, effect := range effects {
		switch effect {
		case liaison.WarnSite:
			s.hub.warnSite(id)
		case liaison.TellClosed:
			if err == nil {
				s.hub.linkClosed(id, next.Reason)
			}
		case liaison.TellClaimed: // claim does it: it has the answer to hand over as well
		}
	}
	return next, err
}

// storedLink returns a link in whatever state it is.
func (s *Server) storedLink(ctx context.Context, id protocol.RequestID) (liaison.Link, error) {
	link, err := s.cfg.Store.Link(ctx, id)
	if errors.Is(err, liaison.ErrNotFound) {
		return link, &liaison.Error{Code: protocol.LinkUnknown, Op: "find link", Err: err}
	}
	if err != nil {
		return link, unavailable("find link", err)
	}
	return link, nil
}

// link returns a link that is neither closed nor expired.
func (s *Server) link(ctx context.Context, id protocol.RequestID) (liaison.Link, error) {
	link, err := s.storedLink(ctx, id)
	if err != nil {
		return link, err
	}
	if link.State == liaison.Closed {
		return link, &liaison.Error{Code: link.Reason, Op: "find link"}
	}
	if !s.cfg.Now().Before(link.ExpiresAt) {
		return link, &liaison.Error{Code: protocol.LinkExpired, Op: "find link"}
	}
	return link, nil
}

// unavailable says that storage did not do what it should. A caller that went
// away is not storage's fault.
func unavailable(op string, err error) error {
	code := protocol.Unavailable
	if errors.Is(err, context.Canceled) {
		code = protocol.Canceled
	}
	return &liaison.Error{Code: code, Op: op, Err: err}
}
