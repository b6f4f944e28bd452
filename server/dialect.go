package server

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/lxzan/gws"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// Dialect is what another protocol needs of a server to let its clients use the
// same links, in the same rooms and the same store. Package liquid is one. All
// methods may be called concurrently.
type Dialect struct{ server *Server }

// Dialect returns the server as other protocols see it.
func (s *Server) Dialect() Dialect { return Dialect{s} }

// Admit says whether the client of a request may make one now. An error has
// [protocol.RateLimited].
func (d Dialect) Admit(r *http.Request) error {
	s := d.server
	if wait := s.requestsByAddress.wait(s.address(r), s.cfg.Now()); wait > 0 {
		return rateLimited("requests", wait)
	}
	return nil
}

// SameOrigin reports whether a request comes from a page of the server's, reached by
// the server's own name, or from no browser at all.
func (d Dialect) SameOrigin(r *http.Request) bool { return d.server.sameOrigin(r) }

// AdmitSocket says whether the client of a request may open a socket now. An error
// has [protocol.RateLimited].
func (d Dialect) AdmitSocket(r *http.Request) error {
	s := d.server
	if wait := s.socketsByAddress.wait(s.address(r), s.cfg.Now()); wait > 0 {
		return rateLimited("sockets", wait)
	}
	return nil
}

// HoldSocket takes one of the places for open sockets that an address has, and
// returns how to give it back. An error has [protocol.RateLimited].
func (d Dialect) HoldSocket(addr netip.Addr) (release func(), err error) {
	s := d.server
	if !s.socketsOpen.take(addr) {
		return nil, rateLimited("open sockets", time.Second)
	}
	return sync.OnceFunc(func() { s.socketsOpen.give(addr) }), nil
}

// Address returns the address of the client of a request, as the limits count
// it: one for an IPv6 /64.
func (d Dialect) Address(r *http.Request) netip.Addr { return d.server.address(r) }

// AdmitLink says whether the client at an address may open a link now. An error has
// [protocol.RateLimited] or [protocol.Overloaded].
func (d Dialect) AdmitLink(addr netip.Addr) error { return d.server.admitLink(addr) }

// AdmitChallenge says whether the client of a request may have a challenge for a
// passkey now. An error has [protocol.RateLimited].
func (d Dialect) AdmitChallenge(r *http.Request) error { return d.server.admitChallenge(r) }

// CheckProof waits for one of the places where signatures are checked and returns
// how to leave it.
func (d Dialect) CheckProof(ctx context.Context) (leave func(), err error) {
	return d.server.proofChecks.enter(ctx)
}

// Update commits what change returns. When a record moved on meanwhile, change is
// called again and must read anew. Errors of the store have
// [protocol.Unavailable].
func (d Dialect) Update(ctx context.Context, op string, change func() (liaison.Change, error)) error {
	return d.server.update(ctx, op, change)
}

// ChangeLink applies one event to a stored link and tells whoever must know. With
// may add to the change; it may be nil.
func (d Dialect) ChangeLink(ctx context.Context, op string, id protocol.RequestID, event liaison.Event,
	with func(liaison.Link, *liaison.Change) error,
) (liaison.Link, error) {
	link, err := d.server.updateLink(ctx, op, id, event, with)
	if err == nil && event.Kind == liaison.Vouch {
		d.server.hub.linkClaimed(link, nil, sender{})
		d.server.metrics.Claim("")
	}
	return link, err
}

// Link returns a link that is neither closed nor expired.
func (d Dialect) Link(ctx context.Context, id protocol.RequestID) (liaison.Link, error) {
	return d.server.link(ctx, id)
}

// LinkClosed tells both ends of a link that it was closed.
func (d Dialect) LinkClosed(link liaison.Link) { d.server.hub.linkClosed(link.ID, link.Reason) }

// LinkOpened counts a link that a client of the dialect opened.
func (d Dialect) LinkOpened() { d.server.metrics.LinksOpened.Inc() }

// SessionChanged closes the sockets and ports of a session that were opened before
// it became what it is now, save those that are attached to the link keep.
func (d Dialect) SessionChanged(session liaison.Session, keep protocol.RequestID) {
	d.server.hub.rotated(session, keep)
}

// Touch notes that a session is in use.
func (d Dialect) Touch(ctx context.Context, session liaison.Session) { d.server.touch(ctx, session) }

// Sessions bounds the life of sessions.
func (d Dialect) Sessions() liaison.SessionLimits { return d.server.cfg.Sessions }

// Surplus returns the oldest links of a session that wait, closed: as many as have to
// make room for the one that is opened. The caller stores them with it.
func (d Dialect) Surplus(ctx context.Context, session liaison.SessionID, opened protocol.RequestID) ([]liaison.Link, error) {
	return d.server.surplus(ctx, session, opened)
}

// Port is a client of the native protocol within this process: a dialect says
// through it what its own client means. What holds for a WebSocket (spec/protocol.md
// §7) holds for a port.
type Port struct {
	socket *socket
	line   *portLine
}

// OpenPort opens a port for a session. Hear is called with each message, one at a
// time and from another goroutine, and should not block for long. Ended is called once, with the reason, when the server closes the
// port: the session may have changed, the server stops, or hear has panicked, which is
// [protocol.Internal].
func (d Dialect) OpenPort(session liaison.Session, hear func(protocol.ServerMessage), ended func(protocol.Code)) (*Port, error) {
	s := d.server
	wire := &portLine{
		hear: hear, ended: ended, over: make(chan struct{}),
		panicked: func(cause any) { s.logPanic(s.ctx, "dialect", cause) },
	}
	socket := &socket{
		server: s, line: wire, opened: time.Now().Unix(), inside: true,
		session: session.ID, generation: session.Generation,
	}
	if !s.hub.addSocket(socket) {
		return nil, protocol.ShuttingDown
	}
	go func() {
		defer socket.finish()
		<-wire.over
	}()
	return &Port{socket, wire}, nil
}

// Do carries out a message. Errors have the codes that a WebSocket's client would
// get in an error message.
func (p *Port) Do(m protocol.ClientMessage) error {
	if err := m.Validate(); err != nil {
		return err
	}
	return p.socket.carryOut(m)
}

// Listen lets the frames for the port's end of a claimed link come, from the first
// that was not acknowledged. They come as [protocol.OpFrame], and once more to a
// later port until they are acknowledged.
func (p *Port) Listen(link liaison.Link) error {
	side, ok := link.Side(p.socket.session)
	if !ok || link.State != liaison.Claimed {
		return &liaison.Error{Code: protocol.LinkForbidden, Op: "listen"}
	}
	topic := side.Topic(link.Account.Address())
	return p.socket.subscribe(protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: topic, RequestID: link.ID}, true)
}

// Leave ends what Listen began. What was not acknowledged waits for whoever listens
// next.
func (p *Port) Leave(id protocol.RequestID) {
	if a, ok := p.socket.attached(id); ok && p.socket.detach(a.room) {
		a.room.detach(p.socket)
		p.socket.server.hub.release(a.room)
	}
}

// Send passes a payload of a client at an address to the other end of a link that
// the port listens to, as the frame after all others. Anew means that what the other end has not
// acknowledged is of no use any more; only ends that listen through ports
// understand that.
func (p *Port) Send(from netip.Addr, id protocol.RequestID, payload []byte, anew bool) error {
	frame := protocol.Frame{D: base64.RawURLEncoding.EncodeToString(payload)}
	if err := frame.Validate(); err != nil {
		return err
	}
	a, ok := p.socket.attached(id)
	if !ok {
		return &liaison.Error{Code: protocol.LinkForbidden, Op: "send frame"}
	}
	return a.room.add(a.side.Other(), frame.D, anew, sender{client: true, addr: from})
}

// Close ends the port. Nothing is heard after it but what is being heard.
func (p *Port) Close() { p.line.cut() }

// portLine is the line of a port.
type portLine struct {
	hear  func(protocol.ServerMessage)
	ended func(protocol.Code)
	// panicked notes what a call into the dialect came to.
	panicked func(cause any)

	once sync.Once
	over chan struct{} // closed by cut
}

func (l *portLine) write(opcode gws.Opcode, payload []byte) error {
	select {
	case <-l.over:
		return context.Canceled
	default:
	}
	if opcode != gws.OpcodeText {
		return nil
	}
	var m protocol.ServerMessage
	if err := json.Unmarshal(payload, &m); err != nil {
		return err
	}
	err := l.guarded(func() { l.hear(m) })
	if err != nil {
		l.say(protocol.Internal)
		l.cut()
	}
	return err
}

// guarded calls into the dialect. What panics there must cost its own port and
// nobody else anything.
func (l *portLine) guarded(call func()) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			l.panicked(cause)
			err = context.Canceled
		}
	}()
	call()
	return nil
}

func (*portLine) setDeadline(time.Time) {}

func (l *portLine) say(reason protocol.Code) {
	select {
	case <-l.over: // it was closed by whoever opened it
	default:
		l.guarded(func() { l.ended(reason) })
	}
}

func (l *portLine) cut() { l.once.Do(func() { close(l.over) }) }
