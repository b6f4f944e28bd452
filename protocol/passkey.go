package protocol

import (
	"crypto/sha256"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Paths of the calls for passkeys. Source: spec/protocol.md §10.
const (
	PathPasskeys              = "/v1/passkeys"
	PathPasskeyRegistration   = "/v1/passkeys/registration"
	PathPasskeyAuthentication = "/v1/passkeys/authentication"
	PathSessionPasskey        = "/v1/session/passkey"
)

// PasskeyAlgorithms are the COSE algorithms of the passkeys that are accepted,
// the preferred one first: ES256, Ed25519 and RS256. Every authenticator has one
// of them. Source: spec/protocol.md §10.
func PasskeyAlgorithms() []int32 { return []int32{-7, -8, -257} }

// passkeyLabel separates the challenges of passkeys from everything else that is
// hashed.
const passkeyLabel = "liaison/1 webauthn\x00"

// PasskeyChallenge returns what an authenticator is to sign for a nonce. Channel
// is that of the link which the passkey is made on; empty if there is none. Both
// ends compute it, so that a server cannot have a passkey sign for another
// channel than the page has. Source: spec/protocol.md §10.1.
func PasskeyChallenge(channel ChannelID, nonce Nonce) [sha256.Size]byte {
	return sha256.Sum256([]byte(passkeyLabel + string(channel) + string(nonce)))
}

// PasskeyRegistrationRequest is the body of POST /v1/passkeys/registration.
type PasskeyRegistrationRequest struct {
	// RequestID names a claimed link of the session: the passkey's challenge is
	// then bound to its channel. It may be absent.
	RequestID RequestID `json:"requestId,omitempty"`
}

// Validate checks the form of the id.
func (r PasskeyRegistrationRequest) Validate() error {
	if r.RequestID == "" {
		return nil
	}
	_, err := ParseRequestID(string(r.RequestID))
	return err
}

// PasskeyCreation answers a [PasskeyRegistrationRequest].
type PasskeyCreation struct {
	// Nonce leads to the challenge, which the client computes.
	Nonce Nonce `json:"nonce"`
	// Channel is the one that the challenge is bound to; absent if there is none.
	// The client takes its own and refuses another.
	Channel ChannelID `json:"channel,omitempty"`
	// ExpiresAt is when the challenge is of no use any more.
	ExpiresAt time.Time `json:"expiresAt"`
	// Options lack the challenge.
	Options PasskeyCreationOptions `json:"options"`
}

// PasskeyCreationOptions are a PublicKeyCredentialCreationOptionsJSON without its
// challenge.
type PasskeyCreationOptions struct {
	// RP is the site.
	RP PasskeyRP `json:"rp"`
	// User is the account.
	User PasskeyUser `json:"user"`
	// PubKeyCredParams are the algorithms, the preferred one first.
	PubKeyCredParams []PasskeyParameter `json:"pubKeyCredParams"`
	// Timeout is in milliseconds.
	Timeout int `json:"timeout"`
	// ExcludeCredentials are those that the account has.
	ExcludeCredentials []PasskeyDescriptor `json:"excludeCredentials"`
	// AuthenticatorSelection says what an authenticator must be able to do.
	AuthenticatorSelection PasskeySelection `json:"authenticatorSelection"`
	// Attestation is "none": nobody's maker is asked for.
	Attestation string `json:"attestation"`
}

// PasskeyRP names the site to an authenticator.
type PasskeyRP struct {
	// ID is the domain.
	ID string `json:"id"`
	// Name is for people.
	Name string `json:"name"`
}

// PasskeyUser names the account to an authenticator.
type PasskeyUser struct {
	// ID is the user handle: it says nothing to anybody but the server.
	ID Base64 `json:"id"`
	// Name and DisplayName are for the account's owner.
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
}

// PasskeyParameter is one algorithm.
type PasskeyParameter struct {
	// Type is "public-key".
	Type string `json:"type"`
	// Alg is a COSE algorithm.
	Alg int32 `json:"alg"`
}

// PasskeyDescriptor names one passkey to an authenticator.
type PasskeyDescriptor struct {
	// Type is "public-key".
	Type string `json:"type"`
	// ID is that of the credential.
	ID Base64 `json:"id"`
	// Transports are hints.
	Transports []string `json:"transports,omitempty"`
}

// PasskeySelection says what an authenticator must be able to do.
type PasskeySelection struct {
	// ResidentKey is "required": the passkey is found without a name.
	ResidentKey string `json:"residentKey"`
	// RequireResidentKey says the same to older browsers.
	RequireResidentKey bool `json:"requireResidentKey"`
	// UserVerification is "required".
	UserVerification string `json:"userVerification"`
}

// PasskeyRegistration is the body of POST /v1/passkeys: what the authenticator
// has made.
type PasskeyRegistration struct {
	// CredentialID is the id of the new credential.
	CredentialID Base64 `json:"credentialId"`
	// ClientDataJSON and AttestationObject are those of the response.
	ClientDataJSON    Base64 `json:"clientDataJSON"`
	AttestationObject Base64 `json:"attestationObject"`
	// Transports are hints on how the authenticator is reached.
	Transports []string `json:"transports,omitempty"`
	// Label is what the person calls it: at most 64 bytes of printable text.
	Label string `json:"label,omitempty"`
}

// Validate checks the form of the fields.
func (p PasskeyRegistration) Validate() error {
	if len(p.CredentialID) == 0 || len(p.ClientDataJSON) == 0 || len(p.AttestationObject) == 0 {
		return Errorf(InvalidMessage, "a registration needs credentialId, clientDataJSON and attestationObject")
	}
	return validLabel(p.Label)
}

func validLabel(label string) error {
	notPrintable := func(r rune) bool { return !unicode.IsPrint(r) }
	if len(label) > MaxNameBytes || !utf8.ValidString(label) || strings.ContainsFunc(label, notPrintable) {
		return Errorf(InvalidMessage, "a label is at most %d bytes of printable text", MaxNameBytes)
	}
	return nil
}

// PasskeyView is a passkey as its account sees it.
type PasskeyView struct {
	// CredentialID names it.
	CredentialID Base64 `json:"credentialId"`
	// Label is what the person calls it.
	Label string `json:"label"`
	// Origin is that of the page, or of the app, that made it.
	Origin string `json:"origin"`
	// BackedUp says that it was on several devices when it was last used.
	BackedUp bool `json:"backedUp"`
	// CreatedAt is when it was made, UsedAt when it last signed in.
	CreatedAt time.Time `json:"createdAt"`
	UsedAt    time.Time `json:"usedAt"`
}

// PasskeyList answers GET /v1/passkeys.
type PasskeyList struct {
	// Passkeys are those of the account, the oldest first.
	Passkeys []PasskeyView `json:"passkeys"`
}

// PasskeyRename is the body of PATCH /v1/passkeys/{credentialId}.
type PasskeyRename struct {
	// Label is what the person calls it: at most 64 bytes of printable text.
	Label string `json:"label"`
}

// Validate checks the label.
func (r PasskeyRename) Validate() error { return validLabel(r.Label) }

// PasskeyAuthenticationRequest is the body of POST /v1/passkeys/authentication.
type PasskeyAuthenticationRequest struct {
	// Account is whose passkey is to be used; absent if any may sign in.
	Account Account `json:"account,omitempty"`
}

// Validate checks the form of the account.
func (r PasskeyAuthenticationRequest) Validate() error {
	if r.Account == "" {
		return nil
	}
	_, err := ParseAccount(string(r.Account))
	return err
}

// PasskeyRequest answers a [PasskeyAuthenticationRequest].
type PasskeyRequest struct {
	// Nonce leads to the challenge, which the client computes. There is no channel.
	Nonce Nonce `json:"nonce"`
	// ExpiresAt is when the challenge is of no use any more.
	ExpiresAt time.Time `json:"expiresAt"`
	// Options lack the challenge.
	Options PasskeyRequestOptions `json:"options"`
}

// PasskeyRequestOptions are a PublicKeyCredentialRequestOptionsJSON without its
// challenge.
type PasskeyRequestOptions struct {
	// RPID is the domain.
	RPID string `json:"rpId"`
	// Timeout is in milliseconds.
	Timeout int `json:"timeout"`
	// AllowCredentials are those that the session's account has; empty if nobody
	// is signed in.
	AllowCredentials []PasskeyDescriptor `json:"allowCredentials"`
	// UserVerification is "required".
	UserVerification string `json:"userVerification"`
}

// PasskeyAssertion is the body of POST /v1/session/passkey: what the
// authenticator has signed.
type PasskeyAssertion struct {
	// CredentialID is the id of the credential.
	CredentialID Base64 `json:"credentialId"`
	// ClientDataJSON, AuthenticatorData and Signature are those of the response.
	ClientDataJSON    Base64 `json:"clientDataJSON"`
	AuthenticatorData Base64 `json:"authenticatorData"`
	Signature         Base64 `json:"signature"`
	// Key is drawn by the client, and the same in each attempt: with it, and with
	// nothing else, an attempt whose answer was lost can be repeated.
	Key Nonce `json:"key"`
}

// Validate checks the form of the fields.
func (p PasskeyAssertion) Validate() error {
	if len(p.CredentialID) == 0 || len(p.ClientDataJSON) == 0 || len(p.AuthenticatorData) == 0 || len(p.Signature) == 0 {
		return Errorf(InvalidMessage, "an assertion needs credentialId, clientDataJSON, authenticatorData and signature")
	}
	_, err := ParseNonce(string(p.Key))
	return err
}
