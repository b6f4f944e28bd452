package server

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// What the options for an authenticator say.
const (
	publicKey = "public-key"
	required  = "required"
)

// withPasskeys answers a route of passkeys, if this server has any.
func (s *Server) withPasskeys(handle handler) handler {
	if s.cfg.Passkeys != nil {
		return handle
	}
	return func(http.ResponseWriter, *http.Request) error {
		return &liaison.Error{Code: protocol.PasskeysOff, Op: "use passkey"}
	}
}

// keeper returns the session of a request if it may look after the passkeys of
// its account.
func (s *Server) keeper(r *http.Request) (liaison.Session, error) {
	return s.sealedSession(r, "look after passkeys")
}

// freshKeeper is keeper for what must not be done by somebody who finds a
// browser open.
func (s *Server) freshKeeper(r *http.Request) (liaison.Session, error) {
	session, err := s.keeper(r)
	if err == nil && !session.Fresh(s.cfg.Now()) {
		err = &liaison.Error{Code: protocol.StepUpRequired, Op: "look after passkeys"}
	}
	return session, err
}

// credentials returns the passkeys of an account.
func (s *Server) credentials(ctx context.Context, account protocol.Account) ([]liaison.Credential, error) {
	list, err := s.cfg.Store.Credentials(ctx, account)
	if err != nil {
		return nil, unavailable("find passkeys", err)
	}
	return list, nil
}

// credential returns a passkey of the account; that of another is as unknown as
// none.
func (s *Server) credential(ctx context.Context, account protocol.Account, id liaison.CredentialID) (liaison.Credential, error) {
	c, err := s.cfg.Store.Credential(ctx, id)
	switch {
	case errors.Is(err, liaison.ErrNotFound), err == nil && c.Account != account:
		return liaison.Credential{}, &liaison.Error{Code: protocol.PasskeyUnknown, Op: "find passkey"}
	case err != nil:
		return c, unavailable("find passkey", err)
	}
	return c, nil
}

// giveChallenge stores a ceremony for the session that prepare returns, whose
// oldest ones make room. The session is stored as well, so that of two calls at
// once the second sees what the first has given.
func (s *Server) giveChallenge(r *http.Request, channel protocol.ChannelID, prepare func() (liaison.Session, liaison.Ceremony, error)) (protocol.Nonce, liaison.Ceremony, error) {
	var ceremony liaison.Ceremony
	if err := s.admitChallenge(r); err != nil {
		return "", ceremony, err
	}
	nonce := protocol.NewNonce()
	challenge := protocol.PasskeyChallenge(channel, nonce)
	err := s.update(r.Context(), "give challenge", func() (change liaison.Change, err error) {
		var session liaison.Session
		if session, ceremony, err = prepare(); err != nil {
			return change, err
		}
		ceremony.ID, ceremony.Session, ceremony.Channel, ceremony.UserVerification = liaison.CeremonyOf(challenge[:]), session.ID, channel, true
		ceremony.ExpiresAt = s.cfg.Now().Add(liaison.CeremonyTTL)
		open, err := s.cfg.Store.Ceremonies(r.Context(), session.ID)
		if err != nil {
			return change, unavailable("find challenges", err)
		}
		for ; len(open) >= liaison.MaxCeremonies; open = open[1:] {
			change.Spent = append(change.Spent, open[0].ID)
		}
		change.Sessions, change.Ceremonies = []liaison.Session{session}, []liaison.Ceremony{ceremony}
		return change, nil
	})
	return nonce, ceremony, err
}

// beginPasskey answers POST /v1/passkeys/registration (arrow 11).
func (s *Server) beginPasskey(w http.ResponseWriter, r *http.Request) error {
	var body protocol.PasskeyRegistrationRequest
	if err := parseBody(r, &body); err != nil {
		return err
	}
	session, err := s.freshKeeper(r)
	if err != nil {
		return err
	}
	channel, err := s.channelOf(r.Context(), session, body.RequestID)
	if err != nil {
		return err
	}
	list, err := s.credentials(r.Context(), session.Account)
	if err != nil {
		return err
	}
	if len(list) >= protocol.MaxPasskeys {
		return tooManyPasskeys()
	}
	handle, err := s.userHandle(r.Context(), session.Account)
	if err != nil {
		return err
	}
	nonce, ceremony, err := s.giveChallenge(r, channel, func() (liaison.Session, liaison.Ceremony, error) {
		session, err := s.freshKeeper(r)
		return session, liaison.Ceremony{Kind: liaison.Registration, Account: session.Account}, err
	})
	if err != nil {
		return err
	}
	name := session.Account.Address()
	options := protocol.PasskeyCreationOptions{
		RP:                 protocol.PasskeyRP{ID: s.cfg.Passkeys.RPID(), Name: s.cfg.SiteName},
		User:               protocol.PasskeyUser{ID: handle, Name: name, DisplayName: name},
		Timeout:            int(liaison.CeremonyTTL.Milliseconds()),
		ExcludeCredentials: descriptors(list),
		AuthenticatorSelection: protocol.PasskeySelection{
			ResidentKey: required, RequireResidentKey: true, UserVerification: required,
		},
		Attestation: "none",
	}
	for _, algorithm := range protocol.PasskeyAlgorithms() {
		options.PubKeyCredParams = append(options.PubKeyCredParams, protocol.PasskeyParameter{Type: publicKey, Alg: algorithm})
	}
	return writeJSON(w, protocol.PasskeyCreation{Nonce: nonce, Channel: channel, ExpiresAt: ceremony.ExpiresAt, Options: options})
}

// channelOf returns the channel of a claimed link of the session; none if no link
// is named.
func (s *Server) channelOf(ctx context.Context, session liaison.Session, id protocol.RequestID) (protocol.ChannelID, error) {
	if id == "" {
		return "", nil
	}
	link, err := s.link(ctx, id)
	if err != nil {
		return "", err
	}
	if _, ok := link.Side(session.ID); !ok {
		return "", &liaison.Error{Code: protocol.LinkForbidden, Op: "make passkey"}
	}
	if link.State != liaison.Claimed || link.Channel == "" {
		return "", &liaison.Error{Code: protocol.LinkNotClaimed, Op: "make passkey"}
	}
	if link.Account != session.Account {
		return "", &liaison.Error{Code: protocol.LinkForbidden, Op: "make passkey", Msg: "the link is of another account"}
	}
	return link.Channel, nil
}

// userHandle returns what an authenticator knows an account by. Nobody else can
// tell whose it is.
func (s *Server) userHandle(ctx context.Context, account protocol.Account) ([]byte, error) {
	secret, err := s.cfg.Store.Secret(ctx, "user handle")
	if err != nil {
		return nil, unavailable("read the secret of user handles", err)
	}
	mac := hmac.New(sha256.New, secret[:])
	mac.Write([]byte(account))
	return mac.Sum(nil), nil
}

func tooManyPasskeys() error {
	return &liaison.Error{Code: protocol.PasskeyLimit, Op: "make passkey"}
}

func descriptors(list []liaison.Credential) []protocol.PasskeyDescriptor {
	out := make([]protocol.PasskeyDescriptor, 0, len(list))
	for _, c := range list {
		out = append(out, protocol.PasskeyDescriptor{Type: publicKey, ID: c.ID.Bytes(), Transports: c.Transports})
	}
	return out
}

// addPasskey answers POST /v1/passkeys. That the sign-in is fresh was asked when
// the challenge was given, which only this session can answer and not for long.
func (s *Server) addPasskey(w http.ResponseWriter, r *http.Request) error {
	var body protocol.PasskeyRegistration
	if err := parseBody(r, &body); err != nil {
		return err
	}
	session, err := s.keeper(r)
	if err != nil {
		return err
	}
	response := responseJSON(body.CredentialID, struct {
		ClientDataJSON    protocol.Base64 `json:"clientDataJSON"`
		AttestationObject protocol.Base64 `json:"attestationObject"`
		Transports        []string        `json:"transports"`
	}{body.ClientDataJSON, body.AttestationObject, body.Transports})
	leave, err := s.proofChecks.enter(r.Context())
	if err != nil {
		return err
	}
	defer leave()
	made, err := s.register(r.Context(), session, response, body.Label)
	if err != nil {
		s.logPasskey(r.Context(), "passkey not made", err)
		return err
	}
	s.log.InfoContext(r.Context(), "passkey made", "chain", session.Account.Chain())
	return writeJSON(w, passkeyView(made))
}

// register spends the ceremony that a response answers, and stores the passkey.
func (s *Server) register(ctx context.Context, session liaison.Session, response []byte, label string) (made liaison.Credential, err error) {
	ceremony, err := s.spend(ctx, session, response)
	if err != nil {
		return made, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), proofTimeout)
	defer cancel()
	if ceremony.Account != session.Account {
		return made, rejectPasskey("the session has another account by now")
	}
	now := s.cfg.Now().Truncate(time.Microsecond) // as it is stored, so that each answer says the same
	verified, err := s.cfg.Passkeys.Registration(ceremony, response, now)
	if err != nil {
		return made, err
	}
	fresh := verified.Credential
	fresh.Label = label
	err = s.update(ctx, "store passkey", func() (change liaison.Change, err error) {
		stored, err := s.cfg.Store.Credential(ctx, fresh.ID)
		switch {
		case err == nil: // it stays as it is
			made, err = fresh.Beside(stored)
			return change, err
		case !errors.Is(err, liaison.ErrNotFound):
			return change, unavailable("find passkey", err)
		}
		list, err := s.credentials(ctx, session.Account)
		if err != nil {
			return change, err
		}
		if len(list) >= protocol.MaxPasskeys {
			return change, tooManyPasskeys()
		}
		made = fresh
		change.Credentials = []liaison.Credential{fresh}
		return change, nil
	})
	return made, err
}

// spend finds the ceremony that a response answers and spends it, durably and
// before anything in the response is verified. A session cannot spend what
// another was given.
func (s *Server) spend(ctx context.Context, session liaison.Session, response []byte) (liaison.Ceremony, error) {
	said, err := s.cfg.Passkeys.Response(response)
	if err != nil {
		return liaison.Ceremony{}, err
	}
	ceremony, err := s.cfg.Store.Ceremony(ctx, liaison.CeremonyOf(said.Challenge))
	switch {
	case errors.Is(err, liaison.ErrNotFound):
		return ceremony, rejectPasskey("nobody was given this challenge, or it was answered")
	case err != nil:
		return ceremony, unavailable("find challenge", err)
	case ceremony.Session != session.ID:
		return ceremony, rejectPasskey("another session was given this challenge")
	}
	err = s.commit(ctx, liaison.Change{Spent: []liaison.CeremonyID{ceremony.ID}})
	if errors.Is(err, liaison.ErrConflict) {
		return ceremony, rejectPasskey("the challenge was answered just now")
	} else if err != nil {
		return ceremony, unavailable("spend challenge", err)
	}
	return ceremony, nil
}

// rejectPasskey says for the log why a passkey is refused; outside all causes are
// one code.
func rejectPasskey(cause string) error {
	return &liaison.Error{Code: protocol.ProofRejected, Op: "check passkey", Err: errors.New(cause)}
}

func (s *Server) logPasskey(ctx context.Context, what string, err error) {
	code, _ := publicError(err)
	s.log.InfoContext(ctx, what, "code", code, "cause", logText(err))
}

// responseJSON writes a response as a PublicKeyCredential, which is what is
// verified.
func responseJSON(id protocol.Base64, inner any) []byte {
	data, err := json.Marshal(struct {
		ID       protocol.Base64 `json:"id"`
		RawID    protocol.Base64 `json:"rawId"`
		Type     string          `json:"type"`
		Response any             `json:"response"`
	}{id, id, publicKey, inner})
	if err != nil {
		panic(err) // bytes and texts encode
	}
	return data
}

func passkeyView(c liaison.Credential) protocol.PasskeyView {
	return protocol.PasskeyView{
		CredentialID: c.ID.Bytes(), Label: c.Label, Origin: c.Origin, BackedUp: c.BackupState, CreatedAt: c.CreatedAt.UTC(), UsedAt: c.UsedAt.UTC(),
	}
}

// listPasskeys answers GET /v1/passkeys.
func (s *Server) listPasskeys(w http.ResponseWriter, r *http.Request) error {
	session, err := s.keeper(r)
	if err != nil {
		return err
	}
	list, err := s.credentials(r.Context(), session.Account)
	if err != nil {
		return err
	}
	views := make([]protocol.PasskeyView, 0, len(list))
	for _, c := range list {
		views = append(views, passkeyView(c))
	}
	return writeJSON(w, protocol.PasskeyList{Passkeys: views})
}

// renamePasskey answers PATCH /v1/passkeys/{credentialId}.
func (s *Server) renamePasskey(w http.ResponseWriter, r *http.Request) error {
	id, err := liaison.ParseCredentialID(r.PathValue("credentialId"))
	if err != nil {
		return err
	}
	var body protocol.PasskeyRename
	if err := parseBody(r, &body); err != nil {
		return err
	}
	session, err := s.keeper(r)
	if err != nil {
		return err
	}
	var named liaison.Credential
	err = s.update(r.Context(), "rename passkey", func() (change liaison.Change, err error) {
		if named, err = s.credential(r.Context(), session.Account, id); err != nil {
			return change, err
		}
		named.Label = body.Label
		change.Credentials = []liaison.Credential{named}
		return change, nil
	})
	if err != nil {
		return err
	}
	return writeJSON(w, passkeyView(named))
}

// removePasskey answers DELETE /v1/passkeys/{credentialId}.
func (s *Server) removePasskey(w http.ResponseWriter, r *http.Request) error {
	id, err := liaison.ParseCredentialID(r.PathValue("credentialId"))
	if err != nil {
		return err
	}
	session, err := s.freshKeeper(r)
	if err != nil {
		return err
	}
	err = s.update(r.Context(), "remove passkey", func() (change liaison.Change, err error) {
		_, err = s.credential(r.Context(), session.Account, id)
		change.Removed = []liaison.CredentialID{id}
		return change, err
	})
	if err != nil {
		return err
	}
	s.log.InfoContext(r.Context(), "passkey removed", "chain", session.Account.Chain())
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// admitChallenge says whether the client of a request may have a challenge now.
func (s *Server) admitChallenge(r *http.Request) error {
	if wait := s.ceremoniesByAddress.wait(s.address(r), s.cfg.Now()); wait > 0 {
		return rateLimited("challenges", wait)
	}
	return nil
}
