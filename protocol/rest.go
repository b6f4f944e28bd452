package protocol

import (
	"io"
	"time"
)

// Paths of the REST calls. Source: spec/protocol.md §6.
const (
	PathChallenge   = "/v1/challenge"
	PathLinks       = "/v1/links/"
	PathResumptions = "/v1/resumptions"
	PathSession     = "/v1/session"
	PathSessions    = "/v1/sessions"
	PathSocket      = "/v1/ws"
	PathOpenAPI     = "/v1/openapi.json"
)

// Site is what a wallet shows of whoever asks.
type Site struct {
	// Name is for people: at most 64 bytes.
	Name string `json:"name"`
	// Origin is where the site lives.
	Origin Origin `json:"origin"`
}

// SignInRequest holds the fields of the sign-in text that do not depend on the
// wallet: it adds its address and the chain that it chose.
type SignInRequest struct {
	// Domain is host[:port] of the site that asks.
	Domain string `json:"domain"`
	// URI is the address of the site that asks.
	URI string `json:"uri"`
	// Statement is a sentence for the person; it may be empty.
	Statement string `json:"statement"`
	// Nonce is single use.
	Nonce Nonce `json:"nonce"`
	// IssuedAt is in UTC, in whole seconds.
	IssuedAt time.Time `json:"issuedAt"`
	// ExpirationTime is in UTC, in whole seconds.
	ExpirationTime time.Time `json:"expirationTime"`
	// Chains are the accepted chains, CAIP-2, the preferred one first.
	Chains []ChainID `json:"chains"`
}

// For returns the sign-in text's fields for one account on one channel.
func (r SignInRequest) For(chain ChainID, address string, channel ChannelID) SignIn {
	return SignIn{
		Domain: r.Domain, Address: address, Statement: r.Statement, URI: r.URI, Chain: chain, Nonce: r.Nonce,
		IssuedAt: r.IssuedAt, ExpirationTime: r.ExpirationTime, Channel: channel,
	}
}

// ICEServer is a STUN or TURN server that the operator configured.
type ICEServer struct {
	// URLs are stun:, turn: or turns: addresses.
	URLs []string `json:"urls"`
	// Username is for TURN.
	Username string `json:"username,omitempty"`
	// Credential is for TURN.
	Credential string `json:"credential,omitempty"`
}

// Challenge answers GET /v1/challenge: a new link, owned by the session whose
// cookie comes with this answer.
type Challenge struct {
	// RequestID names the link.
	RequestID RequestID `json:"requestId"`
	// Link is what the QR code shows, without the fragment, which is the page's.
	Link string `json:"link"`
	// ExpiresAt is when the link stops waiting for a wallet.
	ExpiresAt time.Time `json:"expiresAt"`
	// Site is how the server would present the site to a wallet.
	Site Site `json:"site"`
	// SignIn holds the fields of the text to sign.
	SignIn SignInRequest `json:"signIn"`
	// ICEServers may be empty.
	ICEServers []ICEServer `json:"iceServers"`
}

// Join is the body of POST /v1/links/{requestId}/join: a wallet takes the one
// place that a link has for it.
type Join struct {
	// Frame is the wallet's frame 0, its message of the handshake.
	Frame Frame `json:"frame"`
	// Key is drawn by the wallet, and the same in each attempt: with it, and with
	// nothing else, an attempt whose answer was lost can be repeated.
	Key Nonce `json:"key"`
}

// Validate checks the form of the fields.
func (j Join) Validate() error {
	if _, err := ParseNonce(string(j.Key)); err != nil {
		return err
	}
	if j.Frame.N != 0 {
		return Errorf(InvalidMessage, "a wallet joins with its frame 0")
	}
	return j.Frame.Validate()
}

// Joined answers a [Join]. The wallet's session comes with it.
type Joined struct {
	// RequestID names the link.
	RequestID RequestID `json:"requestId"`
	// ExpiresAt is when the link stops waiting for the wallet's answer.
	ExpiresAt time.Time `json:"expiresAt"`
	// Origin is that of the page that opened the link; absent if it was no page
	// of an origin that the server knows.
	Origin Origin `json:"origin,omitempty"`
	// ICEServers may be empty.
	ICEServers []ICEServer `json:"iceServers"`
}

// Resumption is the body of POST /v1/resumptions.
type Resumption struct {
	// RequestID is the name under which the two ends want to meet: the resume id
	// of spec/sealed.md §2, which the server does not know from before.
	RequestID RequestID `json:"requestId"`
}

// Validate checks the form of the id.
func (r Resumption) Validate() error {
	_, err := ParseRequestID(string(r.RequestID))
	return err
}

// Resumed answers a [Resumption].
type Resumed struct {
	// RequestID is the one that was asked for.
	RequestID RequestID `json:"requestId"`
	// ExpiresAt is when it stops waiting if its site is not attached.
	ExpiresAt time.Time `json:"expiresAt"`
	// ICEServers may be empty.
	ICEServers []ICEServer `json:"iceServers"`
}

// Network is how the addresses of the two ends compare.
type Network string

// Outcomes of the comparison.
const (
	// NetworkSameAddress: one IPv4 address for both.
	NetworkSameAddress Network = "same-address"
	// NetworkSame: addresses of one IPv6 /64.
	NetworkSame Network = "same-network"
	// NetworkDifferent: two addresses of one family.
	NetworkDifferent Network = "different"
	// NetworkUnknown: an address is not known, or they are of two families.
	NetworkUnknown Network = "unknown"
)

// NetworkView answers GET /v1/links/{requestId}/network. The addresses
// themselves are told to nobody.
type NetworkView struct {
	Network Network `json:"network"`
}

// Frame is one numbered payload from one peer to the other. The server does
// not look into it.
type Frame struct {
	// N counts the frames of one direction of a link from 0, without a gap.
	N uint64 `json:"n"`
	// D is the payload in base64url without padding: 2 to 61440 characters.
	D string `json:"d"`
}

// Validate checks size and alphabet of the payload.
func (f Frame) Validate() error {
	if len(f.D) > MaxFrameBytes {
		return Errorf(TooLarge, "a frame may have %d characters", MaxFrameBytes)
	}
	if len(f.D) < 2 {
		return Errorf(InvalidMessage, "a frame must have a payload")
	}
	for i := range len(f.D) {
		if c := f.D[i]; !alphanumeric(c) && c != '-' && c != '_' {
			return Errorf(InvalidMessage, "a frame's payload must be base64url without padding")
		}
	}
	return nil
}

// Offer is the body of POST /v1/links/{requestId}/offer: a frame of the site.
type Offer struct {
	// N and D are those of a [Frame].
	N uint64 `json:"n"`
	D string `json:"d"`
	// Channel comes with frame 0 of a link: the channel id that the wallet's text
	// will have to name.
	Channel ChannelID `json:"channel,omitempty"`
}

// Frame returns the frame itself.
func (o Offer) Frame() Frame { return Frame{N: o.N, D: o.D} }

// Validate checks the form of the fields.
func (o Offer) Validate() error {
	if o.Channel != "" {
		if _, err := ParseChannelID(string(o.Channel)); err != nil {
			return err
		}
		if o.N != 0 {
			return Errorf(InvalidMessage, "the channel id comes with frame 0")
		}
	}
	return o.Frame().Validate()
}

// Claim is the body of POST /v1/links/{requestId}: a wallet's one answer to a
// link, after its person agreed.
type Claim struct {
	// Nonce is the one that is in the signed text.
	Nonce Nonce `json:"nonce"`
	// Proof is the signed text.
	Proof Proof `json:"proof"`
	// Answer is the wallet's frame 1.
	Answer Frame `json:"answer"`
	// Key is drawn by the wallet, and the same in each attempt: with it, and with
	// nothing else, an attempt whose answer was lost can be repeated.
	Key Nonce `json:"key"`
	// Held says that the wallet still has to measure or to ask: the site is
	// signed in by POST /v1/links/{requestId}/release and not by the claim.
	Held bool `json:"held,omitempty"`
	// Verified says whether the wallet showed the site's origin as verified.
	Verified bool `json:"verified,omitempty"`
}

// Validate checks the form of the claim, not what it claims.
func (c Claim) Validate() error {
	if _, err := ParseNonce(string(c.Nonce)); err != nil {
		return err
	}
	if _, err := ParseAccount(string(c.Proof.Account())); err != nil {
		return err
	}
	if c.Proof.Type == "" || c.Proof.Message == "" || len(c.Proof.Signature) == 0 {
		return Errorf(InvalidMessage, "a proof needs type, message and signature")
	}
	if _, err := ParseNonce(string(c.Key)); err != nil {
		return err
	}
	if c.Answer.N != 1 {
		return Errorf(InvalidMessage, "the answer that comes with a claim is the wallet's frame 1")
	}
	return c.Answer.Validate()
}

// Collection is the body of POST /v1/session: the browser fetches the new id
// of its session after a wallet claimed its link.
type Collection struct {
	// RequestID names the claimed link.
	RequestID RequestID `json:"requestId"`
	// Key is drawn by the browser, like a nonce, and the same in each attempt:
	// with it, and with nothing else, an attempt whose answer was lost can be
	// repeated.
	Key Nonce `json:"key"`
}

// NewCollection returns the body for a link, with a key of its own.
func NewCollection(id RequestID) Collection { return Collection{RequestID: id, Key: NewNonce()} }

// Validate checks the form of the fields.
func (c Collection) Validate() error {
	if _, err := ParseRequestID(string(c.RequestID)); err != nil {
		return err
	}
	_, err := ParseNonce(string(c.Key))
	return err
}

// SessionView answers GET and POST /v1/session and a claim.
type SessionView struct {
	// Account is the CAIP-10 name of the account that is signed in; absent if
	// nobody is.
	Account Account `json:"account,omitempty"`
	// Assurance says how far the sign-in can be trusted; absent if nobody is
	// signed in.
	Assurance Assurance `json:"assurance,omitempty"`
	// ExpiresAt is when the session ends at the latest.
	ExpiresAt time.Time `json:"expiresAt"`
}

// Role is what a session was begun for.
type Role string

// Roles of a session.
const (
	// SiteRole: a page or a program that signs in.
	SiteRole Role = "site"
	// WalletRole: a wallet, on one link.
	WalletRole Role = "wallet"
)

// AccountSession is one of the sessions that speak for an account.
type AccountSession struct {
	// ID names it, and opens nothing.
	ID string `json:"id"`
	// Current says that it is the one that asks.
	Current bool `json:"current"`
	// Role is absent where the server cannot tell: a client of a dialect that signed
	// in by itself.
	Role Role `json:"role,omitempty"`
	// Label says what it began on, as that said itself: "Firefox on Android". Absent
	// if it did not.
	Label string `json:"label,omitempty"`
	// Assurance says how far its sign-in can be trusted.
	Assurance Assurance `json:"assurance"`
	// CreatedAt is when it began, LastSeenAt when it was last used, to the minute,
	// and ExpiresAt when it ends at the latest.
	CreatedAt  time.Time `json:"createdAt"`
	LastSeenAt time.Time `json:"lastSeenAt"`
	ExpiresAt  time.Time `json:"expiresAt"`
}

// SessionList answers GET /v1/sessions.
type SessionList struct {
	// Sessions are those of the account, the newest first: at most 100.
	Sessions []AccountSession `json:"sessions"`
}

// Problem is the body of every HTTP error (RFC 9457,
// application/problem+json).
type Problem struct {
	// Type is "about:blank": the code says it all.
	Type string `json:"type"`
	// Title is the meaning of the code.
	Title string `json:"title"`
	// Status repeats the HTTP status.
	Status int `json:"status"`
	// Code is one of spec/errors.md.
	Code Code `json:"code"`
	// Detail says what was wrong with this request.
	Detail string `json:"detail,omitempty"`
	// Remedy says what a person can do next.
	Remedy string `json:"remedy,omitempty"`
	// Retryable says whether the same call may succeed later.
	Retryable bool `json:"retryable"`
	// Instance is the id of this request in the server's log.
	Instance string `json:"instance"`
}

// ProblemType is the media type of a [Problem].
const ProblemType = "application/problem+json"

// Validator is a body that can check its own form.
type Validator interface{ Validate() error }

// ParseBody reads one JSON value into dst and checks it. Unknown fields, a
// second value and anything larger than [MaxBodyBytes] are errors.
func ParseBody(r io.Reader, dst Validator) error {
	limited := &io.LimitedReader{R: r, N: MaxBodyBytes + 1}
	err := decodeStrict(limited, dst)
	if limited.N == 0 {
		return Errorf(TooLarge, "a body may have %d bytes", MaxBodyBytes)
	}
	if err != nil {
		return err
	}
	return dst.Validate()
}
