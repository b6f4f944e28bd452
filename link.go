package liaison

import (
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

// Link is one pairing between a site's session and a wallet's session.
type Link struct {
	// ID is what the QR code carries.
	ID    protocol.RequestID
	State LinkState
	// Site is the session that opened the link and owns it.
	Site SessionID
	// Wallet is the session that claimed it; empty before.
	Wallet SessionID
	// Nonce is the one that the next proof must carry.
	Nonce protocol.Nonce
	// Attempts counts the nonces that were consumed.
	Attempts int
	// Account and Proof are the claimant's; empty before.
	Account protocol.Account
	Proof   protocol.Proof
	// Reason says why a closed link ended.
	Reason protocol.Code
	// IssuedAt is when the link was opened.
	IssuedAt time.Time
	// ExpiresAt is when it ends by itself.
	ExpiresAt time.Time
	// Version is 0 for a link that is not stored yet; [Store.Commit] counts it.
	Version uint64
}

// NewLink opens a link for a site's session.
func NewLink(site SessionID, now time.Time) Link {
	now = now.UTC().Truncate(time.Second)
	return Link{
		ID:        protocol.NewRequestID(),
		State:     Waiting,
		Site:      site,
		Nonce:     protocol.NewNonce(),
		IssuedAt:  now,
		ExpiresAt: now.Add(protocol.LinkTTL),
	}
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

// LinkState is where a link is in its life.
type LinkState string

// States of a link.
const (
	// Waiting: the QR code is shown, no wallet has answered.
	Waiting LinkState = "waiting"
	// Claimed: a wallet has proved its account; the two sides exchange frames.
	Claimed LinkState = "claimed"
	// Closed: over, for the reason given.
	Closed LinkState = "closed"
)

// LinkStates returns all states, in the order of a link's life.
func LinkStates() []LinkState { return []LinkState{Waiting, Claimed, Closed} }

// EventKind is what happens to a link.
type EventKind string

// What can happen to a link.
const (
	// Consume: a wallet shows a proof with the link's nonce, which is spent
	// before anything in the proof is looked at.
	Consume EventKind = "consume"
	// Claim: the proof held.
	Claim EventKind = "claim"
	// Reject: the person at the wallet said no.
	Reject EventKind = "reject"
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
	return []EventKind{Consume, Claim, Reject, Collect, Renew, Close, Expire}
}

// Event is one thing that happens to a link; Kind says which fields count.
type Event struct {
	Kind EventKind
	// Now is when it happens.
	Now time.Time
	// Nonce is the one that the wallet showed: Consume, Reject.
	Nonce protocol.Nonce
	// NextNonce takes its place: Consume.
	NextNonce protocol.Nonce
	// Wallet and Proof are the claimant's: Claim.
	Wallet SessionID
	Proof  protocol.Proof
	// Session is who asks: Collect.
	Session SessionID
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
		Consume: {To: Waiting},
		Claim:   {To: Claimed, Effects: []Effect{TellClaimed}},
		Reject:  {To: Closed, Effects: []Effect{TellClosed}},
		Collect: {Refusal: protocol.LinkNotClaimed},
		Renew:   {Refusal: protocol.LinkNotClaimed},
		Close:   {To: Closed, Effects: []Effect{TellClosed}},
		Expire:  {To: Closed, Effects: []Effect{TellClosed}},
	},
	Claimed: {
		Consume: {Refusal: protocol.LinkTaken, Effects: []Effect{WarnSite}},
		Claim:   {Refusal: protocol.LinkTaken, Effects: []Effect{WarnSite}},
		Reject:  {Refusal: protocol.LinkTaken},
		Collect: {To: Claimed},
		Renew:   {To: Claimed},
		Close:   {To: Closed, Effects: []Effect{TellClosed}},
		Expire:  {To: Closed, Effects: []Effect{TellClosed}},
	},
	Closed: {
		Consume: {Refusal: protocol.LinkClosed},
		Claim:   {Refusal: protocol.LinkClosed},
		Reject:  {Refusal: protocol.LinkClosed},
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
	if code := next.apply(e); code != "" {
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
	switch e.Kind {
	case Consume:
		return l.consume(e)
	case Claim:
		l.Wallet, l.Proof, l.Account = e.Wallet, e.Proof, e.Proof.Account()
		l.Nonce = ""
		l.ExpiresAt = e.Now.Add(protocol.ClaimedTTL)
	case Reject:
		if e.Nonce != l.Nonce {
			return protocol.LinkForbidden
		}
		l.Reason = protocol.UserRejected
	case Collect:
		if e.Session != l.Site {
			return protocol.LinkForbidden
		}
	case Renew:
		l.ExpiresAt = e.Now.Add(protocol.ClaimedTTL)
	case Close:
		l.Reason = e.Reason
		if l.Reason == "" {
			l.Reason = protocol.LinkClosed
		}
	case Expire:
		l.Reason = protocol.LinkExpired
	}
	return ""
}

// consume spends the nonce. The next one is drawn at once, so that a proof that
// does not hold leaves the link open for the wallet whose turn it is; after
// [protocol.ProofAttempts] it is no longer an accident, and the link's nonce
// cannot be spent any more.
func (l *Link) consume(e Event) protocol.Code {
	if e.Nonce == "" || e.Nonce != l.Nonce || l.Attempts >= protocol.ProofAttempts {
		return protocol.ProofRejected
	}
	l.Nonce = e.NextNonce
	l.Attempts++
	return ""
}
