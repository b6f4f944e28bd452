package client

import "github.com/liaison-dev/liaison/protocol"

// Legacy is what a site does about a wallet that speaks a dialect
// (docs/dialects.md). Such a wallet seals nothing and signs nothing that the site
// could check: who it is, and that nobody sits between the two, is the word of the
// server alone ([protocol.ServerAsserted]). Source: spec/protocol.md §11.
type Legacy string

// Policies for wallets of a dialect.
const (
	// LegacyWarn goes on, and says with [EventUnsealed] that the person must be told.
	// It is the default.
	LegacyWarn Legacy = "warn"
	// LegacyDeny ends the link ([protocol.UnsealedRefused]).
	LegacyDeny Legacy = "deny"
	// LegacyAllow goes on.
	LegacyAllow Legacy = "allow"
)

// ParseLegacy reads the name of a policy.
func ParseLegacy(s string) (Legacy, error) {
	switch l := Legacy(s); l {
	case LegacyWarn, LegacyDeny, LegacyAllow:
		return l, nil
	}
	return "", protocol.Errorf(protocol.InvalidMessage, "a policy for wallets that do not seal is one of deny, warn and allow")
}

// legacy returns the policy that counts. What is asked of a wallet that nothing in
// a dialect can keep to leaves one.
func (c SiteConfig) legacy() (Legacy, error) {
	policy := LegacyWarn
	if c.Legacy != "" {
		var err error
		if policy, err = ParseLegacy(string(c.Legacy)); err != nil {
			return "", err
		}
	}
	if c.AskCode != nil || c.Locality == protocol.LocalityPrefer || c.Locality == protocol.LocalityRequire {
		return LegacyDeny, nil
	}
	return policy, nil
}

// mostUnheard is how many frames may wait for a wallet that does not seal: each offer is
// answered, and here anybody at the server can make one.
const mostUnheard = 8 * protocol.MailboxFrames

// hear takes what a wallet of a dialect says.
func (s *site) hear(m protocol.PeerMessage) error {
	if s.pairing.out.waiting() > mostUnheard {
		return protocol.Errorf(protocol.InvalidPeer, "the wallet offers and does not listen")
	}
	return s.pairing.peer.takeUnsealed(protocol.PeerOffer, m)
}

// vouched decides about a wallet that the server vouches for. A link that a wallet
// of our own has joined is none of its: to take its word would be to let it take
// the seal off.
func (s *site) vouched(m protocol.ServerMessage) error {
	p := s.pairing
	refuse := func(code protocol.Code, detail string) error {
		return &Error{Code: code, Op: "check claim", Detail: detail}
	}
	switch {
	case s.greeted:
		return refuse(protocol.UnsealedRefused, "the server says that another wallet answered")
	case s.config.Legacy == LegacyDeny:
		return refuse(protocol.UnsealedRefused, "a wallet that cannot seal has answered")
	case m.Dialect != protocol.Liquid:
		return refuse(protocol.UnsealedRefused, "a wallet of an unknown dialect has answered")
	case m.Proof != nil, m.Answer != nil, m.Held:
		return refuse(protocol.ServerMismatch, "the server shows of a wallet what it cannot have")
	}
	if _, err := protocol.ParseAccount(string(m.Account)); err != nil {
		return refuse(protocol.ServerMismatch, "the server names no account")
	}
	if !p.envelope.giveUp() {
		return refuse(protocol.UnsealedRefused, "the handshake has begun")
	}
	p.unsealed.Store(true)
	p.peer.speakLiquid()
	p.emit(Event{
		Kind: EventUnsealed, Account: m.Account, Assurance: protocol.ServerAsserted, Dialect: m.Dialect, Warn: s.config.Legacy == LegacyWarn,
	})
	p.link(m.Account, protocol.ServerAsserted)
	p.out.release()
	return nil
}
