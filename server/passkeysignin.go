package server

import (
	"context"
	"errors"
	"net/http"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// askPasskey answers POST /v1/passkeys/authentication. Whoever has no session
// gets one, which the challenge is bound to. The answer does not depend on
// whether an account has passkeys, or is known, unless it is the session's own.
func (s *Server) askPasskey(w http.ResponseWriter, r *http.Request) error {
	var body protocol.PasskeyAuthenticationRequest
	if err := parseBody(r, &body); err != nil {
		return err
	}
	var session liaison.Session
	var token liaison.Token // of a new session
	nonce, ceremony, err := s.giveChallenge(r, "", func() (liaison.Session, liaison.Ceremony, error) {
		var err error
		session, token, err = s.asking(r)
		asked := liaison.Ceremony{Kind: liaison.Authentication, Account: body.Account}
		if session.Account != "" {
			if body.Account != "" && body.Account != session.Account {
				err = &liaison.Error{Code: protocol.AccountMismatch, Op: "ask for passkey"}
			}
			asked.Account = session.Account
		}
		return session, asked, err
	})
	if err != nil {
		return err
	}
	options := protocol.PasskeyRequestOptions{
		RPID: s.cfg.Passkeys.RPID(), Timeout: int(liaison.CeremonyTTL.Milliseconds()), AllowCredentials: []protocol.PasskeyDescriptor{}, UserVerification: required,
	}
	if session.Assurance.AtLeast(protocol.Sealed) {
		list, err := s.credentials(r.Context(), session.Account)
		if err != nil {
			return err
		}
		options.AllowCredentials = descriptors(list)
	}
	if token != "" {
		s.setCookie(w, r, token)
	}
	return writeJSON(w, protocol.PasskeyRequest{Nonce: nonce, ExpiresAt: ceremony.ExpiresAt, Options: options})
}

// asking returns the session of a request, or a new one with its token.
func (s *Server) asking(r *http.Request) (liaison.Session, liaison.Token, error) {
	session, err := s.session(r)
	if !errors.Is(err, protocol.SessionRequired) {
		return session, "", err
	}
	if !s.ceremoniesAsked.take(s.cfg.Now()) {
		return liaison.Session{}, "", &liaison.Error{Code: protocol.Overloaded, Op: "ask for passkey", Msg: "too many ask"}
	}
	token := liaison.NewToken()
	return s.newSession(r, token), token, nil
}

// signInByPasskey answers POST /v1/session/passkey.
func (s *Server) signInByPasskey(w http.ResponseWriter, r *http.Request) error {
	var body protocol.PasskeyAssertion
	if err := parseBody(r, &body); err != nil {
		return err
	}
	token, ok := s.requestToken(r)
	if !ok {
		return &liaison.Error{Code: protocol.SessionRequired, Op: "sign in by passkey", Msg: "ask for a challenge first"}
	}
	next := token.Successor(body.Key)
	session, err := s.useByToken(r.Context(), token, next, body)
	if err != nil {
		s.logPasskey(r.Context(), "passkey refused", err)
		return err
	}
	s.log.InfoContext(r.Context(), "signed in by passkey", "chain", session.Account.Chain(), "assurance", session.Assurance)
	s.setCookie(w, r, next)
	return writeJSON(w, viewOf(session))
}

// useByToken finds the session, spends the challenge and signs in. A call whose
// answer was lost finds the session under the next token, and changes nothing.
func (s *Server) useByToken(ctx context.Context, token, next liaison.Token, body protocol.PasskeyAssertion) (liaison.Session, error) {
	session, err := s.tokenSession(ctx, token)
	if errors.Is(err, protocol.SessionRequired) {
		session, err = s.tokenSession(ctx, next)
		if err == nil && session.Account != "" && !session.Retired {
			return session, nil
		}
		return session, &liaison.Error{Code: protocol.SessionRequired, Op: "sign in by passkey", Err: err}
	}
	if err != nil {
		return session, err
	}
	if session.Retired {
		return session, &liaison.Error{Code: protocol.SessionRotated, Op: "sign in by passkey"}
	}
	leave, err := s.proofChecks.enter(ctx)
	if err != nil {
		return session, err
	}
	defer leave()
	response := responseJSON(body.CredentialID, struct {
		ClientDataJSON    protocol.Base64 `json:"clientDataJSON"`
		AuthenticatorData protocol.Base64 `json:"authenticatorData"`
		Signature         protocol.Base64 `json:"signature"`
	}{body.ClientDataJSON, body.AuthenticatorData, body.Signature})
	ceremony, err := s.spend(ctx, session, response)
	if err != nil {
		return session, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), proofTimeout)
	defer cancel()
	err = s.update(ctx, "sign in by passkey", func() (change liaison.Change, err error) {
		if session, err = s.tokenSession(ctx, token); err != nil {
			return change, err
		}
		session, change, err = s.use(ctx, session, next, ceremony, response)
		return change, err
	})
	if err == nil {
		s.hub.rotated(session, "")
	}
	return session, err
}

// use verifies an assertion and returns the session that is signed in by it, and
// what is to be stored.
func (s *Server) use(ctx context.Context, session liaison.Session, next liaison.Token, ceremony liaison.Ceremony, response []byte) (liaison.Session, liaison.Change, error) {
	var none liaison.Change
	said, err := s.cfg.Passkeys.Response(response)
	if err != nil {
		return session, none, err
	}
	stored, err := s.cfg.Store.Credential(ctx, said.Credential)
	if errors.Is(err, liaison.ErrNotFound) {
		return session, none, rejectPasskey("nobody has this passkey")
	} else if err != nil {
		return session, none, unavailable("find passkey", err)
	}
	now := s.cfg.Now()
	verified, err := s.cfg.Passkeys.Authentication(ceremony, stored, response, now)
	if err != nil {
		return session, none, err
	}
	// Only whoever holds the passkey learns that it is another account's.
	for _, account := range []protocol.Account{ceremony.Account, session.Account} {
		if account != "" && account != stored.Account {
			return session, none, &liaison.Error{Code: protocol.AccountMismatch, Op: "sign in by passkey"}
		}
	}
	assurance := s.assuranceOf(verified)
	if session.Assurance.AtLeast(assurance) {
		assurance = session.Assurance
	}
	session = session.SignedIn(stored.Account, assurance)
	session.ProvedAt = now
	session = session.Rotated(next, now, s.cfg.Sessions)
	return session, liaison.Change{
		Sessions: []liaison.Session{session}, Credentials: []liaison.Credential{verified.Credential},
		Accounts: []liaison.AccountRecord{{Account: stored.Account, FirstSeenAt: now, LastSeenAt: now}},
	}, nil
}

// assuranceOf says how far a sign-in by passkey can be trusted. A browser uses one
// for the page of its own domain alone; of an app, all that is known is that it
// holds the passkey.
func (s *Server) assuranceOf(v liaison.VerifiedPasskey) protocol.Assurance {
	if v.UserVerified && v.Origin == string(s.cfg.Origin) && v.Credential.Dialect == "" {
		return protocol.PhishingResistant
	}
	return protocol.ServerAsserted
}
