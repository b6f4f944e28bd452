package socketio

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"sync"

	"github.com/liaison-dev/liaison/socketio/engineio"
)

type state uint8

const (
	connecting state = iota
	connected
	gone
)

// refused is what clients read of errors that are not for them.
const refused = "Connection refused"

// maxStaged bounds what may be emitted before the client is connected.
const maxStaged = 256

// Socket is a client's end of a namespace.
type Socket struct {
	// Fixed.
	connection *connection
	namespace  *Namespace
	id         string
	auth       json.RawMessage
	done       chan struct{} // closed when the socket is disconnected

	// Owned by the goroutine that carries out tasks.
	accepted bool // OnConnect had nothing against it

	mu sync.Mutex
	// Guarded by mu.
	state        state
	dismissed    bool                 // by us: what the client still sends is void
	staged       [][]engineio.Message // to be sent once connected; nil is a barrier
	handlers     map[string]func(*Event)
	fallback     func(*Event)
	onDisconnect []func(Reason)
	acks         map[uint64]chan []Arg
	lastAck      uint64
}

func newSocket(c *connection, namespace *Namespace, auth json.RawMessage) *Socket {
	var id [18]byte
	_, _ = rand.Read(id[:]) // never fails
	return &Socket{
		connection: c, namespace: namespace, auth: auth, done: make(chan struct{}),
		id: base64.RawURLEncoding.EncodeToString(id[:]),
	}
}

// ID returns the id of the socket, which the client knows too. It is not that of
// the session, and no secret between the two only.
func (s *Socket) ID() string { return s.id }

// Namespace returns what the socket is connected to.
func (s *Socket) Namespace() *Namespace { return s.namespace }

// Session returns the connection below, which the sockets of a client share.
func (s *Socket) Session() *engineio.Session { return s.connection.session }

// Value returns what the Handshake hook returned for the connection.
func (s *Socket) Value() any { return s.connection.session.Value() }

// Auth returns the object that the client sent along when it connected, exactly
// as it came, or nil.
func (s *Socket) Auth() json.RawMessage { return s.auth }

// Done returns a channel that is closed when the socket is disconnected.
func (s *Socket) Done() <-chan struct{} { return s.done }

// On sets the handler of the events of a name, in place of the one before. Events
// without a handler are ignored.
func (s *Socket) On(name string, f func(*Event)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.handlers == nil {
		s.handlers = make(map[string]func(*Event))
	}
	s.handlers[name] = f
}

// OnEvent sets the handler of all events that have none of their own.
func (s *Socket) OnEvent(f func(*Event)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fallback = f
}

// OnDisconnect adds who is told, once, after the last event, why the socket was
// disconnected. One that is added too late is never called.
func (s *Socket) OnDisconnect(f func(Reason)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onDisconnect = append(s.onDisconnect, f)
}

// Emit sends an event. It never blocks. Arguments are what encoding/json
// encodes; json.RawMessage and [Arg] stay as they are, byte for byte; []byte is
// sent as an attachment.
func (s *Socket) Emit(name string, args ...any) error {
	if slices.Contains(reserved, name) {
		return ErrReserved
	}
	p, err := encode(typeEvent, s.namespace.name, name, args)
	if err != nil {
		return err
	}
	return s.send(p.messages())
}

// EmitAck sends an event as [Socket.Emit] does and waits for the client's
// acknowledgement. A handler may wait, too. It returns an error when ctx ends, or
// the connection.
func (s *Socket) EmitAck(ctx context.Context, name string, args ...any) ([]Arg, error) {
	if slices.Contains(reserved, name) {
		return nil, ErrReserved
	}
	p, err := encode(typeEvent, s.namespace.name, name, args)
	if err != nil {
		return nil, err
	}
	answer := make(chan []Arg, 1)
	if p.id, err = s.expect(answer); err != nil {
		return nil, err
	}
	defer s.forget(p.id)
	p.hasID = true
	if err := s.send(p.messages()); err != nil {
		return nil, err
	}
	select {
	case args := <-answer:
		return args, nil
	case <-s.done:
		return nil, ErrDisconnected
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *Socket) expect(answer chan []Arg) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.state == gone:
		return 0, ErrDisconnected
	case len(s.acks) >= s.connection.server.cfg.MaxPendingAcks:
		return 0, ErrPendingAcks
	case s.acks == nil:
		s.acks = make(map[uint64]chan []Arg)
	}
	s.lastAck++
	s.acks[s.lastAck] = answer
	return s.lastAck, nil
}

func (s *Socket) forget(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.acks, id)
}

// acknowledged hands an acknowledgement to who waits for it. One that nobody
// waits for is ignored, since it may just be late.
func (s *Socket) acknowledged(p *packet) {
	s.mu.Lock()
	answer := s.acks[p.id]
	delete(s.acks, p.id)
	s.mu.Unlock()
	if answer == nil {
		return
	}
	args := make([]Arg, len(p.args))
	for i, arg := range p.args {
		args[i] = Arg{JSON: arg, Attachments: p.attachments}
	}
	answer <- args
}

// Barrier keeps what was emitted before and what is emitted after out of one
// poll answer. Clients handle all events of one without a pause, so a handler
// that one of them sets up, after an await, comes too late for the next. Over
// WebSocket events are apart in any case.
func (s *Socket) Barrier() {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.state == connected:
		s.connection.session.Barrier()
	case s.state == connecting && len(s.staged) < maxStaged:
		s.staged = append(s.staged, nil)
	}
}

// send sends the messages of one packet, after the news that the client is
// connected.
func (s *Socket) send(messages []engineio.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.state == gone:
		return ErrDisconnected
	case s.state == connected:
		return sendError(s.connection.session.Send(messages...))
	case len(s.staged) >= maxStaged:
		return ErrTooLarge
	}
	s.staged = append(s.staged, messages)
	return nil
}

// Disconnect makes the client leave the namespace, once it has what was emitted.
// With closeConnection it leaves all namespaces, and the connection is closed.
// Clients do not come back by themselves.
func (s *Socket) Disconnect(closeConnection bool) {
	c := s.connection
	sockets := []*Socket{s}
	if closeConnection {
		c.mu.Lock()
		for _, other := range c.sockets {
			if other != s {
				sockets = append(sockets, other)
			}
		}
		c.mu.Unlock()
	}
	for _, socket := range sockets {
		socket.disconnect()
	}
	if closeConnection {
		c.session.Close("")
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settleLocked()
}

// disconnect tells the client that it has left.
func (s *Socket) disconnect() {
	p := packet{kind: typeDisconnect, namespace: s.namespace.name}
	if s.send(p.messages()) != nil {
		return // it has left before
	}
	s.mu.Lock()
	s.dismissed = true
	s.mu.Unlock()
	s.left(ServerDisconnect)
}

func (s *Socket) isLive() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state != gone
}

// connect asks the user whether the client may connect.
func (s *Socket) connect() {
	err := s.namespace.connect(s)
	if err != nil {
		s.refuse(err)
		return
	}
	s.accepted = true
	data, _ := marshal(struct { // a string always encodes
		SID string `json:"sid"`
	}{s.id})
	p := packet{kind: typeConnect, namespace: s.namespace.name, data: data}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.state == connecting:
		s.state = connected
		s.sendStagedLocked(p.messages())
	case s.dismissed: // right away: the client still waits for an answer
		s.connection.refuse(s.namespace.name, &ConnectError{Message: refused})
	}
	s.staged = nil
}

// sendStagedLocked sends what was emitted while the user was asked. An error
// means that the session has ended, which we will hear of.
func (s *Socket) sendStagedLocked(first []engineio.Message) {
	session := s.connection.session
	_ = session.Send(first...)
	for _, messages := range s.staged {
		if messages == nil {
			session.Barrier()
			continue
		}
		_ = session.Send(messages...)
	}
}

func (s *Socket) refuse(err error) {
	answer := &ConnectError{Message: refused}
	var told *ConnectError
	if errors.As(err, &told) {
		answer = told
	}
	if s.leave() {
		s.connection.refuse(s.namespace.name, answer)
	}
	c := s.connection
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settleLocked()
}

// leave marks the socket as disconnected. It returns false if it was already.
func (s *Socket) leave() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == gone {
		return false
	}
	s.state = gone
	s.acks = nil
	close(s.done)
	return true
}

// left disconnects the socket and has the user told.
func (s *Socket) left(reason Reason) {
	if s.leave() {
		s.connection.do(func() { s.tell(reason) })
	}
}

func (s *Socket) tell(reason Reason) {
	if !s.accepted {
		return // the user never had it
	}
	s.mu.Lock()
	told := s.onDisconnect
	s.onDisconnect, s.handlers, s.fallback = nil, nil, nil
	s.mu.Unlock()
	for _, f := range told {
		s.connection.guard(func() { f(reason) })
	}
}

// handle calls the handler of an event.
func (s *Socket) handle(e *Event) {
	s.mu.Lock()
	handler, ok := s.handlers[e.Name]
	if !ok {
		handler = s.fallback
	}
	if !s.accepted || s.dismissed {
		handler = nil
	}
	s.mu.Unlock()
	if handler == nil {
		return
	}
	if admit := s.connection.server.cfg.Admit; admit != nil && !admit(e) {
		return
	}
	handler(e)
}
