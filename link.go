package liaison

import (
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

// Link is one pairing between a site's session and a wallet's session, or one
// resumption of it.
type Link struct {
	// ID is what the QR code carries.
	ID    protocol.RequestID
	State LinkState
	// Resumption says that two ends that know each other meet here again: nobody
	// proves an account.
	Resumption bool
	// Dialect is the protocol of the end that speaks none of its own; empty if
	// both speak this one. What it sends is not sealed.
	Dialect protocol.Dialect
	// Credential is the passkey that its wallet signed in with, where the dialect
	// has it so.
	Credential CredentialID
	// Site is the session that opened the link and owns it.
	Site SessionID
	// Origin is that of the page that opened it; empty if it was none.
	Origin protocol.Origin
	// Wallet is the session that joined it; empty before.
	Wallet SessionID
	// Channel is the channel id that the site named: the wallet's text must, too.
	Channel protocol.ChannelID
	// Nonce is the one that the proof must carry; empty once it is spent.
	Nonce protocol.Nonce
	// Account and Proof are the claimant's; empty before.
	Account protocol.Account
	Proof   protocol.Proof
	// Held says that nobody is signed in yet: the wallet still measures or asks
	// its person. Verified is the wallet's word that it showed the site's origin
	// as verified. Both come with the claim.
	Held, Verified bool
	// Reason says why a closed link ended.
	Reason protocol.Code
	// IssuedAt is when the link was opened.
	IssuedAt time.Time
	// ExpiresAt is when it ends by itself.
	ExpiresAt time.Time
	// Version is 0 for a link that is not stored yet; [Store.Commit] counts it.
	Version uint64
}

// DialectLinkPrefix begins the id of every link that a client of a dialect opened:
// those ids are not drawn by the server, and must not be anybody else's to open.
const DialectLinkPrefix = "liquid."

// NewLink opens a link for a site's session. Origin is that of the page that
// asks; it may be empty.
func NewLink(site SessionID, origin protocol.Origin, now time.Time) Link {
	now = now.UTC().Truncate(time.Second)
	return Link{
		ID:        protocol.NewRequestID(),
		State:     Waiting,
		Site:      site,
		Origin:    origin,
		Nonce:     protocol.NewNonce(),
		IssuedAt:  now,
		ExpiresAt: now.Add(protocol.LinkTTL),
	}
}

// NewResumption opens a resumption under an id that its two ends know.
func NewResumption(id protocol.RequestID, site SessionID, origin protocol.Origin, now time.Time) Link {
	l := NewLink(site, origin, now)
	l.ID, l.Resumption, l.Nonce = id, true, ""
	l.ExpiresAt = l.IssuedAt.Add(protocol.ClaimedTTL)
	return l
}

// Side returns which end of the link a session is.
func (l Link) Side(session SessionID) (protocol.Side, bool) {
	switch session {
	case "":
		return 0, false
	case l.Site:
		return protocol.SiteSide, true
	case l.Wallet:
		return protocol.WalletSide, true
	}
	return 0, false
}

// Assurance returns how far a sign-in by this link can be trusted: the account
// signed the channel that the page named, and perhaps the server knows the page
// and the wallet has verified its origin.
func (l Link) Assurance() protocol.Assurance {
	switch {
	case l.State != Claimed:
		return ""
	case l.Dialect != "":
		return protocol.ServerAsserted
	case l.Origin != "" && l.Verified:
		return protocol.SealedOrigin
	}
	return protocol.Sealed
}

// LinkState is where a link is in its life.
type LinkState string

// States of a link.
const (
	// Waiting: the QR code is shown, no wallet has come.
	Waiting LinkState = "waiting"
	// Joined: a wallet has come; it and the site shake hands, and its person reads
	// what is asked.
	Joined LinkState = "joined"
	// Claimed: the wallet has proved its account; the two sides exchange frames.
	Claimed LinkState = "claimed"
	// Closed: over, for the reason given.
	Closed LinkState = "closed"
)

// LinkStates returns all states, in the order of a link's life.
func LinkStates() []LinkState { return []LinkState{Waiting, Joined, Claimed, Closed} }

// EventKind is what happens to a link.
type EventKind string

// What can happen to a link.
const (
	// Join: a wallet takes the one place that there is for it.
	Join EventKind = "join"
	// Bind: the site names the channel that it and the wallet share.
	Bind EventKind = "bind"
	// Consume: the wallet shows a proof with the link's nonce, which is spent
	// before anything in the proof is looked at.
	Consume EventKind = "consume"
	// Claim: the proof held.
	Claim EventKind = "claim"
	// Release: what the wallet still had to check holds, so its claim counts.
	Release EventKind = "release"
	// Reject: the person at the wallet said no.
	Reject EventKind = "reject"
	// Vouch: the server says that a wallet of a dialect has signed in. There is no
	// handshake, and nothing that the site could check.
	Vouch EventKind = "vouch"
	// Adopt: the site comes to a link whose wallet came first.
	Adopt EventKind = "adopt"
	// Collect: the site's browser fetches the token of its upgraded session.
	Collect EventKind = "collect"
	// Renew: a side is attached, so the link lives on.
	Renew EventKind = "renew"
	// Close: a side ends the link.
	Close EventKind = "close"
	// Expire: the time ran out.
	Expire EventKind = "expire"
)

// EventKinds returns all kinds of events.
func EventKinds() []EventKind {
	return []EventKind{Join, Bind, Consume, Claim, Release, Reject, Vouch, Adopt, Collect, Renew, Close, Expire}
}

// Event is one thing that happens to a link; Kind says which fields count.
type Event struct {
	Kind EventKind
	// Now is when it happens.
	Now time.Time
	// Session is who asks: Join, Bind, Consume, Claim, Release, Reject, Vouch, Adopt,
	// Collect.
	Session SessionID
	// Channel is the one that the site names: Bind.
	Channel protocol.ChannelID
	// Nonce is the one that the wallet showed: Consume.
	Nonce protocol.Nonce
	// Proof is the claimant's: Claim.
	Proof protocol.Proof
	// Held and Verified are those of [Link]: Claim.
	Held, Verified bool
	// Account is the one that signed in, Dialect and Credential say how: Vouch.
	Account    protocol.Account
	Dialect    protocol.Dialect
	Credential CredentialID
	// Reason is why: Close. The zero value is [protocol.LinkClosed].
	Reason protocol.Code
}

// Effect is what must be done once the new state is stored.
type Effect string

// Effects of an event.
const (
	// TellClaimed: the site learns who claimed its link.
	TellClaimed Effect = "tell the site who claimed the link"
	// WarnSite: the site learns that a second wallet came.
	WarnSite Effect = "warn the site of a second wallet"
	// TellClosed: both sides learn that the link ended, and frames are dropped.
	TellClosed Effect = "tell both sides that the link ended"
)

// Move is one cell of the table of legal moves.
type Move struct {
	// To is the state that follows; empty if the event is refused.
	To LinkState
	// Refusal is the code of a refused event. For a closed link the link's own
	// reason takes its place.
	Refusal protocol.Code
	// Effects follow, also upon a refusal.
	Effects []Effect
}

// moves is the table of legal moves; spec/link.md is generated from it.
var moves = map[LinkState]map[EventKind]Move{
	Waiting: {
		Join:    {To: Joined},
		Bind:    {Refusal: protocol.LinkNotJoined},
		Consume: {Refusal: protocol.LinkNotJoined},
		Claim:   {Refusal: protocol.LinkNotJoined},
		Release: {Refusal: protocol.LinkNotClaimed},
		Reject:  {Refusal: protocol.LinkNotJoined},
		Vouch:   {To: Claimed, Effects: []Effect{TellClaimed}},
		Adopt:   {Refusal: protocol.LinkNotClaimed},
		Collect: {Refusal: protocol.LinkNotClaimed},
		Renew:   {To: Waiting},
		Close:   {To: Closed, Effects: []Effect{TellClosed}},
		Expire:  {To: Closed, Effects: []Effect{TellClosed}},
	},
	Joined: {
		Join:    {Refusal: protocol.LinkTaken, Effects: []Effect{WarnSite}},
		Bind:    {To: Joined},
		Consume: {To: Joined},
		Claim:   {To: Claimed, Effects: []Effect{TellClaimed}},
		Release: {Refusal: protocol.LinkNotClaimed},
		Reject:  {To: Closed, Effects: []Effect{TellClosed}},
		Vouch:   {Refusal: protocol.LinkTaken, Effects: []Effect{WarnSite}},
		Adopt:   {Refusal: protocol.LinkNotClaimed},
		Collect: {Refusal: protocol.LinkNotClaimed},
		Renew:   {To: Joined},
		Close:   {To: Closed, Effects: []Effect{TellClosed}},
		Expire:  {To: Closed, Effects: []Effect{TellClosed}},
	},
	Claimed: {
		Join:    {Refusal: protocol.LinkTaken, Effects: []Effect{WarnSite}},
		Bind:    {Refusal: protocol.LinkTaken},
		Consume: {Refusal: protocol.LinkTaken},
		Claim:   {Refusal: protocol.LinkTaken},
		Release: {To: Claimed, Effects: []Effect{TellClaimed}},
		Reject:  {Refusal: protocol.LinkTaken},
		Vouch:   {To: Claimed, Effects: []Effect{TellClaimed}},
		Adopt:   {To: Claimed},
		Collect: {To: Claimed},
		Renew:   {To: Claimed},
		Close:   {To: Closed, Effects: []Effect{TellClosed}},
		Expire:  {To: Closed, Effects: []Effect{TellClosed}},
	},
	Closed: {
		Join:    {Refusal: protocol.LinkClosed},
		Bind:    {Refusal: protocol.LinkClosed},
		Consume: {Refusal: protocol.LinkClosed},
		Claim:   {Refusal: protocol.LinkClosed},
		Release: {Refusal: protocol.LinkClosed},
		Reject:  {Refusal: protocol.LinkClosed},
		Vouch:   {Refusal: protocol.LinkClosed},
		Adopt:   {Refusal: protocol.LinkClosed},
		Collect: {Refusal: protocol.LinkClosed},
		Renew:   {Refusal: protocol.LinkClosed},
		Close:   {Refusal: protocol.LinkClosed},
		Expire:  {Refusal: protocol.LinkClosed},
	},
}

// MoveOf returns the cell of the table for one state and event.
func MoveOf(state LinkState, kind EventKind) Move { return moves[state][kind] }

// Transition returns the link as it is after the event, and what must be done
// once that is stored. It is pure: no clock, no I/O. A refused event leaves the
// link as it was and gives an error with a code; it can still have effects.
func (l Link) Transition(e Event) (Link, []Effect, error) {
	move := MoveOf(l.State, e.Kind)
	if move.To == "" {
		return l, move.Effects, l.refusal(move.Refusal)
	}
	if e.Kind != Expire && !e.Now.Before(l.ExpiresAt) {
		return l, nil, l.refusal(protocol.LinkExpired)
	}
	next := l
	next.State = move.To
	switch code := next.apply(e); code {
	case "":
	case protocol.LinkTaken:
		return l, []Effect{WarnSite}, l.refusal(code)
	default:
		return l, nil, l.refusal(code)
	}
	return next, move.Effects, nil
}

func (l Link) refusal(code protocol.Code) error {
	if l.State == Closed && l.Reason != "" {
		code = l.Reason
	}
	return &Error{Code: code, Op: "change link"}
}

// apply carries out the event on the link, or returns the code of the rule that
// forbids it.
func (l *Link) apply(e Event) protocol.Code {
	if l.Resumption && (e.Kind == Bind || e.Kind == Consume || e.Kind == Claim || e.Kind == Reject || e.Kind == Vouch || e.Kind == Adopt) {
		return protocol.LinkForbidden // two ends that know each other prove nothing here
	}
	if l.Dialect != "" && (e.Kind == Join || e.Kind == Reject) {
		return protocol.LinkForbidden // the site would not understand
	}
	switch e.Kind {
	case Join:
		if e.Session == "" || e.Session == l.Site {
			return protocol.LinkForbidden
		}
		l.Wallet = e.Session
		l.ExpiresAt = e.Now.Add(protocol.ConsentTTL)
		if l.Resumption {
			l.ExpiresAt = e.Now.Add(protocol.ClaimedTTL)
		}
	case Bind:
		return l.bind(e)
	case Consume:
		return l.consume(e)
	case Claim:
		if e.Session != l.Wallet {
			return protocol.LinkNotJoined
		}
		if l.Nonce != "" {
			return protocol.ProofRejected // nothing was spent on this proof
		}
		l.Proof, l.Account = e.Proof, e.Proof.Account()
		l.Held, l.Verified = e.Held, e.Verified
		l.ExpiresAt = e.Now.Add(protocol.ClaimedTTL)
	case Release:
		if e.Session != l.Wallet {
			return protocol.LinkNotJoined
		}
		l.Held = false
	case Reject:
		if e.Session != l.Wallet {
			return protocol.LinkNotJoined
		}
		l.Reason = protocol.UserRejected
	case Vouch:
		return l.vouch(e)
	case Adopt:
		return l.adopt(e)
	case Collect:
		if e.Session != l.Site {
			return protocol.LinkForbidden
		}
		if l.Held {
			return protocol.LinkNotClaimed // nobody is signed in by it yet
		}
	case Renew:
		if l.State != Claimed && !l.Resumption && l.Dialect == "" {
			return protocol.LinkNotClaimed // a code is shown for two minutes, attended or not
		}
		l.ExpiresAt = e.Now.Add(protocol.ClaimedTTL)
	case Close:
		l.Reason = e.Reason
		if l.Reason == "" {
			l.Reason = protocol.LinkClosed
		}
	case Expire:
		if e.Now.Before(l.ExpiresAt) {
			return protocol.LinkForbidden // it was renewed meanwhile
		}
		l.Reason = protocol.LinkExpired
	}
	return ""
}

// bind notes the channel. Once the wallet may have signed for it, it must not
// become another one.
func (l *Link) bind(e Event) protocol.Code {
	if e.Session != l.Site {
		return protocol.LinkForbidden
	}
	if l.Channel != "" && l.Channel != e.Channel {
		return protocol.FrameConflict
	}
	l.Channel = e.Channel
	return ""
}

// vouch gives the link to a wallet of a dialect. A link without a site waits for
// it, and not for long: whoever asks under its name becomes its site. A wallet
// that signs in once more, perhaps in a new session, keeps the link that it has.
func (l *Link) vouch(e Event) protocol.Code {
	switch {
	case e.Session == "" || e.Session == l.Site || e.Account == "" || e.Dialect == "":
		return protocol.LinkForbidden
	case l.Account != "" && (l.Dialect != e.Dialect || l.Account != e.Account):
		return protocol.LinkTaken
	}
	l.Wallet, l.Account, l.Dialect, l.Credential, l.Nonce = e.Session, e.Account, e.Dialect, e.Credential, ""
	l.ExpiresAt = e.Now.Add(protocol.ClaimedTTL)
	if l.Site == "" {
		l.ExpiresAt = e.Now.Add(LateLinkTTL)
	}
	return ""
}

// LateLinkTTL is how long a sign-in through a dialect waits for the site that
// named the link to the wallet and has not come itself yet. Whoever comes first under
// its name is signed in, so that is not long, whoever listens meanwhile.
const LateLinkTTL = 30 * time.Second

// adopt gives a link that has none its site.
func (l *Link) adopt(e Event) protocol.Code {
	switch {
	case e.Session == "" || e.Session == l.Wallet || l.Dialect == "":
		return protocol.LinkForbidden
	case l.Site != "" && l.Site != e.Session:
		return protocol.LinkTaken
	}
	l.Site = e.Session
	l.ExpiresAt = e.Now.Add(protocol.ClaimedTTL)
	return ""
}

// consume spends the nonce, for good: only the wallet that joined can, and it
// has one proof.
func (l *Link) consume(e Event) protocol.Code {
	if e.Session != l.Wallet || l.Channel == "" {
		return protocol.LinkNotJoined
	}
	if e.Nonce == "" || e.Nonce != l.Nonce {
		return protocol.ProofRejected
	}
	l.Nonce = ""
	return ""
}
