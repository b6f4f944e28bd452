package client

import (
	"sync"

	"github.com/liaison-dev/liaison/protocol"
)

// window is how many frames may be under way at once. It leaves the mailbox on
// the server some room.
const window = protocol.MailboxFrames - 8

// outbox numbers the frames of one direction and keeps them until the other
// side has acknowledged them.
type outbox struct {
	codec codec         // fixed
	ready chan struct{} // fixed; holds one token when there may be something new

	mu sync.Mutex
	// Guarded by mu.
	held   bool             // nothing goes out by itself
	base   uint64           // all frames below are acknowledged
	frames []protocol.Frame // from base on
}

func newOutbox(c codec) *outbox { return &outbox{codec: c, ready: make(chan struct{}, 1)} }

// add gives the message the next number.
func (o *outbox) add(m protocol.PeerMessage) (protocol.Frame, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := o.base + uint64(len(o.frames))
	payload, err := o.codec.seal(n, m)
	if err != nil {
		return protocol.Frame{}, err
	}
	frame := protocol.Frame{N: n, D: payload}
	if err := frame.Validate(); err != nil {
		return protocol.Frame{}, err
	}
	o.frames = append(o.frames, frame)
	o.wake()
	return frame, nil
}

// hold keeps all frames back: one of them goes out by other means, and nothing
// may overtake it.
func (o *outbox) hold() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held = true
}

// release lets the frames go.
func (o *outbox) release() {
	o.mu.Lock()
	o.held = false
	o.mu.Unlock()
	o.wake()
}

func (o *outbox) wake() {
	select {
	case o.ready <- struct{}{}:
	default:
	}
}

// acked forgets all frames below next and reports whether there were any. A
// number that was never given out is ignored.
func (o *outbox) acked(next uint64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if next <= o.base || next-o.base > uint64(len(o.frames)) {
		return false
	}
	o.frames = o.frames[next-o.base:]
	o.base = next
	return true
}

// from returns the frames from number n on that may be sent now.
func (o *outbox) from(n uint64) []protocol.Frame {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.held {
		return nil
	}
	if n < o.base {
		n = o.base
	}
	end := min(len(o.frames), window)
	if n-o.base >= uint64(end) {
		return nil
	}
	return append([]protocol.Frame(nil), o.frames[n-o.base:end]...)
}

// waiting returns how many frames are not acknowledged.
func (o *outbox) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.frames)
}

// start returns the number of the oldest frame that is not acknowledged, and
// whether there is one.
func (o *outbox) start() (uint64, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.base, len(o.frames) > 0
}
