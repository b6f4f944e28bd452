package liaison

import (
	"crypto/sha256"
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

// CeremonyID is the SHA-256 of the challenge of a ceremony: whoever answers the
// challenge names the ceremony by that.
type CeremonyID [sha256.Size]byte

// CeremonyOf returns the id of the ceremony with a challenge.
func CeremonyOf(challenge []byte) CeremonyID { return sha256.Sum256(challenge) }

// CeremonyKind is what a passkey is asked for.
type CeremonyKind string

// Kinds of ceremonies (Web Authentication Level 3, §7).
const (
	// Registration makes a passkey.
	Registration CeremonyKind = "registration"
	// Authentication uses one.
	Authentication CeremonyKind = "authentication"
)

// CeremonyTTL is how long a challenge may be answered.
const CeremonyTTL = 5 * time.Minute

// MaxCeremonies is how many of a session's challenges may be open; one more ends
// the oldest. Several are, when a person has several tabs.
const MaxCeremonies = 10

// Ceremony is a challenge that a session was given and has not answered yet. It
// is spent by the first answer, whatever that is worth.
type Ceremony struct {
	ID   CeremonyID
	Kind CeremonyKind
	// Session was given the challenge; no other can answer it.
	Session SessionID
	// Account is whose passkey is to be made; empty if the answer says it.
	Account protocol.Account
	// Credential is the one that was asked for; empty if any will do.
	Credential CredentialID
	// Channel is the one that the challenge is bound to; empty if none.
	Channel protocol.ChannelID
	// UserVerification says that the person must be verified.
	UserVerification bool
	// ExpiresAt is when the challenge is of no use any more.
	ExpiresAt time.Time
}
