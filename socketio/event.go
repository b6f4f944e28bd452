package socketio

import "sync/atomic"

// Event is what a client emitted.
type Event struct {
	// Fixed.
	socket *Socket
	id     uint64
	hasAck bool

	acknowledged atomic.Bool

	// Name is the name of the event.
	Name string
	// Args are its arguments.
	Args []Arg
}

// Socket returns who emitted the event.
func (e *Event) Socket() *Socket { return e.socket }

// HasAck reports whether the client waits for an acknowledgement.
func (e *Event) HasAck() bool { return e.hasAck }

// Ack acknowledges the event, with arguments as for [Socket.Emit]. It may be
// called at any time after the event came, also when its handler has returned,
// but takes effect only once.
func (e *Event) Ack(args ...any) error {
	if !e.hasAck {
		return ErrNoAck
	}
	p, err := encode(typeAck, e.socket.namespace.name, "", args)
	if err != nil {
		return err
	}
	if !e.acknowledged.CompareAndSwap(false, true) {
		return ErrAcknowledged
	}
	p.id, p.hasID = e.id, true
	return e.socket.send(p.messages())
}
