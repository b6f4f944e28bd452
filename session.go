package liaison

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

// SessionID names a session for as long as it lives. It opens nothing: the secret
// is the [Token]. Only sessions of the same account are told it.
type SessionID string

// Token is the secret id of a session: what a cookie or a bearer header
// carries. It shows itself nowhere.
type Token string

const redacted = "[redacted]"

// NewToken returns a token of 256 random bits.
func NewToken() Token { return Token(protocol.NewToken()) }

// String hides the token.
func (Token) String() string { return redacted }

// Format hides the token from every verb of package fmt, also from those that
// do not fit a string, which would show it as an error of formatting.
func (Token) Format(s fmt.State, _ rune) { io.WriteString(s, redacted) }

// MarshalText hides the token.
func (Token) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Reveal returns the secret itself, for a cookie.
func (t Token) Reveal() string { return string(t) }

// TokenHash is what storage knows of a [Token]: its SHA-256. A token has 256
// bits of entropy, so a plain hash cannot be guessed back.
type TokenHash [sha256.Size]byte

// Hash returns the hash under which the session is stored.
func (t Token) Hash() TokenHash { return sha256.Sum256([]byte(t)) }

// Successor returns the token that takes the place of this one for whoever
// drew the key. It is as secret as both of them together: neither somebody who
// knows the old token nor somebody who knows the key can tell it.
func (t Token) Successor(key protocol.Nonce) Token {
	mac := hmac.New(sha256.New, []byte(t))
	mac.Write([]byte("liaison/1 successor\x00" + key))
	return Token(base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
}

// JoinToken returns the token of the wallet that joins a link with a key that it
// drew. Only who has the key can tell it, and a call that is made again leads to
// the same session.
func JoinToken(key protocol.Nonce, id protocol.RequestID) Token {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("liaison/1 join\x00" + id))
	return Token(base64.RawURLEncoding.EncodeToString(mac.Sum(nil)))
}

// Session is what the server knows of one browser or wallet.
type Session struct {
	ID SessionID
	// TokenHash is the hash of the one token that opens the session now.
	TokenHash TokenHash
	// Account is whom the session speaks for; empty for an anonymous one.
	Account protocol.Account
	// Assurance says how far that can be trusted; empty for an anonymous one.
	Assurance protocol.Assurance
	// ProvedAt is when the person last proved the account to it, by a wallet or by a
	// passkey; zero if that is not known.
	ProvedAt time.Time
	// Link is the one that a client of a dialect speaks through: it names none with
	// what it sends. Empty for every other session.
	Link protocol.RequestID
	// Vouched means that it signed in by a link of a dialect, on the word of this
	// server: it is a site's session, and not that of the account's own wallet.
	Vouched bool
	// Wallet means that it is a wallet's: it began by joining a link.
	Wallet bool
	// Label says for people what it began on, "Firefox on Android"; empty if that
	// is not known.
	Label string
	// Retired means that the session's rights changed and its token has not
	// been replaced yet: the token is good for fetching its successor, for the
	// frames of its links and for a resumption, and shows no account.
	Retired bool
	// Generation counts the tokens of the session; a socket that was opened
	// with an older one is closed.
	Generation uint64
	// CreatedAt is when it began, signed in or not.
	CreatedAt time.Time
	// SeenAt is when the session was last used, to the minute.
	SeenAt time.Time
	// ExpiresAt is when it ends, used or not.
	ExpiresAt time.Time
	// Version is 0 for a session that is not stored yet; [Store.Commit] counts
	// it.
	Version uint64
}

// SessionLimits bound the life of a session.
type SessionLimits struct {
	// Idle ends a session that was not used for so long.
	Idle time.Duration
	// Absolute ends every session. One that nobody is signed in with ends Idle
	// after it got its token: anybody can have any number of them, each is kept
	// until it ends, and a new token costs nothing.
	Absolute time.Duration
}

func (l SessionLimits) life(account protocol.Account) time.Duration {
	if account == "" {
		return min(l.Idle, l.Absolute)
	}
	return l.Absolute
}

// FreshTTL is how long what a person proved is fresh enough for what must not be
// done by somebody who finds the session open.
const FreshTTL = 10 * time.Minute

// Fresh reports whether the person proved the account just now.
func (s Session) Fresh(now time.Time) bool {
	age := now.Sub(s.ProvedAt) // less than nothing if another node's clock is ahead
	return s.Account != "" && age > -protocol.ClockSkew && age < FreshTTL
}

// NewSession returns an anonymous session that the token opens.
func NewSession(token Token, now time.Time, limits SessionLimits) Session {
	return Session{
		ID:        SessionID(protocol.NewRequestID()),
		TokenHash: token.Hash(),
		CreatedAt: now,
		SeenAt:    now,
		ExpiresAt: now.Add(limits.life("")),
	}
}

// Live reports whether the session may still be used.
func (s Session) Live(now time.Time, limits SessionLimits) bool {
	return now.Before(s.ExpiresAt) && now.Sub(s.SeenAt) < limits.Idle
}

// Rotated returns the session under a new token. The old one is dead as soon
// as this is stored.
func (s Session) Rotated(token Token, now time.Time, limits SessionLimits) Session {
	s.TokenHash, s.Retired, s.SeenAt = token.Hash(), false, now
	s.ExpiresAt = now.Add(limits.life(s.Account))
	s.Generation++
	return s
}

// SignedIn returns the session with the rights of account.
func (s Session) SignedIn(account protocol.Account, assurance protocol.Assurance) Session {
	s.Account, s.Assurance = account, assurance
	return s
}

// Upgraded returns the session with the rights of account. Its token is retired
// by that: whoever knew it before the person signed in gains nothing
// (session fixation).
func (s Session) Upgraded(account protocol.Account, assurance protocol.Assurance) Session {
	s = s.SignedIn(account, assurance)
	s.Retired = true
	return s
}

// Ended returns the session as it is after a logout.
func (s Session) Ended(now time.Time) Session {
	s.Account, s.Assurance, s.ProvedAt, s.ExpiresAt = "", "", time.Time{}, now
	s.Generation++
	return s
}
