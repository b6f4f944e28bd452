package liquid

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/netip"
	"slices"
	"sync"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
	"github.com/liaison-dev/liaison/socketio"
)

// seats are those of this node.
//
// Lock order: seat.mu, then seats.mu.
type seats struct {
	mu sync.Mutex
	// Guarded by mu.
	all map[liaison.SessionID]*seat
}

// seat is where all sockets of a session sit: they hear what is said to the
// session, as far as it is about the link that they speak through. A socket whose
// connection has died without a word takes nothing away from the one that came
// after it.
type seat struct {
	// Fixed.
	handler *Handler
	id      liaison.SessionID

	// Guarded by seats.mu, so that nobody who looks for a seat waits for another.
	peers map[*peer]struct{}
	taken bool // away, with its last socket

	mu sync.Mutex
	// Guarded by mu.
	port    *server.Port                   // nil while nothing is to be heard
	waiting map[protocol.RequestID][]asked // links that nobody has signed in with yet
	ends    map[protocol.RequestID]*end
}

// sockets returns those that sit here now.
func (s *seat) sockets() []*peer {
	s.handler.seats.mu.Lock()
	defer s.handler.seats.mu.Unlock()
	return slices.Collect(maps.Keys(s.peers))
}

// empty reports whether the last socket has gone.
func (s *seat) empty() bool {
	s.handler.seats.mu.Lock()
	defer s.handler.seats.mu.Unlock()
	return s.taken
}

// asked is a question that is open: tell me when a wallet has come.
type asked struct {
	peer  *peer
	ref   reference
	event *socketio.Event
}

// end is the session's end of a claimed link.
type end struct {
	link liaison.Link
	// kept are the last events that the sockets were sent and may not have got: a
	// socket ends without a word when a phone sleeps. The server keeps them, too.
	kept []signal
	next uint64 // frames that came
	// taken is closed when the other end has taken more of what was sent to it.
	taken chan struct{}
}

// keptEvents is how many that is.
const keptEvents = 32

// acknowledgement is what a site gets to know of who has signed in.
type acknowledgement struct {
	Data acknowledged `json:"data"`
}

type acknowledged struct {
	Credential liaison.CredentialID `json:"credId"`
	RequestID  reference            `json:"requestId"`
	Wallet     string               `json:"wallet"`
}

// of returns the seat of a session; one that is away if it has none.
func (s *seats) of(h *Handler, id liaison.SessionID) *seat {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.all[id]; found != nil {
		return found
	}
	return &seat{handler: h, id: id, taken: true}
}

// find returns the seat of a session, nil if it has none.
func (s *seats) find(id liaison.SessionID) *seat {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all[id]
}

// take gives a socket its place.
func (s *seats) take(h *Handler, p *peer, id liaison.SessionID) *seat {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all = make(map[liaison.SessionID]*seat)
	}
	if s.all[id] == nil {
		s.all[id] = &seat{
			handler: h, id: id, peers: make(map[*peer]struct{}),
			waiting: make(map[protocol.RequestID][]asked), ends: make(map[protocol.RequestID]*end),
		}
	}
	s.all[id].peers[p] = struct{}{}
	return s.all[id]
}

// give takes a socket's place away, and with the last one the seat. It returns the
// seat that the socket had.
func (s *seats) give(p *peer, id liaison.SessionID) *seat {
	s.mu.Lock()
	defer s.mu.Unlock()
	had := s.all[id]
	if had == nil {
		return nil
	}
	if delete(had.peers, p); len(had.peers) == 0 {
		had.taken = true
		delete(s.all, id)
	}
	return had
}

// sit gives a socket its place, and lets it speak through the session's link if
// there is one.
func (h *Handler) sit(p *peer, v visitor) {
	s := h.seats.take(h, p, v.session.ID)
	if p.gone() { // meanwhile, and whoever noticed did not find it here
		h.leave(p, v.session.ID)
		return
	}
	// What has changed since the session was read did not find the socket here.
	ctx, cancel := context.WithTimeout(context.Background(), eventTimeout)
	defer cancel()
	session, err := h.current(ctx, v)
	if err != nil {
		h.log.Debug("session of a socket not read", "code", protocol.CodeOf(err))
		return
	}
	p.connection.now(session)
	s.refresh(session, p)
}

// leave takes a socket's place away.
func (h *Handler) leave(p *peer, id liaison.SessionID) {
	s := h.seats.give(p, id)
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, all := range s.waiting {
		s.waiting[id] = slices.DeleteFunc(all, func(a asked) bool { return a.peer == p })
	}
	if s.empty() && s.port != nil {
		s.port.Close()
		s.port = nil
	}
}

// dismiss closes the connections of a session that has ended: they come again, as
// whoever their client is then.
func (h *Handler) dismiss(id liaison.SessionID) {
	if s := h.seats.find(id); s != nil {
		for _, p := range s.sockets() {
			p.again()
		}
	}
}

// renew lets the sockets of a session go on in what a client has made of it. What
// they were told before is not theirs any more, and those that others have opened in
// it have to come again: somebody may have planted the cookie of the session that
// this client has signed in.
func (h *Handler) renew(session liaison.Session, client string) {
	s := h.seats.find(session.ID)
	if s == nil {
		return
	}
	for _, p := range s.sockets() {
		if p.connection.client != client {
			p.again()
		}
	}
	s.mu.Lock()
	if s.port != nil {
		s.port.Close()
	}
	s.vacateLocked()
	s.askAgainLocked(session)
	s.mu.Unlock()
	s.refresh(session, nil)
}

// vacateLocked forgets what was heard through a port that has ended.
func (s *seat) vacateLocked() {
	s.port = nil
	clear(s.ends)
	for _, p := range s.sockets() {
		p.current = ""
	}
}

// askAgainLocked lets the news of links that still wait come through a new port.
func (s *seat) askAgainLocked(session liaison.Session) {
	for id := range s.waiting {
		if err := s.askLocked(session, id); err != nil {
			s.handler.log.Debug("link not heard of any more", "code", protocol.CodeOf(err))
		}
	}
}

// recall has the sockets come again that nothing rests on.
func (s *seat) recall() {
	for _, p := range s.sockets() {
		if p.connection.pristine() {
			p.again()
		}
	}
}

// refresh takes over what the session is now. Newcomer is a socket that has just
// come; nil stands for all of them.
func (s *seat) refresh(session liaison.Session, newcomer *peer) {
	if session.Link == "" || session.Account == "" || !session.Live(s.handler.now(), s.handler.dialect.Sessions()) {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), eventTimeout)
	defer cancel()
	link, err := s.handler.dialect.Link(ctx, session.Link)
	if err != nil {
		s.handler.log.Debug("link of a session not found", "code", protocol.CodeOf(err))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.hearLocked(session, link); err != nil {
		s.handler.log.Debug("link not joined", "code", protocol.CodeOf(err))
		return
	}
	for _, p := range s.sockets() {
		if newcomer == nil && p.current != link.ID && !s.waitsLocked(p) || p == newcomer {
			s.turnLocked(p, link.ID)
		}
	}
}

// waitsLocked reports whether a socket shows a code of its own.
func (s *seat) waitsLocked(p *peer) bool {
	for _, all := range s.waiting {
		for _, a := range all {
			if a.peer == p {
				return true
			}
		}
	}
	return false
}

// turnLocked lets a socket speak through a link, and tells it what it may not have
// got.
func (s *seat) turnLocked(p *peer, id protocol.RequestID) {
	p.current = id
	if e := s.ends[id]; e != nil {
		for _, event := range e.kept {
			p.socket.Emit(event.Name, event.Argument)
		}
	}
}

// portLocked returns the session's port, which it opens if there is none.
func (s *seat) portLocked(session liaison.Session) (*server.Port, error) {
	if s.empty() {
		return nil, protocol.Canceled
	}
	if s.port != nil {
		return s.port, nil
	}
	var port *server.Port
	var err error
	port, err = s.handler.dialect.OpenPort(session, s.hear, func(code protocol.Code) { s.portEnded(&port, code) })
	if err == nil {
		s.port = port
	}
	return port, err
}

// hearLocked lets what is said to the session's end of a link come.
func (s *seat) hearLocked(session liaison.Session, link liaison.Link) error {
	if s.ends[link.ID] != nil && s.port != nil {
		return nil
	}
	port, err := s.portLocked(session)
	if err != nil {
		return err
	}
	s.ends[link.ID] = &end{link: link}
	if err := port.Listen(link); err != nil {
		delete(s.ends, link.ID)
		return err
	}
	return nil
}

// await notes that a socket waits for somebody to sign in with a link.
func (s *seat) await(p *peer, session liaison.Session, id protocol.RequestID, a asked) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.empty() {
		return protocol.Canceled
	}
	p.current = ""
	s.waiting[id] = append(s.waiting[id], a)
	return s.askLocked(session, id)
}

func (s *seat) askLocked(session liaison.Session, id protocol.RequestID) error {
	port, err := s.portLocked(session)
	if err != nil {
		return err
	}
	return port.Do(protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: protocol.TopicLink, RequestID: id})
}

// speak lets a socket speak through a link.
func (s *seat) speak(p *peer, session liaison.Session, link liaison.Link) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.hearLocked(session, link); err != nil {
		return err
	}
	if p.current != link.ID {
		s.turnLocked(p, link.ID)
	}
	return nil
}

// pass sends an event of a socket to the other end of the link that it speaks
// through. With a description, an end says that it has what came before; and with
// an offer, that what it has sent before is of no use any more.
func (s *seat) pass(ctx context.Context, p *peer, session liaison.Session, name string, argument json.RawMessage) error {
	if session.Account == "" || !session.Live(s.handler.now(), s.handler.dialect.Sessions()) {
		return protocol.SessionRequired
	}
	s.mu.Lock()
	id := p.current
	e := s.ends[id]
	s.mu.Unlock()
	if e == nil {
		if id = session.Link; id == "" {
			return protocol.LinkUnknown
		}
		link, err := s.handler.dialect.Link(ctx, id)
		if err != nil {
			return err
		}
		if err := s.speak(p, session, link); err != nil {
			return err
		}
	}
	for {
		taken, err := s.send(p.connection.addr, id, name, argument)
		if protocol.CodeOf(err) != protocol.MailboxFull {
			return err
		}
		select { // nothing more is read from the client meanwhile
		case <-taken:
		case <-ctx.Done():
			return err
		case <-p.socket.Done():
			return err
		}
	}
}

// send sends one event. If the other end has not taken enough of what was sent
// before, it returns what is closed when it takes more.
func (s *seat) send(from netip.Addr, id protocol.RequestID, name string, argument json.RawMessage) (taken <-chan struct{}, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.ends[id]
	if e == nil || s.port == nil {
		return nil, protocol.LinkClosed
	}
	payload, err := encode(e.link, name, argument)
	if err != nil {
		return nil, err
	}
	if name == offerDescription || name == answerDescription {
		e.kept = nil
		s.acknowledgeLocked(e)
	}
	if e.taken == nil {
		e.taken = make(chan struct{})
	}
	return e.taken, s.port.Send(from, id, payload, ours(e.link) && name == offerDescription)
}

// acknowledgeLocked tells the server which frames it need not keep any more.
func (s *seat) acknowledgeLocked(e *end) {
	next := e.next
	if ours(e.link) { // else frames and events are not counted alike, and a native site keeps its own
		next -= min(e.next, uint64(len(e.kept)))
	}
	if err := s.port.Do(protocol.ClientMessage{Op: protocol.OpAck, RequestID: e.link.ID, Next: next}); err != nil {
		s.handler.log.Debug("frames not acknowledged", "code", protocol.CodeOf(err))
	}
}

// hear acts on what the server says about the session's links.
func (s *seat) hear(m protocol.ServerMessage) {
	switch m.Op {
	case protocol.OpLink:
		s.linked(m.RequestID)
	case protocol.OpFrame:
		s.deliver(m)
	case protocol.OpPeer:
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, p := range s.sockets() {
			if p.current == m.RequestID {
				p.socket.Emit("presence", map[string]protocol.PeerState{"state": m.State})
			}
		}
	case protocol.OpAcked:
		s.mu.Lock()
		defer s.mu.Unlock()
		if e := s.ends[m.RequestID]; e != nil && e.taken != nil {
			close(e.taken)
			e.taken = nil
		}
	case protocol.OpClosed:
		s.closed(m.RequestID, m.Code)
	}
}

// linked tells the sockets that wait for it who has signed in.
func (s *seat) linked(id protocol.RequestID) {
	ctx, cancel := context.WithTimeout(context.Background(), eventTimeout)
	defer cancel()
	link, err := s.handler.dialect.Link(ctx, id)
	if err != nil || link.State != liaison.Claimed {
		s.handler.log.Warn("claimed link not found", "code", protocol.CodeOf(err))
		return
	}
	session, err := s.handler.config.Store.Session(ctx, s.id)
	if err != nil {
		s.handler.log.Warn("session of a claimed link not found", "code", protocol.CodeOf(err))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.waiting[id]
	delete(s.waiting, id)
	for _, a := range all {
		a.peer.connection.now(session)
		if a.event.HasAck() {
			a.event.Ack(acknowledgement{acknowledged{link.Credential, a.ref, link.Account.Address()}})
			a.peer.socket.Barrier() // the handlers for what follows come after the answer that has this
		}
	}
	if err := s.hearLocked(session, link); err != nil {
		s.handler.log.Warn("claimed link not joined", "code", protocol.CodeOf(err))
		return
	}
	for _, a := range all {
		s.turnLocked(a.peer, id)
	}
}

// deliver tells the sockets what the other end sent.
func (s *seat) deliver(m protocol.ServerMessage) {
	payload, err := base64.RawURLEncoding.DecodeString(m.D)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.ends[m.RequestID]
	if e == nil || m.N < e.next || s.port == nil {
		return
	}
	e.next = m.N + 1
	event, ok := decode(e.link, payload)
	if ok && wellFormed(event.Name, event.Argument) {
		e.kept = append(e.kept, event)
		for _, p := range s.sockets() {
			if p.current == m.RequestID {
				p.socket.Emit(event.Name, event.Argument)
			}
		}
	}
	if len(e.kept) > keptEvents || !ours(e.link) {
		e.kept = e.kept[max(len(e.kept)-keptEvents, 0):]
		s.acknowledgeLocked(e)
	}
}

// closed forgets a link that has ended, and says why.
func (s *seat) closed(id protocol.RequestID, why protocol.Code) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, id)
	delete(s.ends, id)
	for _, p := range s.sockets() {
		if p.current == id {
			p.current = ""
			p.socket.Emit("closed", map[string]protocol.Code{"code": why})
		}
	}
}

// portEnded lets the sockets go on in the session as it is now, after the server
// has closed a port: the session has signed in or out elsewhere, or was ended by
// another of the same account.
func (s *seat) portEnded(port **server.Port, code protocol.Code) {
	s.mu.Lock() // held while the port is opened, too
	mine := s.port == *port
	if mine {
		s.vacateLocked()
	}
	s.mu.Unlock()
	if !mine || code == protocol.ShuttingDown {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), eventTimeout)
	defer cancel()
	session, err := s.handler.config.Store.Session(ctx, s.id)
	if err != nil {
		s.handler.log.Debug("session of sockets not found", "code", protocol.CodeOf(err))
		return
	}
	if !session.Live(s.handler.now(), s.handler.dialect.Sessions()) {
		s.handler.dismiss(s.id)
		return
	}
	s.mu.Lock()
	s.askAgainLocked(session)
	s.mu.Unlock()
	s.refresh(session, nil)
}
