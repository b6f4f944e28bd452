package liquid

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// timeout is how long a client may take to answer, in milliseconds.
const timeout = int64(liaison.CeremonyTTL / 1e6)

// creationOptions is the answer to /attestation/request. Some clients read the
// keys in this order, and none may be added.
type creationOptions struct {
	Challenge     string          `json:"challenge"`
	RP            relyingParty    `json:"rp"`
	User          any             `json:"user"`
	Parameters    []parameter     `json:"pubKeyCredParams"`
	Timeout       int64           `json:"timeout"`
	Attestation   string          `json:"attestation"`
	Exclude       []struct{}      `json:"excludeCredentials"`
	Authenticator json.RawMessage `json:"authenticatorSelection"`
	Extensions    json.RawMessage `json:"extensions"`
}

type relyingParty struct {
	Name string `json:"name"`
	ID   string `json:"id"`
}

type namedUser struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
}

type parameter struct {
	Type      string `json:"type"`
	Algorithm int    `json:"alg"`
}

// defaultAuthenticator is what counts if a client asks for nothing.
const defaultAuthenticator = `{"requireResidentKey":false,"userVerification":"preferred"}`

// attestationRequest answers POST /attestation/request: a challenge for a new
// passkey and for the wallet's key. Of what the client sends, only what is named
// here is looked at; the challenge is always the server's own.
func (h *Handler) attestationRequest(w http.ResponseWriter, r *http.Request) error {
	got, err := h.receive(w, r)
	if err != nil {
		return err
	}
	body := got.object
	if !body.object("extensions").has("liquid") {
		return errNoExtension
	}
	authenticator := json.RawMessage(defaultAuthenticator)
	if body.object("authenticatorSelection") != nil {
		authenticator = body["authenticatorSelection"]
	}
	verify := body.object("authenticatorSelection").text("userVerification") == "required"
	challenge, err := h.issue(r, got.visitor, liaison.Registration, "", verify)
	if err != nil {
		return err
	}
	attestation := body.text("attestationType")
	if attestation == "" {
		attestation = "none"
	}
	var person any = struct{}{}
	if name := body.text("username"); name != "" {
		person = namedUser{name, name, name}
	}
	writeJSON(w, http.StatusCreated, creationOptions{
		Challenge:     base64.RawURLEncoding.EncodeToString(challenge),
		RP:            relyingParty{h.config.Name, h.config.Passkeys.RPID()},
		User:          person,
		Parameters:    []parameter{{"public-key", -7}, {"public-key", -257}},
		Timeout:       timeout,
		Attestation:   attestation,
		Exclude:       []struct{}{},
		Authenticator: authenticator,
		Extensions:    body["extensions"],
	})
	return nil
}

// attestationResponse answers POST /attestation/response: the passkey is made,
// the wallet's key has signed the challenge, and the session is the account's.
func (h *Handler) attestationResponse(w http.ResponseWriter, r *http.Request) error {
	got, err := h.receive(w, r)
	if err != nil {
		return err
	}
	challenge := h.challengeOf(got.raw)
	ceremony, err := h.take(r, got.visitor, liaison.Registration, challenge, errNoChallenge, errUnverified)
	if err != nil {
		return err
	}
	extension := got.object.object("clientExtensionResults").object("liquid")
	if extension == nil {
		return errExtensionMissing
	}
	in, err := h.proved(r, ceremony, challenge, got.raw, extension)
	if err != nil {
		return err
	}
	if err := h.signIn(w, r, got.visitor, in); err != nil {
		return err
	}
	return h.writeRecord(w, r, http.StatusCreated, in.account)
}

// proved checks the two signatures of a response: the passkey's and the wallet's.
func (h *Handler) proved(r *http.Request, ceremony liaison.Ceremony, challenge, response []byte, extension object) (in signIn, err error) {
	ctx := r.Context()
	leave, err := h.dialect.CheckProof(ctx)
	if err != nil {
		return in, err
	}
	defer leave()
	verified, err := h.config.Passkeys.Registration(ceremony, response, h.now())
	if err != nil {
		return in, h.unverified(r, errUnverified, err)
	}
	passkey := verified.Credential
	in.account = protocol.NewAccount(h.config.Chain, extension.text("address"))
	signature, ok := decodeSignature(extension.text("signature"))
	if extension.text("type") != "algorand" || !ok {
		return in, errUnverified
	}
	if err := h.config.Wallets.VerifyChallenge(ctx, in.account, challenge, signature); err != nil {
		return in, h.unverified(r, errUnverified, err)
	}
	if in.link, err = linkIn(extension, errUnverified); err != nil {
		return in, err
	}
	passkey.Account, passkey.Dialect, passkey.Label = in.account, protocol.Liquid, label(extension.text("device"))
	in.credential, in.ceremony = passkey.ID, ceremony.ID
	in.unverified = errUnverified
	in.with = func(change *liaison.Change) error {
		stored, err := h.config.Store.Credential(ctx, passkey.ID)
		switch {
		case errors.Is(err, liaison.ErrNotFound):
			change.Credentials = append(change.Credentials, passkey)
			change.Removed, err = h.surplus(ctx, passkey.Account)
			return err
		case err != nil:
			return unavailable("find passkey", err)
		}
		if _, err := passkey.Beside(stored); err != nil {
			return errUnverified
		}
		return nil // the same wallet may register its own again; what is stored stays
	}
	return in, nil
}

// surplus returns the passkey of an account that has to make room for one more: the
// one that was not used for longest. Clients make one with every attestation, and
// an account that has too many must still be able to sign in.
func (h *Handler) surplus(ctx context.Context, account protocol.Account) ([]liaison.CredentialID, error) {
	all, err := h.config.Store.Credentials(ctx, account)
	if err != nil {
		return nil, unavailable("find passkeys", err)
	}
	if len(all) < protocol.MaxPasskeys {
		return nil, nil
	}
	oldest := slices.MinFunc(all, func(a, b liaison.Credential) int { return a.UsedAt.Compare(b.UsedAt) })
	return []liaison.CredentialID{oldest.ID}, nil
}

// unverified is what a client is told of a signature that does not hold, unless
// whoever should say so could not.
func (h *Handler) unverified(r *http.Request, f failure, err error) error {
	switch protocol.CodeOf(err) {
	case protocol.Unavailable, protocol.Overloaded, protocol.Canceled:
		return err
	}
	h.log.InfoContext(r.Context(), "sign-in refused", "code", protocol.CodeOf(err))
	return f
}

// linkIn returns the request id in the extension's results; nil if there is none.
func linkIn(extension object, malformed failure) (*reference, error) {
	raw, ok := extension["requestId"]
	if !ok || string(raw) == "null" || string(raw) == `""` {
		return nil, nil
	}
	ref, ok := parseReference(raw)
	if !ok {
		return nil, malformed
	}
	return &ref, nil
}

// decodeSignature reads base64 of either alphabet, padded or not, with white space
// anywhere.
func decodeSignature(text string) ([]byte, bool) {
	text = strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c), c == '=':
			return -1
		case c == '+':
			return '-'
		case c == '/':
			return '_'
		}
		return c
	}, text)
	signature, err := base64.RawURLEncoding.DecodeString(text)
	return signature, err == nil && len(signature) > 0
}

// challengeOf returns the challenge that a response says it answers; nil if it
// says none.
func (h *Handler) challengeOf(response []byte) []byte {
	said, err := h.config.Passkeys.Response(response)
	if err != nil {
		return nil
	}
	return said.Challenge
}

// label is what a person sees of a passkey.
func label(device string) string {
	device = strings.Map(func(c rune) rune {
		if unicode.IsPrint(c) {
			return c
		}
		return -1
	}, device)
	if device == "" {
		return "Unknown Device"
	}
	for len(device) > protocol.MaxNameBytes {
		runes := []rune(device)
		device = string(runes[:len(runes)-1])
	}
	return device
}
