package liquid

import (
	"context"
	"net/http"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// logoutPath is where clients log out, with a GET that they follow to the site.
const logoutPath = "/auth/logout"

// sessionView is the answer to /auth/session.
type sessionView struct {
	User    *user          `json:"user"`
	Session sessionDetails `json:"session"`
}

type sessionDetails struct {
	Wallet string `json:"wallet,omitempty"`
}

// viewSession answers GET /auth/session: who is signed in.
func (h *Handler) viewSession(w http.ResponseWriter, r *http.Request) error {
	v, err := h.visit(w.Header(), r)
	if err != nil {
		return err
	}
	if v.isNew && fromBrowser(r) {
		// A socket that opens at the same time brings the cookie that it belongs to; a
		// second would take its place, and nothing rests on a look.
		w.Header().Del("Set-Cookie")
	}
	var view sessionView
	if account := v.session.Account; account != "" {
		passkeys, err := h.passkeys(r, v.session)
		if err != nil {
			return err
		}
		u := h.ids.user(account, passkeys)
		view = sessionView{&u, sessionDetails{account.Address()}}
	}
	writeJSON(w, http.StatusOK, view)
	return nil
}

// viewUser answers GET /auth/user.
func (h *Handler) viewUser(w http.ResponseWriter, r *http.Request) error {
	v, err := h.visit(w.Header(), r)
	if err != nil {
		return err
	}
	if v.session.Account == "" {
		return errForbidden
	}
	passkeys, err := h.passkeys(r, v.session)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, h.ids.record(v.session.Account, passkeys))
	return nil
}

// passkeys returns those that a session may see: a site that a wallet has signed
// in knows the account, and not how the wallet signs in.
func (h *Handler) passkeys(r *http.Request, session liaison.Session) ([]liaison.Credential, error) {
	if session.Vouched {
		return nil, nil
	}
	passkeys, err := h.config.Store.Credentials(r.Context(), session.Account)
	if err != nil {
		return nil, unavailable("find passkeys", err)
	}
	return passkeys, nil
}

func (h *Handler) writeRecord(w http.ResponseWriter, r *http.Request, status int, account protocol.Account) error {
	passkeys, err := h.config.Store.Credentials(r.Context(), account)
	if err != nil {
		return unavailable("find passkeys", err)
	}
	writeJSON(w, status, h.ids.record(account, passkeys))
	return nil
}

// removeKey answers DELETE /auth/keys/{id}. A key that is not there is removed
// with success, as clients are used to; only the wallet itself removes one.
func (h *Handler) removeKey(w http.ResponseWriter, r *http.Request) error {
	v, err := h.visit(w.Header(), r)
	if err != nil {
		return err
	}
	if v.session.Account == "" || v.session.Vouched {
		return errForbidden
	}
	id := liaison.CredentialID(r.PathValue("id"))
	err = h.dialect.Update(r.Context(), "remove passkey", func() (change liaison.Change, err error) {
		stored, err := h.passkey(r.Context(), id, failure{status: http.StatusOK})
		if err != nil {
			return change, err
		}
		if stored.Account == v.session.Account {
			change.Removed = []liaison.CredentialID{id}
		}
		return change, nil
	})
	if err != nil && asFailure(err).status != http.StatusOK {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]bool{"success": true})
	return nil
}

// logout answers GET /auth/logout. It is a GET, which any page can have a browser
// make, so it counts only where no other site is behind it; the answer is the
// same, also for a page elsewhere, whose browser shows no session.
func (h *Handler) logout(w http.ResponseWriter, r *http.Request) error {
	if h.dialect.SameOrigin(r) {
		if err := h.endSession(w, r); err != nil {
			return err
		}
	}
	header := w.Header()
	allowEveryOrigin(header)
	header.Set("Location", "/")
	header.Set("Vary", "Accept")
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusFound)
	w.Write([]byte("Found. Redirecting to /"))
	return nil
}

// endSession ends every session that the request shows, with the links that it has
// as a site: a client that keeps old cookies must not fall back to one of them, nor
// a wallet sign in with the code of somebody who is gone.
func (h *Handler) endSession(w http.ResponseWriter, r *http.Request) error {
	for _, token := range h.cookies.tokens(r) {
		v, found, err := h.known(r, token)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		var ended liaison.Session
		var closed []liaison.Link
		err = h.dialect.Update(r.Context(), "end session", func() (change liaison.Change, err error) {
			session, err := h.current(r.Context(), v)
			if err != nil {
				return change, err
			}
			if closed, err = h.deserted(r.Context(), session); err != nil {
				return change, err
			}
			ended = session.Ended(h.now())
			ended.Link, ended.Vouched = "", false
			return liaison.Change{Sessions: []liaison.Session{ended}, Links: closed}, nil
		})
		if err != nil {
			return err
		}
		for _, link := range closed {
			h.dialect.LinkClosed(link)
		}
		h.dialect.SessionChanged(ended, "")
		h.dismiss(ended.ID)
	}
	h.cookies.set(w.Header(), newToken())
	return nil
}

// deserted returns the links of a site's session as they are when it has gone.
func (h *Handler) deserted(ctx context.Context, session liaison.Session) (closed []liaison.Link, err error) {
	links, err := h.config.Store.WaitingLinks(ctx, session.ID)
	if err != nil {
		return nil, unavailable("find links of session", err)
	}
	if session.Link != "" {
		link, err := h.stored(ctx, session.Link)
		if err != nil {
			return nil, err
		}
		if link.Site == session.ID {
			links = append(links, link)
		}
	}
	for _, link := range links {
		if !live(link, h.now()) {
			continue
		}
		link, _, err = link.Transition(liaison.Event{Kind: liaison.Close, Now: h.now()})
		if err != nil {
			return nil, err
		}
		closed = append(closed, link)
	}
	return closed, nil
}

// allowEveryOrigin lets pages elsewhere read an answer that shows nobody's data.
func allowEveryOrigin(header http.Header) { header.Set("Access-Control-Allow-Origin", "*") }

// AllowEveryOrigin lets pages elsewhere read what an answer leads to: they log out
// with a request whose answer sends them on to the site's first page, and want to
// see that one. Browsers ask for leave at each address on the way, so it answers
// OPTIONS itself, and next gets everything else. It must not be used for what
// differs from visitor to visitor.
func AllowEveryOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions {
			preflight(w, r)
			return
		}
		allowEveryOrigin(w.Header())
		next.ServeHTTP(w, r)
	})
}

// preflight answers the question that a browser asks before a page elsewhere logs
// out, and before it follows where that leads.
func preflight(w http.ResponseWriter, _ *http.Request) {
	header := w.Header()
	allowEveryOrigin(header)
	header.Set("Access-Control-Allow-Methods", "GET,HEAD")
	header.Set("Access-Control-Allow-Headers", "Content-Type")
	header.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}
