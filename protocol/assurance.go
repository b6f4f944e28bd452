package protocol

import "slices"

// Assurance says how far a sign-in can be trusted. The zero value means that
// nobody is signed in. Source: spec/sealed.md §10.
type Assurance string

// Levels of assurance, the weakest first; each includes those before.
const (
	// ServerAsserted: a server says so.
	ServerAsserted Assurance = "server-asserted"
	// Sealed: the account signed the channel that both ends hold.
	Sealed Assurance = "sealed"
	// SealedOrigin: and the wallet says that its person saw an origin that was
	// verified.
	SealedOrigin Assurance = "sealed+origin"
	// PhishingResistant: and a passkey of the account was used in the site's own
	// browser.
	PhishingResistant Assurance = "phishing-resistant"
)

var assurances = []Assurance{"", ServerAsserted, Sealed, SealedOrigin, PhishingResistant}

// AtLeast reports whether a is as strong as want. An unknown level is as strong
// as none.
func (a Assurance) AtLeast(want Assurance) bool {
	rank := slices.Index(assurances, want)
	return rank >= 0 && max(slices.Index(assurances, a), 0) >= rank
}
