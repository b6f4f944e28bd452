package liquid

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/netip"
	"slices"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// challengeBytes is the length that some wallets insist on.
const challengeBytes = 32

// newChallenge draws a challenge. Wallets sign it as it is, so it must mean
// nothing: whatever an account of Algorand signs begins with a letter, and no
// letter has the highest bit.
func newChallenge() []byte {
	challenge := make([]byte, challengeBytes)
	rand.Read(challenge)
	challenge[0] |= 0x80
	return challenge
}

// issue stores a ceremony for a visitor and returns its challenge. The oldest of
// too many goes.
func (h *Handler) issue(r *http.Request, v visitor, kind liaison.CeremonyKind, credential liaison.CredentialID, verify bool) ([]byte, error) {
	if err := h.dialect.AdmitChallenge(r); err != nil {
		return nil, err
	}
	challenge := newChallenge()
	ceremony := liaison.Ceremony{
		ID: liaison.CeremonyOf(challenge), Kind: kind, Session: v.session.ID, Credential: credential,
		UserVerification: verify, ExpiresAt: h.now().Add(liaison.CeremonyTTL),
	}
	err := h.dialect.Update(r.Context(), "store challenge", func() (change liaison.Change, err error) {
		open, err := h.config.Store.Ceremonies(r.Context(), v.session.ID)
		if err != nil {
			return change, unavailable("find challenges", err)
		}
		for _, old := range open[:max(len(open)-liaison.MaxCeremonies+1, 0)] {
			change.Spent = append(change.Spent, old.ID)
		}
		change.Ceremonies = []liaison.Ceremony{ceremony}
		return change, nil
	})
	if err == nil && v.isNew && fromBrowser(r) {
		h.births.challenge(ceremony.ID, h.client(r))
	}
	return challenge, err
}

// take finds the ceremony that a response answers, and spends it: whatever the
// response is worth, there is no second one. Missing is what a client is told who
// was given no challenge, unverified one who answers another.
func (h *Handler) take(r *http.Request, v visitor, kind liaison.CeremonyKind, challenge []byte, missing, unverified failure) (liaison.Ceremony, error) {
	ctx := r.Context()
	ceremony, err := h.config.Store.Ceremony(ctx, liaison.CeremonyOf(challenge))
	switch {
	case err == nil && h.belongs(r, ceremony, v) && ceremony.Kind == kind:
		return ceremony, h.spend(ctx, ceremony, missing)
	case err != nil && !errors.Is(err, liaison.ErrNotFound):
		return ceremony, unavailable("find challenge", err)
	}
	open, err := h.config.Store.Ceremonies(ctx, v.session.ID)
	if err != nil {
		return ceremony, unavailable("find challenges", err)
	}
	open = slices.DeleteFunc(open, func(c liaison.Ceremony) bool { return c.Kind != kind || !h.now().Before(c.ExpiresAt) })
	switch len(open) {
	case 0:
		return ceremony, missing
	case 1: // it can only be this one that was answered so
		if err := h.spend(ctx, open[0], unverified); err != nil {
			return ceremony, err
		}
	}
	return ceremony, unverified
}

// belongs reports whether a ceremony is a visitor's. Of a client's first two
// requests, made at once, each gets a session of its own, and only one of the two
// cookies stays.
func (h *Handler) belongs(r *http.Request, c liaison.Ceremony, v visitor) bool {
	return c.Session == v.session.ID || h.births.twins(c.ID, v.session.ID, h.client(r))
}

// spend removes a ceremony. Gone is the error if it is not there any more.
func (h *Handler) spend(ctx context.Context, c liaison.Ceremony, gone failure) error {
	err := h.dialect.Update(ctx, "spend challenge", func() (change liaison.Change, err error) {
		_, err = h.config.Store.Ceremony(ctx, c.ID)
		switch {
		case errors.Is(err, liaison.ErrNotFound):
			return change, gone
		case err != nil:
			return change, unavailable("find challenge", err)
		}
		return liaison.Change{Spent: []liaison.CeremonyID{c.ID}}, nil
	})
	if err == nil && !h.now().Before(c.ExpiresAt) {
		return gone
	}
	return err
}

// fromBrowser reports whether a browser made a request: nothing else has one jar for
// requests that know nothing of each other.
func fromBrowser(r *http.Request) bool {
	return r.Header.Get("Origin") != "" || r.Header.Get("Sec-Fetch-Site") != ""
}

// client is what two requests of one client have in common.
func (h *Handler) client(r *http.Request) string {
	return h.dialect.Address(r).String() + "\x00" + r.UserAgent()
}

// signedIn is what a sign-in changes beside the session.
type signIn struct {
	account    protocol.Account
	credential liaison.CredentialID
	ceremony   liaison.CeremonyID
	addr       netip.Addr // of the client
	unverified failure    // what the client is told if the link is not its to have
	// link is the reference that the wallet read from a code; nil if none.
	link *reference
	// with adds what else belongs to the change.
	with func(*liaison.Change) error
}

// signIn gives the visitor's session the account's rights and a new token, and
// the link that the wallet names to that session, in one change.
func (h *Handler) signIn(w http.ResponseWriter, r *http.Request, v visitor, in signIn) error {
	ctx := r.Context()
	in.addr = h.dialect.Address(r)
	token := h.cookies.successor(v.token, h.client(r))
	var session liaison.Session
	change := func(id protocol.RequestID, change *liaison.Change) (err error) {
		if session, err = h.current(ctx, v); err != nil {
			return err
		}
		other := session.Account != in.account
		session = session.SignedIn(in.account, protocol.ServerAsserted).Rotated(h.cookies.inner(token), h.now(), h.dialect.Sessions())
		if session.Vouched || other || id != "" {
			session.Link, session.Vouched = id, false
		}
		change.Sessions = append(change.Sessions, session)
		change.Accounts = append(change.Accounts, liaison.AccountRecord{Account: in.account, FirstSeenAt: h.now(), LastSeenAt: h.now()})
		return in.with(change)
	}
	if _, err := h.claim(ctx, v, in, change); err != nil {
		return err
	}
	h.cookies.set(w.Header(), token)
	h.recall(in.ceremony, session.ID)
	h.renew(session, h.client(r)) // before the wallet hears of it: what it sends next finds the link
	h.dialect.SessionChanged(session, "")
	return nil
}
