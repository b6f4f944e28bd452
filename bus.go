package liaison

import "github.com/liaison-dev/liaison/protocol"

// Subject is what nodes talk about: one link, or all sessions.
type Subject string

// SessionsSubject is where every node hears that a session's token changed.
const SessionsSubject Subject = "sessions"

// LinkSubject is where the nodes of a link's two sides meet.
func LinkSubject(id protocol.RequestID) Subject { return Subject("link." + string(id)) }

// SignalKind is the kind of a [Signal].
type SignalKind string

// Signals between nodes.
const (
	// SignalFrame brings a frame for the given side.
	SignalFrame SignalKind = "frame"
	// SignalAck says that the given side has received all frames below Next.
	SignalAck SignalKind = "ack"
	// SignalWant asks for the frames for the given side from Next on.
	SignalWant SignalKind = "want"
	// SignalPeer says whether the given side is attached somewhere.
	SignalPeer SignalKind = "peer"
	// SignalAttached says that the given side has attached to another node.
	SignalAttached SignalKind = "attached"
	// SignalClaimed says that the link was claimed; Frame is the wallet's first,
	// if it sent one.
	SignalClaimed SignalKind = "claimed"
	// SignalNotice has a code for the site.
	SignalNotice SignalKind = "notice"
	// SignalClosed says that the link ended and why.
	SignalClosed SignalKind = "closed"
	// SignalRotated says that a session has a new token; its older sockets are
	// closed, save those that are attached to Link.
	SignalRotated SignalKind = "rotated"
)

// Signal is one message between nodes; Kind says which fields count. It holds
// nothing that must be believed: a node that acts on a right reads the store.
type Signal struct {
	Kind       SignalKind         `json:"kind"`
	Link       protocol.RequestID `json:"link,omitempty"`
	Side       protocol.Side      `json:"side,omitempty"`
	Frame      *protocol.Frame    `json:"frame,omitempty"`
	Next       uint64             `json:"next,omitempty"`
	State      protocol.PeerState `json:"state,omitempty"`
	Code       protocol.Code      `json:"code,omitempty"`
	Session    SessionID          `json:"session,omitempty"`
	Generation uint64             `json:"generation,omitempty"`
}

// Bus carries signals between the nodes of one service. One Bus value is one
// node's end of it. All methods may be called concurrently. Package bustest is
// the contract as tests.
//
// A signal reaches each subscriber of its subject on every other node at most
// once, in any order, and never comes back to the node that published it:
// correctness lies in the store and in the cursors of the mailboxes, which ask
// again for what is missing.
type Bus interface {
	// Publish sends a signal. It does not wait for other nodes, and a full or
	// broken line drops the signal.
	Publish(subject Subject, signal Signal)
	// Subscribe calls handle for each signal on the subject until cancel is
	// called. Calls for one subscription come one at a time. Cancel does not
	// wait for a call that is under way. Handle may publish, subscribe and
	// cancel; it must not block for long.
	Subscribe(subject Subject, handle func(Signal)) (cancel func(), err error)
	// Close releases everything; nothing may be called afterwards.
	Close() error
}
