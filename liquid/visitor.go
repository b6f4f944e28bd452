package liquid

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// grace is how long a token that was replaced still leads to its session: for
// requests that were under way, and for clients that keep the old cookie, too.
const grace = time.Minute

// visitor is who makes a request.
type visitor struct {
	token   liaison.Token
	session liaison.Session // as it was read; new if it is not stored
	isNew   bool            // its token was made for this request
}

// stored reports whether the session has a record.
func (v visitor) stored() bool { return v.session.Version > 0 }

// visit finds the session of a request, or begins one, and hands out its cookie
// if the client does not have it. A session gets a record when there is something
// to remember.
func (h *Handler) visit(header http.Header, r *http.Request) (visitor, error) {
	tokens := h.cookies.tokens(r)
	for _, token := range tokens {
		v, found, err := h.known(r.Context(), token)
		if err != nil {
			return v, err
		}
		if found {
			if v.token != token {
				h.cookies.set(header, v.token)
			}
			return v, nil
		}
	}
	v := visitor{isNew: len(tokens) == 0}
	if v.isNew {
		v.token = newToken()
		h.cookies.set(header, v.token)
	} else {
		v.token = tokens[0]
	}
	v.session = h.begin(v.token)
	return v, nil
}

// begin returns the session that a token opens while it has no record.
func (h *Handler) begin(token liaison.Token) liaison.Session {
	session := liaison.NewSession(token, h.now(), h.dialect.Sessions())
	session.ID = h.cookies.sessionID(token)
	return session
}

// known finds the stored session of a token, or of the one that took its place
// a moment ago.
func (h *Handler) known(ctx context.Context, token liaison.Token) (v visitor, found bool, err error) {
	next := h.cookies.successor(token)
	for _, t := range []liaison.Token{token, next} {
		session, err := h.config.Store.SessionByToken(ctx, t.Hash())
		switch {
		case errors.Is(err, liaison.ErrNotFound):
			continue
		case err != nil:
			return v, false, unavailable("find session", err)
		case !session.Live(h.now(), h.dialect.Sessions()):
			continue
		case t == next && (session.Account == "" || h.tokenAge(session) > grace):
			continue // nobody was given this one in place of the other, or long ago
		}
		if session.Retired {
			if session, err = h.rotate(ctx, session, next); err != nil {
				return v, false, err
			}
			t = next
		}
		h.dialect.Touch(ctx, session)
		return visitor{token: t, session: session}, true, nil
	}
	return v, false, nil
}

// tokenAge is how long ago the session of an account got its token.
func (h *Handler) tokenAge(session liaison.Session) time.Duration {
	return h.dialect.Sessions().Absolute - session.ExpiresAt.Sub(h.now())
}

// rotate gives a session that a link has signed in its next token, with the first
// request that can carry it to the client.
func (h *Handler) rotate(ctx context.Context, session liaison.Session, next liaison.Token) (liaison.Session, error) {
	err := h.dialect.Update(ctx, "renew session id", func() (change liaison.Change, err error) {
		current, err := h.config.Store.Session(ctx, session.ID)
		if err != nil {
			return change, unavailable("find session", err)
		}
		session = current
		if !session.Retired {
			return change, nil
		}
		session = session.Rotated(next, h.now(), h.dialect.Sessions())
		session.Generation-- // the sockets of the session are its own: a link has signed it in, and nobody else
		return liaison.Change{Sessions: []liaison.Session{session}}, nil
	})
	return session, err
}

// current returns the session of a visitor as it is now, for a change to it.
func (h *Handler) current(ctx context.Context, v visitor) (liaison.Session, error) {
	session, err := h.config.Store.Session(ctx, v.session.ID)
	switch {
	case errors.Is(err, liaison.ErrNotFound):
		return h.begin(v.token), nil
	case err != nil:
		return session, unavailable("find session", err)
	}
	return session, nil
}

func unavailable(op string, err error) error {
	code := protocol.Unavailable
	if errors.Is(err, context.Canceled) {
		code = protocol.Canceled
	}
	return &liaison.Error{Code: code, Op: op, Err: err}
}
