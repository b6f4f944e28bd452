package liaison

import (
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

// PasskeyVerifier says whether the response of an authenticator answers a
// ceremony. A response is the JSON of a PublicKeyCredential (Web Authentication
// Level 3, §5.1); what it is worth does not depend on who sent it. The methods
// do no I/O, and may be called concurrently. Package passkey has one.
type PasskeyVerifier interface {
	// RPID is the domain that the passkeys are for.
	RPID() string
	// Response returns what a response says of itself, so that its ceremony and
	// its credential can be found. Nothing in it is verified. A response of the
	// wrong form is [protocol.InvalidMessage].
	Response(response []byte) (PasskeyResponse, error)
	// Registration verifies the response to a ceremony that makes a passkey. The
	// credential of the result belongs to the ceremony's account, has no label and
	// version 0. Every refusal is [protocol.ProofRejected], the cause of which is
	// for a log.
	Registration(ceremony Ceremony, response []byte, now time.Time) (VerifiedPasskey, error)
	// Authentication verifies the response to a ceremony that uses the stored
	// passkey. The credential of the result is the stored one, used now. The
	// caller has spent the ceremony and stores the result before it acts upon it.
	// Refusals are as for Registration.
	Authentication(ceremony Ceremony, stored Credential, response []byte, now time.Time) (VerifiedPasskey, error)
}

// PasskeyResponse is what a response says of itself before anything in it is
// verified.
type PasskeyResponse struct {
	// Challenge is the one that it claims to answer: [CeremonyOf] finds the
	// ceremony.
	Challenge []byte
	// Credential is the one that it claims to come from.
	Credential CredentialID
}

// VerifiedPasskey is what a response has proved. A person was present in any
// case.
type VerifiedPasskey struct {
	// Credential is the passkey as it is to be stored.
	Credential Credential
	// Origin is that of the page or the app which asked the authenticator; it is
	// one of those that were configured.
	Origin string
	// UserVerified says that the person was verified as well.
	UserVerified bool
}

// Beside returns which of two credentials with one id is to be kept: the one
// that is stored, as it is, if it is of the same account, since the ids of some
// authenticators derive from the key and come again. If it is another account's,
// the new one is refused with [protocol.ProofRejected].
func (c Credential) Beside(stored Credential) (Credential, error) {
	if stored.ID != c.ID || stored.Account != c.Account {
		return Credential{}, &Error{Code: protocol.ProofRejected, Op: "register passkey", Err: protocol.Errorf(protocol.ProofRejected, "the credential id is another account's")}
	}
	return stored, nil
}
