package liquid

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

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
		v, found, err := h.known(r, token)
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
	for _, token := range tokens {
		unused, err := h.unused(r.Context(), token)
		if err != nil {
			return visitor{}, err
		}
		if unused {
			return visitor{token: token, session: h.begin(token)}, nil
		}
	}
	v := visitor{token: newToken(), isNew: len(tokens) == 0}
	v.session = h.begin(v.token)
	h.cookies.set(header, v.token)
	return v, nil
}

// begin returns the session that a token opens while it has no record.
func (h *Handler) begin(token liaison.Token) liaison.Session {
	session := liaison.NewSession(h.cookies.inner(token), h.now(), h.dialect.Sessions())
	session.ID = h.cookies.sessionID(token)
	return session
}

// unused reports whether no session has begun with a token yet. One that was
// replaced, or logged out, begins no second one.
func (h *Handler) unused(ctx context.Context, token liaison.Token) (bool, error) {
	if isSuccessor(token) {
		return false, nil
	}
	_, err := h.config.Store.Session(ctx, h.cookies.sessionID(token))
	switch {
	case errors.Is(err, liaison.ErrNotFound):
		return true, nil
	case err != nil:
		return false, unavailable("find session", err)
	}
	return false, nil
}

const (
	// grace is how long a token that was replaced still leads to its session: for
	// requests that were under way.
	grace = time.Minute
	// maxSuccessors is how often a client may have signed in meanwhile.
	maxSuccessors = 2
)

// known finds the stored session of a token. For a moment it is also found by the
// tokens before it, by the client that signed in with them.
func (h *Handler) known(r *http.Request, token liaison.Token) (v visitor, found bool, err error) {
	ctx := r.Context()
	for n, t := 0, token; n <= maxSuccessors; n, t = n+1, h.cookies.successor(t, h.client(r)) {
		session, err := h.config.Store.SessionByToken(ctx, h.cookies.inner(t).Hash())
		switch {
		case errors.Is(err, liaison.ErrNotFound):
			continue
		case err != nil:
			return v, false, unavailable("find session", err)
		case !session.Live(h.now(), h.dialect.Sessions()), n > 0 && !h.renewed(session):
			return v, false, nil
		}
		h.dialect.Touch(ctx, session)
		return visitor{token: t, session: session}, true, nil
	}
	return v, false, nil
}

// renewed reports whether a session got its token a moment ago.
func (h *Handler) renewed(session liaison.Session) bool {
	age := h.dialect.Sessions().Absolute - session.ExpiresAt.Sub(h.now())
	return age <= grace && age > -protocol.ClockSkew
}

// current returns the session of a visitor as it is now, for a change to it. One
// that has ended has [protocol.SessionRequired].
func (h *Handler) current(ctx context.Context, v visitor) (liaison.Session, error) {
	session, err := h.config.Store.Session(ctx, v.session.ID)
	switch {
	case errors.Is(err, liaison.ErrNotFound) && !v.stored():
		return h.begin(v.token), nil
	case errors.Is(err, liaison.ErrNotFound), err == nil && !session.Live(h.now(), h.dialect.Sessions()):
		return session, &liaison.Error{Code: protocol.SessionRequired, Op: "find session", Msg: "the session has ended"}
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
