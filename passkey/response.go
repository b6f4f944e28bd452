package passkey

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	webauthn "github.com/go-webauthn/webauthn/protocol"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// response is the JSON of a PublicKeyCredential, as far as it is looked at:
// clients add fields of their own, and fill in some of the standard's as they
// like. Each of these is a string or missing.
type response struct {
	ID       string `json:"id"`
	RawID    string `json:"rawId"`
	Type     string `json:"type"`
	Response struct {
		ClientDataJSON    lenient         `json:"clientDataJSON"`
		AttestationObject lenient         `json:"attestationObject"`
		AuthenticatorData lenient         `json:"authenticatorData"`
		Signature         lenient         `json:"signature"`
		Transports        json.RawMessage `json:"transports"`
	} `json:"response"`

	credential liaison.CredentialID
	client     webauthn.CollectedClientData
	challenge  []byte
}

// lenient is bytes in any of the base64 encodings that clients write.
type lenient []byte

// UnmarshalText reads base64url or base64, with padding or without.
func (l *lenient) UnmarshalText(text []byte) (err error) {
	s := strings.NewReplacer("+", "-", "/", "_").Replace(string(text))
	if strings.ContainsAny(s, "\r\n") { // the decoder skips these
		return errForm
	}
	*l, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
	return err
}

var errForm = protocol.Errorf(protocol.InvalidMessage, "not a passkey's response")

// parse reads a response. It verifies nothing, but what it returns belongs
// together: the two ids are the same, and the client data has a challenge.
func parse(data []byte) (response, error) {
	var r response
	if len(data) > protocol.MaxBodyBytes {
		return r, protocol.Errorf(protocol.TooLarge, "a response may have %d bytes", protocol.MaxBodyBytes)
	}
	if json.Unmarshal(data, &r) != nil || r.ID != r.RawID || r.Type != string(webauthn.PublicKeyCredentialType) {
		return r, errForm
	}
	var id lenient
	if id.UnmarshalText([]byte(r.ID)) != nil {
		return r, errForm
	}
	var err error
	if r.credential, err = liaison.ParseCredentialID(string(liaison.NewCredentialID(id))); err != nil {
		return r, errForm
	}
	if json.Unmarshal(r.Response.ClientDataJSON, &r.client) != nil {
		return r, errForm
	}
	// One challenge has one spelling: that in which it was given.
	r.challenge, err = base64.RawURLEncoding.Strict().DecodeString(r.client.Challenge)
	if err != nil || len(r.challenge) == 0 || strings.ContainsAny(r.client.Challenge, "\r\n") {
		return r, errForm
	}
	return r, nil
}

// maxTransports bounds the hints that are kept of one passkey.
const maxTransports = 8

// transports returns the hints that look like hints.
func (r response) transports() (hints []string) {
	var all []string
	if json.Unmarshal(r.Response.Transports, &all) != nil {
		return nil
	}
	for _, hint := range all {
		if hint != "" && len(hint) <= 32 && strings.Trim(hint, "abcdefghijklmnopqrstuvwxyz-") == "" && len(hints) < maxTransports {
			hints = append(hints, hint)
		}
	}
	return hints
}

// of is what creation and request responses have in common for the library.
// Outputs of extensions are left out: nothing follows from them.
func (r response) of() webauthn.PublicKeyCredential {
	id := string(r.credential)
	return webauthn.PublicKeyCredential{Credential: webauthn.Credential{ID: id, Type: r.Type}, RawID: r.credential.Bytes()}
}

func (r response) clientDataJSON() webauthn.AuthenticatorResponse {
	return webauthn.AuthenticatorResponse{ClientDataJSON: webauthn.URLEncodedBase64(r.Response.ClientDataJSON)}
}
