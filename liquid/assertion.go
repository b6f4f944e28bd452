package liquid

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"

	"github.com/liaison-dev/liaison"
)

// requestOptions is the answer to /assertion/request.
type requestOptions struct {
	Challenge        string    `json:"challenge"`
	Allow            []allowed `json:"allowCredentials"`
	Timeout          int64     `json:"timeout"`
	UserVerification string    `json:"userVerification"`
	RPID             string    `json:"rpId"`
}

type allowed struct {
	ID   liaison.CredentialID `json:"id"`
	Type string               `json:"type"`
}

// assertionRequest answers POST /assertion/request/{id}: a challenge for one
// passkey.
func (h *Handler) assertionRequest(w http.ResponseWriter, r *http.Request) error {
	got, err := h.receive(w, r)
	if err != nil {
		return err
	}
	body := got.object
	id, err := liaison.ParseCredentialID(r.PathValue("id"))
	if err != nil {
		return errUserUnknown
	}
	if _, err := h.passkey(r.Context(), id, errUserUnknown); err != nil {
		return err
	}
	verification := body.text("userVerification")
	if verification == "" {
		verification = "required"
	}
	challenge, err := h.issue(r, got.visitor, liaison.Authentication, id, verification == "required")
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, requestOptions{
		Challenge: base64.RawURLEncoding.EncodeToString(challenge),
		Allow:     []allowed{{id, "public-key"}},
		Timeout:   timeout, UserVerification: verification,
		RPID: h.config.Passkeys.RPID(),
	})
	return nil
}

// assertionResponse answers POST /assertion/response: the passkey signs its
// account in.
func (h *Handler) assertionResponse(w http.ResponseWriter, r *http.Request) error {
	got, err := h.receive(w, r)
	if err != nil {
		return err
	}
	ceremony, err := h.take(r, got.visitor, liaison.Authentication, h.challengeOf(got.raw), errAssertionChallenge, errAssertionUnverified)
	if err != nil {
		return err
	}
	in, err := h.asserted(r, ceremony, got.raw, got.object)
	if err != nil {
		return err
	}
	if err := h.signIn(w, r, got.visitor, in); err != nil {
		return err
	}
	return h.writeRecord(w, r, http.StatusCreated, in.account)
}

// asserted checks the passkey's signature.
func (h *Handler) asserted(r *http.Request, ceremony liaison.Ceremony, response []byte, body object) (in signIn, err error) {
	ctx := r.Context()
	id, err := liaison.ParseCredentialID(body.text("id"))
	if err != nil {
		return in, errCredentialUnknown
	}
	stored, err := h.passkey(ctx, id, errCredentialUnknown)
	if err != nil {
		return in, err
	}
	leave, err := h.dialect.CheckProof(ctx)
	if err != nil {
		return in, err
	}
	defer leave()
	verified, err := h.config.Passkeys.Authentication(ceremony, stored, response, h.now())
	if err != nil {
		return in, h.unverified(r, errAssertionUnverified, err)
	}
	in.account, in.credential, in.ceremony = stored.Account, id, ceremony.ID
	if in.link, err = linkIn(body.object("clientExtensionResults").object("liquid"), errAssertionUnverified); err != nil {
		return in, err
	}
	in.unverified = errAssertionUnverified
	in.with = func(change *liaison.Change) error {
		now, err := h.passkey(ctx, id, errCredentialUnknown)
		if err != nil {
			return err
		}
		if now.Version != stored.Version {
			return errAssertionUnverified // it was used or removed meanwhile
		}
		change.Credentials = append(change.Credentials, verified.Credential)
		return nil
	}
	return in, nil
}

// passkey returns a stored passkey of an account of this dialect.
func (h *Handler) passkey(ctx context.Context, id liaison.CredentialID, unknown failure) (liaison.Credential, error) {
	stored, err := h.config.Store.Credential(ctx, id)
	switch {
	case errors.Is(err, liaison.ErrNotFound), err == nil && stored.Account.Chain() != h.config.Chain:
		return stored, unknown
	case err != nil:
		return stored, unavailable("find passkey", err)
	}
	return stored, nil
}
