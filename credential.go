package liaison

import (
	"bytes"
	"encoding/base64"
	"slices"
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

// CredentialID names a passkey: base64url without padding of the id that its
// authenticator made (Web Authentication Level 3, §4), 1 to 1023 bytes.
type CredentialID string

// ParseCredentialID returns the id in its one spelling. Anything else is
// [protocol.InvalidMessage].
func ParseCredentialID(text string) (CredentialID, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) == 0 || len(raw) > maxCredentialID {
		return "", protocol.Errorf(protocol.InvalidMessage, "a credential id is base64url of 1 to %d bytes", maxCredentialID)
	}
	return CredentialID(text), nil
}

// maxCredentialID is the longest id in bytes (Web Authentication Level 3, §4).
const maxCredentialID = 1023

// NewCredentialID returns the id for the bytes of an authenticator.
func NewCredentialID(raw []byte) CredentialID {
	return CredentialID(base64.RawURLEncoding.EncodeToString(raw))
}

// Bytes returns what the authenticator made.
func (id CredentialID) Bytes() []byte {
	raw, _ := base64.RawURLEncoding.DecodeString(string(id)) // its form was checked when it was made
	return raw
}

// Credential is a passkey of an account. Its id belongs to one account for as
// long as it is stored.
type Credential struct {
	ID      CredentialID
	Account protocol.Account
	// PublicKey is the COSE key (RFC 9052, §7) that its signatures hold against.
	PublicKey []byte
	// Counter is the authenticator's signature counter when it was last used; one
	// that does not count says 0 for ever.
	Counter uint32
	// UserVerified says that the person was verified when it was made.
	UserVerified bool
	// BackupEligible and BackupState say whether it may be, and was, on several
	// devices.
	BackupEligible, BackupState bool
	// Transports are hints on how a browser reaches its authenticator.
	Transports []string
	// Label is what a person calls it, or the name of its device.
	Label string
	// Dialect is the protocol by which it came; empty for this one. Such a passkey is
	// bound to its account by the server's word alone.
	Dialect protocol.Dialect
	// Origin is the page's or the app's that made it.
	Origin    string
	CreatedAt time.Time
	// UsedAt is when it last signed in.
	UsedAt time.Time
	// Version is 0 for a credential that is not stored yet; [Store.Commit] counts
	// it.
	Version uint64
}

// Clone returns a copy that shares nothing with c.
func (c Credential) Clone() Credential {
	c.PublicKey, c.Transports = bytes.Clone(c.PublicKey), slices.Clone(c.Transports)
	return c
}
