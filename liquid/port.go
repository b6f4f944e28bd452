package liquid

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"slices"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
	"github.com/liaison-dev/liaison/socketio"
)

// Here is what all sockets of a seat say and hear through the port of their session.

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

// keptEvents is how many that is. It is less than the server keeps: else nobody could
// send more.
const keptEvents = protocol.MailboxFrames - 4

// acknowledgement is what a site gets to know of who has signed in.
type acknowledgement struct {
	Data acknowledged `json:"data"`
}

type acknowledged struct {
	Credential liaison.CredentialID `json:"credId"`
	RequestID  reference            `json:"requestId"`
	Wallet     string               `json:"wallet"`
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
	port, err = s.handler.dialect.OpenPort(session, func(m protocol.ServerMessage) { s.hear(&port, m) }, func(code protocol.Code) { s.portEnded(&port, code) })
	if err == nil {
		s.port = port
	}
	return port, err
}

// portEnded lets the sockets go on in the session as it is now, after the server
// has closed a port: the session has signed in or out elsewhere, or was ended by
// another of the same account. After a fault of ours they come again.
func (s *seat) portEnded(port **server.Port, code protocol.Code) {
	s.mu.Lock() // held while the port is opened, too
	mine := s.port == *port
	if mine {
		s.vacateLocked()
	}
	s.mu.Unlock()
	switch {
	case !mine || code == protocol.ShuttingDown:
		return
	case code == protocol.Internal: // at once it might only go wrong again
		s.handler.dismiss(s.id)
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

// vacateLocked forgets what was heard through a port that has ended.
func (s *seat) vacateLocked() {
	s.port = nil
	clear(s.ends)
	for _, p := range s.sockets() {
		p.current = ""
	}
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
	s.leaveUnusedLocked(port)
	s.ends[link.ID] = &end{link: link}
	if err := port.Listen(link); err != nil {
		delete(s.ends, link.ID)
		return err
	}
	return nil
}

// leaveUnusedLocked stops listening to the links that no socket speaks through any
// more: a port hears of few at once, and a site may show code after code.
func (s *seat) leaveUnusedLocked(port *server.Port) {
	used := make(map[protocol.RequestID]bool)
	for _, p := range s.sockets() {
		used[p.current] = true
	}
	for id := range s.ends {
		if !used[id] {
			delete(s.ends, id)
			port.Leave(id)
		}
	}
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

// askAgainLocked lets the news of links that still wait come through a new port.
func (s *seat) askAgainLocked(session liaison.Session) {
	for id := range s.waiting {
		if err := s.askLocked(session, id); err != nil {
			s.handler.log.Debug("link not heard of any more", "code", protocol.CodeOf(err))
		}
	}
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
	if describes(name) {
		e.kept = nil
		s.acknowledgeLocked(e)
	}
	if e.taken == nil {
		e.taken = make(chan struct{})
	}
	return e.taken, s.port.Send(from, id, payload, ours(e.link) && name == offerDescription)
}

// forgetAnswersLocked drops what came to the session's ends as a wallet: no answer to
// what it offers from now on.
func (s *seat) forgetAnswersLocked() {
	for _, e := range s.ends {
		if side, _ := e.link.Side(s.id); side == protocol.WalletSide {
			e.kept = nil
			s.acknowledgeLocked(e)
		}
	}
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

// hear acts on what the server says about the session's links. A port that is not the
// seat's any more may have one message left, which comes again through the next: it
// must not count there.
func (s *seat) hear(port **server.Port, m protocol.ServerMessage) {
	if m.Op == protocol.OpLink {
		s.linked(port, m.RequestID)
		return
	}
	s.mu.Lock() // held while the port is opened, too
	defer s.mu.Unlock()
	if s.port != *port {
		return
	}
	switch m.Op {
	case protocol.OpFrame:
		s.deliverLocked(m)
	case protocol.OpPeer:
		for _, p := range s.sockets() {
			if p.current == m.RequestID {
				p.socket.Emit("presence", map[string]protocol.PeerState{"state": m.State})
			}
		}
	case protocol.OpAcked:
		if e := s.ends[m.RequestID]; e != nil && e.taken != nil {
			close(e.taken)
			e.taken = nil
		}
	case protocol.OpClosed:
		s.closedLocked(m.RequestID, m.Code)
	}
}

// linked tells the sockets that wait for it who has signed in.
func (s *seat) linked(port **server.Port, id protocol.RequestID) {
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
	if s.port != *port {
		return
	}
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

// deliverLocked tells the sockets what the other end sent.
func (s *seat) deliverLocked(m protocol.ServerMessage) {
	payload, err := base64.RawURLEncoding.DecodeString(m.D)
	if err != nil {
		return
	}
	e := s.ends[m.RequestID]
	if e == nil || m.N < e.next {
		return
	}
	e.next = m.N + 1
	event, ok := decode(e.link, payload)
	anew := false
	if ok && wellFormed(event.Name, event.Argument) {
		if anew = event.Name == offerDescription; anew {
			e.kept = nil // what its sender has sent before is of no use any more
		}
		e.kept = append(e.kept, event)
		for _, p := range s.sockets() {
			if p.current == m.RequestID {
				p.socket.Emit(event.Name, event.Argument)
			}
		}
	}
	// Without the description the rest is worth nothing. What is too much for an offer
	// waits for the answer, and its sender with it; upon an answer nothing follows that
	// would tell of it, so the oldest candidates go. A native site's waits at its own.
	first, surplus := 0, max(len(e.kept)-keptEvents, 0)
	offered := false
	if len(e.kept) > 0 && describes(e.kept[0].Name) {
		first, offered = 1, e.kept[0].Name == offerDescription
	}
	if !ours(e.link) || anew || surplus > 0 && !offered {
		e.kept = slices.Delete(e.kept, first, first+surplus)
		s.acknowledgeLocked(e)
	}
}

// closedLocked forgets a link that has ended, and says why.
func (s *seat) closedLocked(id protocol.RequestID, why protocol.Code) {
	delete(s.waiting, id)
	delete(s.ends, id)
	for _, p := range s.sockets() {
		if p.current == id {
			p.current = ""
			p.socket.Emit("closed", map[string]protocol.Code{"code": why})
		}
	}
}
