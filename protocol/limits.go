package protocol

import "time"

// Sizes that both sides enforce. Each is checked by whoever receives.
const (
	// MaxLinkBytes bounds a link; a QR code of version 20 still holds it.
	MaxLinkBytes = 512
	// MaxBodyBytes bounds a REST body, MaxMessageBytes a WebSocket message: the
	// largest frame plus its envelope.
	MaxBodyBytes    = 64 << 10
	MaxMessageBytes = 64 << 10
	// MaxFrameBytes bounds the payload of one frame, encoded. A session
	// description of 16 KiB fits with room for encryption and base64.
	MaxFrameBytes = 60 << 10
	// MaxPeerBytes bounds a message between the peers before it is sealed, and
	// MaxControlBytes one on the control channel.
	MaxPeerBytes    = 44 << 10
	MaxControlBytes = 4 << 10
	// MaxSDPBytes bounds a session description. Data-only ones take 500 bytes
	// and some 100 for each candidate.
	MaxSDPBytes = 16 << 10
	// MaxCandidates bounds the candidates of one description: a host with many
	// interfaces has a dozen.
	MaxCandidates = 64
	// MaxSignInBytes bounds the text that a wallet signs.
	MaxSignInBytes = 2 << 10
	// MaxNameBytes bounds a site's name as a wallet shows it.
	MaxNameBytes = 64
	// MaxPasskeys bounds the passkeys of an account: one for each device and some
	// keys in drawers.
	MaxPasskeys = 50
	// MaxStatementBytes bounds the statement inside the sign-in text.
	MaxStatementBytes = 256
	// MaxChannelMessageBytes bounds one application message on the DataChannel:
	// what every browser and library passes in one piece.
	MaxChannelMessageBytes = 64 << 10

	// MailboxFrames and MailboxBytes bound what one node keeps for one
	// direction of a link until it is acknowledged. A description and all of
	// its candidates fit.
	MailboxFrames = 64
	MailboxBytes  = 256 << 10
)

// Times of the protocol.
const (
	// LinkTTL is how long a link waits for a wallet (RFC 10027 asks for a short
	// and single use).
	LinkTTL = 120 * time.Second
	// ConsentTTL is how long a wallet that joined may take to answer: its person
	// reads what is asked.
	ConsentTTL = 180 * time.Second
	// ClaimedTTL is how long a claimed link, or a resumption, outlives its last
	// attached socket.
	ClaimedTTL = 10 * time.Minute
	// MaxResume is the longest time after which a pairing may be resumed.
	MaxResume = 30 * 24 * time.Hour
	// SignInTTL is the longest life of a sign-in text.
	SignInTTL = 300 * time.Second
	// ClockSkew is how far two clocks may disagree.
	ClockSkew = 60 * time.Second
	// CodeTries is how often the short code may be typed.
	CodeTries = 3
)

// Subprotocol is the WebSocket subprotocol of this version.
const Subprotocol = "liaison.1"

// BearerSubprotocol is what a browser's wallet offers beside [Subprotocol], with
// its token behind it: a page cannot set a header of a WebSocket handshake. It is
// never selected, so the token is in no answer.
const BearerSubprotocol = "liaison.bearer."

// Labels of the DataChannels that the site opens: the application's, and the
// one on which the two ends agree that all is well.
const (
	ChannelLabel = "liaison"
	ControlLabel = "liaison.control"
)

// LiquidLabel is the label of the DataChannel that a wallet of the dialect
// [Liquid] opens.
const LiquidLabel = "liquid"
