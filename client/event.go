package client

import "github.com/liaison-dev/liaison/protocol"

// EventKind is the kind of an [Event].
type EventKind string

// What happens to a link, for whoever wants to watch.
const (
	// EventSignaling: the WebSocket to the server came up (Up) or went away. It
	// is tried again until the link ends.
	EventSignaling EventKind = "signaling"
	// EventLinked: a wallet proved Account. On the wallet's side: the server
	// accepted the proof.
	EventLinked EventKind = "linked"
	// EventJoined: on the site's side, a wallet holds the other end of the code
	// now, which need not be shown any more.
	EventJoined EventKind = "joined"
	// EventUnsealed: on the site's side, a wallet of another protocol, Dialect, has
	// answered: nothing is sealed, and that the wallet is Account's is the word of the
	// server and of nobody else. It comes before the channel opens. Warn says that
	// the person must be told ([LegacyWarn]).
	EventUnsealed EventKind = "unsealed"
	// EventCode: on the wallet's side, the person must be shown ShortCode, to
	// type it into the site if that asks for it.
	EventCode EventKind = "code"
	// EventLocality: Locality was measured.
	EventLocality EventKind = "locality"
	// EventNotice: the server tells the site something that changes nothing;
	// Code says what. Today it is [protocol.LinkTaken]: a second wallet used the
	// same QR code.
	EventNotice EventKind = "notice"
	// EventOpen: the channel is open; Path is the way that it takes.
	EventOpen EventKind = "open"
	// EventPath: the channel changed to Path.
	EventPath EventKind = "path"
	// EventRestart: the site looks for a new path.
	EventRestart EventKind = "restart"
	// EventClosed: all is over; Code says why, [protocol.ChannelClosed] if one
	// of the two sides closed the channel.
	EventClosed EventKind = "closed"
)

// Event is one step; Kind says which fields count.
type Event struct {
	Kind      EventKind
	Up        bool
	Account   protocol.Account
	Assurance protocol.Assurance
	Code      protocol.Code
	Path      Path
	ShortCode string
	Locality  LocalityReport
	Dialect   protocol.Dialect
	Warn      bool
}
