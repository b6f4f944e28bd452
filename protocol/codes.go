package protocol

import "errors"

// Code names one kind of failure. The set is closed: every error that leaves a
// server, an SDK or the command line carries one of the codes below.
//
// A Code is itself an error, so errors.Is(err, protocol.LinkExpired) holds
// through any number of wraps.
type Code string

// Error returns the code's own name, so that a bare Code can be an error.
func (c Code) Error() string { return string(c) }

// Codes of the server. Each has an HTTP status.
const (
	// InvalidMessage: not JSON, a wrong type, a missing or unknown field.
	InvalidMessage Code = "invalid_message"
	// TooLarge: a body, message or frame over its limit.
	TooLarge Code = "too_large"
	// UnsupportedMediaType: a body that does not say application/json.
	UnsupportedMediaType Code = "unsupported_media_type"
	// UnsupportedVersion: no subprotocol or link version that both sides speak.
	UnsupportedVersion Code = "unsupported_version"
	// NoRoute: no such path, or not with this method.
	NoRoute Code = "no_route"
	// OriginDenied: a browser asks from an origin that is not allowed here, or a
	// site from one that the wallet could not verify.
	OriginDenied Code = "origin_denied"
	// SessionRequired: no session, or one that has ended.
	SessionRequired Code = "session_required"
	// SessionUnknown: the account has no such session.
	SessionUnknown Code = "session_unknown"
	// LinkUnknown: no link has this request id.
	LinkUnknown Code = "link_unknown"
	// LinkExpired: the link's time ran out.
	LinkExpired Code = "link_expired"
	// LinkTaken: another wallet joined the link first.
	LinkTaken Code = "link_taken"
	// LinkClosed: one side ended the link.
	LinkClosed Code = "link_closed"
	// LinkNotClaimed: the call needs a wallet on the link, and there is none yet,
	// or one that holds its claim.
	LinkNotClaimed Code = "link_not_claimed"
	// LinkForbidden: the link belongs to other sessions than the one that asks.
	LinkForbidden Code = "link_forbidden"
	// ProofRejected: nonce, text, passkey or signature did not hold. Which one is in the
	// audit log and nowhere else.
	ProofRejected Code = "proof_rejected"
	// PasskeysOff: this server has no passkeys.
	PasskeysOff Code = "passkeys_off"
	// PasskeyUnknown: the account has no such passkey.
	PasskeyUnknown Code = "passkey_unknown"
	// PasskeyLimit: the account has as many passkeys as it may.
	PasskeyLimit Code = "passkey_limit"
	// AccountMismatch: the passkey is that of another account than the one that is
	// signed in or was asked for.
	AccountMismatch Code = "account_mismatch"
	// StepUpRequired: the person must prove the account again first.
	StepUpRequired Code = "step_up_required"
	// AssuranceTooLow: the sign-in cannot be trusted far enough.
	AssuranceTooLow Code = "assurance_too_low"
	// UserRejected: the person at the wallet said no.
	UserRejected Code = "user_rejected"
	// LinkNotJoined: the call needs the wallet that joined the link, and this is
	// not it, or there is none yet.
	LinkNotJoined Code = "link_not_joined"
	// HandshakeFailed: a message of the handshake did not authenticate.
	HandshakeFailed Code = "handshake_failed"
	// UnsealedRefused: what came is not sealed, and only sealed will do.
	UnsealedRefused Code = "unsealed_refused"
	// ServerMismatch: the server told the site something else than the wallet did.
	ServerMismatch Code = "server_mismatch"
	// CertificateMismatch: the connection ends at another certificate than the
	// one that the handshake named.
	CertificateMismatch Code = "certificate_mismatch"
	// CodeMismatch: the short code was not typed as the wallet shows it.
	CodeMismatch Code = "code_mismatch"
	// NotLocal: the two devices are not near enough for what is asked.
	NotLocal Code = "not_local"
	// ResumptionUnknown: there is nothing to resume, or no longer.
	ResumptionUnknown Code = "resumption_unknown"
	// FrameConflict: two different frames under one number.
	FrameConflict Code = "frame_conflict"
	// MailboxFull: too many frames wait for the other side.
	MailboxFull Code = "mailbox_full"
	// RateLimited: too many requests, sockets, links or messages.
	RateLimited Code = "rate_limited"
	// Overloaded: the server has no capacity left for this work.
	Overloaded Code = "overloaded"
	// Unavailable: storage does not answer.
	Unavailable Code = "unavailable"
	// ShuttingDown: this node is about to stop.
	ShuttingDown Code = "shutting_down"
	// SlowReader: the peer did not read its messages in time.
	SlowReader Code = "slow_reader"
	// Replaced: a newer socket took this one's place on the link.
	Replaced Code = "replaced"
	// SessionRotated: the session's id changed; connect again with the new one.
	SessionRotated Code = "session_rotated"
	// Internal: a fault of ours.
	Internal Code = "internal"
)

// Codes that only arise in an SDK or on the command line.
const (
	// InvalidLink: the text is not a link.
	InvalidLink Code = "invalid_link"
	// SignalingUnreachable: the server cannot be reached.
	SignalingUnreachable Code = "signaling_unreachable"
	// ICEFailed: the peers found no path to each other.
	ICEFailed Code = "ice_failed"
	// TimedOut: the caller's deadline passed.
	TimedOut Code = "timed_out"
	// Canceled: the caller gave up.
	Canceled Code = "canceled"
	// ChannelClosed: the channel is closed.
	ChannelClosed Code = "channel_closed"
	// PeerLost: the other side went away without a word.
	PeerLost Code = "peer_lost"
	// PasskeyExists: the device has a passkey of the account already.
	PasskeyExists Code = "passkey_exists"
	// InvalidPeer: the other side sent what the protocol does not allow.
	InvalidPeer Code = "invalid_peer"
	// KeyLocked: the wallet's key file does not open with this passphrase.
	KeyLocked Code = "key_locked"
)

// CodeInfo says what a code means to whoever receives it.
type CodeInfo struct {
	Code Code
	// Status is the HTTP status, 0 for codes that never travel over HTTP.
	Status int
	// Close is the WebSocket close code, 0 for codes that close no socket.
	// 4000-4499 invites to reconnect with backoff, 4500-4999 forbids it, so an
	// old SDK can act on a code it has never heard of.
	Close int
	// Retry says whether the same call may succeed later without a change.
	Retry bool
	// Meaning is one sentence for a developer.
	Meaning string
	// Remedy is one sentence for a person: what to do next.
	Remedy string
}

// codeTable is the only place where a code's properties stand. spec/errors.md
// and the TypeScript union are generated from it.
var codeTable = [...]CodeInfo{
	{InvalidMessage, 400, 4500, false, "The message is not valid: malformed JSON, a wrong type, a missing or an unknown field.", "Update the app; if it is yours, compare the message with the specification."},
	{TooLarge, 413, 4513, false, "A body, message or frame is over its limit.", "Send less at once."},
	{UnsupportedMediaType, 415, 0, false, "The body's Content-Type is not application/json.", "Send Content-Type: application/json."},
	{UnsupportedVersion, 426, 4526, false, "No protocol version is common to both sides.", "Update the app or the server."},
	{NoRoute, 404, 0, false, "There is nothing at this path for this method.", "Check the address."},
	{OriginDenied, 403, 4503, false, "The browser's origin may not use this server, or the wallet could not verify that the site's origin is its own.", "Open the site at its own address, or ask the operator to allow this origin."},
	{SessionRequired, 401, 4501, false, "There is no valid session.", "Start again with a new code."},
	{SessionUnknown, 404, 0, false, "The account has no such session, or it has ended.", "Look at the list of sessions again."},
	{SessionRotated, 401, 4402, true, "The session's id changed.", "Connect again; nothing is lost."},
	{LinkUnknown, 404, 4504, false, "No link has this request id.", "Ask the site for a new code."},
	{LinkExpired, 410, 4510, false, "The link's time ran out.", "Ask the site for a new code and scan it within two minutes."},
	{LinkTaken, 409, 4511, false, "Another wallet joined the link first.", "Ask the site for a new code. If the other wallet was not yours, tell the site's owner."},
	{LinkClosed, 410, 4512, false, "One side ended the link.", "Ask the site for a new code."},
	{LinkNotClaimed, 409, 0, true, "The call needs a wallet on the link, and there is none yet, or one that still has to measure.", "Wait until a wallet has answered."},
	{LinkForbidden, 403, 4514, false, "The link belongs to another session.", "Start again with a new code."},
	{ProofRejected, 401, 0, false, "Nonce, text, passkey or signature did not hold.", "Scan the code again, or use the passkey again."},
	{PasskeysOff, 404, 0, false, "This server has no passkeys.", "Sign in with your wallet."},
	{PasskeyUnknown, 404, 0, false, "The account has no such passkey.", "Look at the list of passkeys again."},
	{PasskeyLimit, 409, 0, false, "The account has as many passkeys as it may.", "Remove one that you do not use."},
	{AccountMismatch, 409, 0, false, "The passkey is that of another account.", "Log out first, or use a passkey of the account that is signed in."},
	{StepUpRequired, 403, 0, false, "The account must have been proved just now.", "Sign in again, with your wallet or a passkey, and repeat this within ten minutes."},
	{AssuranceTooLow, 403, 0, false, "The sign-in cannot be trusted far enough for this.", "Sign in with a wallet that seals what it sends, or with a passkey on this site."},
	{UserRejected, 409, 4515, false, "The person at the wallet said no.", "Nothing was shared. Start again if that was a mistake."},
	{LinkNotJoined, 409, 0, false, "No wallet has joined the link, or another than the one that calls.", "Scan the code again."},
	{HandshakeFailed, 409, 0, false, "A message of the handshake did not come from the other side, or was changed on the way.", "Start again with a new code. If that does not help, update the app, or tell the operator of the server."},
	{UnsealedRefused, 409, 0, false, "What came is not sealed end to end, so the server could have made it up.", "Start again with a new code, and update the app if that does not help."},
	{ServerMismatch, 409, 0, false, "The server says something else than the wallet.", "Do not go on here, and tell the operator of the site: its server lies, or somebody is in it."},
	{CertificateMismatch, 409, 0, false, "The direct connection ends somewhere else than at the other device.", "Do not go on in this network, and start again in another one."},
	{CodeMismatch, 409, 0, false, "The short code was wrong three times.", "Start again with a new code, and type the six digits that your own wallet shows."},
	{NotLocal, 409, 0, false, "The two devices are not near each other, which this site or wallet asks for.", "Connect both devices to the same Wi-Fi and start again. If somebody sent you the code, decline."},
	{ResumptionUnknown, 404, 0, false, "The other side does not know this pairing, or no longer.", "Scan a new code."},
	{FrameConflict, 409, 4516, false, "Two different frames carry one number.", "Start again with a new code."},
	{MailboxFull, 429, 0, true, "Too many frames wait for the other side.", "Wait until the other side is back."},
	{RateLimited, 429, 4429, true, "Too many requests, sockets, links or messages from here.", "Wait a moment and try again."},
	{Overloaded, 503, 4403, true, "The server has no capacity left for this work.", "Try again in a few seconds."},
	{Unavailable, 503, 4404, true, "Storage does not answer.", "Try again in a few seconds."},
	{ShuttingDown, 503, 4405, true, "This node is about to stop.", "Connect again; nothing is lost."},
	{SlowReader, 0, 4408, true, "Messages were not read in time.", "Connect again; nothing is lost."},
	{Replaced, 0, 4509, false, "A newer connection took over this link.", "Go on in the other tab, or start again here with a new code."},
	{Internal, 500, 4400, true, "The server made a mistake.", "Try again; if it stays, give the operator the request id."},

	{InvalidLink, 0, 0, false, "The text is not a link of this protocol.", "Copy the whole link again."},
	{SignalingUnreachable, 0, 0, true, "The server cannot be reached.", "Check the network and the server's address."},
	{ICEFailed, 0, 0, true, "The two devices found no path to each other.", "Connect both to the same network, or ask the operator for a relay (TURN)."},
	{TimedOut, 0, 0, true, "The deadline passed.", "Try again and allow more time."},
	{Canceled, 0, 0, false, "The caller gave up.", "Start again when ready."},
	{ChannelClosed, 0, 0, false, "The channel is closed.", "Link again with a new code."},
	{PeerLost, 0, 0, true, "The other side went away without a word.", "It may come back by itself; if it does not, link again with a new code."},
	{PasskeyExists, 0, 0, false, "The device has a passkey of the account already.", "Use the one that is there, or make one on another device."},
	{InvalidPeer, 409, 0, false, "The other side sent something the protocol does not allow.", "Update both apps."},
	{KeyLocked, 0, 0, false, "The key file does not open with this passphrase.", "Check the passphrase."},
}

// Codes returns the whole table, in the order in which documents show it.
func Codes() []CodeInfo { return append([]CodeInfo(nil), codeTable[:]...) }

// Info returns the row of c; for a code that is not in the table, that of [Internal].
func (c Code) Info() CodeInfo {
	for _, info := range codeTable {
		if info.Code == c {
			return info
		}
	}
	return Internal.Info()
}

// Known reports whether c is in the table.
func (c Code) Known() bool { return c == Internal || c.Info().Code == c }

// CodeOf returns the code that err carries, or [Internal] when it carries none.
func CodeOf(err error) Code {
	var c Code
	if errors.As(err, &c) {
		return c
	}
	return Internal
}
