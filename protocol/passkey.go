package protocol

import "crypto/sha256"

// PasskeyAlgorithms are the COSE algorithms of the passkeys that are accepted,
// the preferred one first: ES256, Ed25519 and RS256, which all authenticators
// there are have one of. Source: spec/protocol.md §10.
func PasskeyAlgorithms() []int { return []int{-7, -8, -257} }

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
