package liquid

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"sync"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
	"github.com/liaison-dev/liaison/socketio"
)

// Events that pass between the two ends of a link.
const (
	offerDescription  = "offer-description"
	offerCandidate    = "offer-candidate"
	answerDescription = "answer-description"
	answerCandidate   = "answer-candidate"
)

const (
	// maxDescription is the longest session description, in bytes of JSON. It must
	// fit into one frame.
	maxDescription = 40 << 10
	// maxCandidate is the longest candidate, in bytes of JSON.
	maxCandidate = 4 << 10
	// keptFrames is how many frames that a client was sent are kept for the case
	// that it comes again: a socket ends without a word when a phone sleeps.
	keptFrames = 32
)

// peer is a client's socket. It speaks for one end of one link at a time.
type peer struct {
	// Fixed.
	connection *connection
	handler    *Handler
	socket     *socketio.Socket

	mu sync.Mutex
	// Guarded by mu.
	linking map[protocol.RequestID]linking // asked for, and not signed in yet
	port    *server.Port                   // nil while it is not needed
	link    liaison.Link                   // the one that it speaks through; zero if none
	seen    uint64                         // frames of the other end that it was sent
	acked   uint64                         // of those, the ones that are not kept any more
	ended   bool
}

// linking is a question that is open: tell me when a wallet has come.
type linking struct {
	ref   reference
	event *socketio.Event
}

// acknowledgement is what a site gets to know of who has signed in.
type acknowledgement struct {
	Data struct {
		Credential liaison.CredentialID `json:"credId"`
		RequestID  reference            `json:"requestId"`
		Wallet     string               `json:"wallet"`
	} `json:"data"`
}

// exception is what clients get when an event could not be carried out.
type exception struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func (p *peer) refuse(message string) { p.socket.Emit("exception", exception{"error", message}) }

// busy reports whether anything rests on the session that the socket has.
func (p *peer) busy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.linking) > 0 || p.link.ID != ""
}

// onLink answers the event "link": the site names a link by the request id that it
// shows, and wants to hear who signs in with it.
func (p *peer) onLink(e *socketio.Event) {
	ref, ok := requestIDOf(e)
	if !ok {
		p.refuse("Internal server error")
		return
	}
	if err := p.open(e, ref); err != nil {
		p.handler.log.Info("link refused", "code", protocol.CodeOf(err))
		switch protocol.CodeOf(err) {
		case protocol.LinkTaken: // whoever asks for what is somebody else's learns nothing
		case protocol.RateLimited, protocol.Overloaded:
			p.refuse("Too many requests; try again in a moment")
		default:
			p.refuse("Internal server error")
		}
	}
}

func requestIDOf(e *socketio.Event) (reference, bool) {
	var argument object
	if len(e.Args) == 0 || e.Args[0].Decode(&argument) != nil {
		return reference{}, false
	}
	return parseReference(argument["requestId"])
}

func (p *peer) open(e *socketio.Event, ref reference) error {
	h, c := p.handler, p.connection
	if err := h.dialect.AdmitLink(c.addr); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), eventTimeout)
	defer cancel()
	c.mu.Lock()
	v := c.visitor
	c.mu.Unlock()
	link, session, err := h.open(ctx, v, ref)
	if err != nil {
		return err
	}
	c.mu.Lock()
	c.visitor.session = session
	c.mu.Unlock()
	if side, _ := link.Side(session.ID); side == protocol.WalletSide {
		return p.attach(session, link) // some wallets do this, too
	}
	h.dialect.LinkOpened()
	p.mu.Lock()
	p.linking[link.ID] = linking{ref, e}
	p.mu.Unlock()
	return p.through(session, func(port *server.Port) error {
		return port.Do(protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: protocol.TopicLink, RequestID: link.ID})
	})
}

// through calls do with the socket's port, which it opens if there is none.
func (p *peer) through(session liaison.Session, do func(*server.Port) error) error {
	p.mu.Lock()
	port, ended := p.port, p.ended
	if port == nil && !ended {
		var err error
		port, err = p.handler.dialect.OpenPort(session, p.hear, func(code protocol.Code) { p.portEnded(code) })
		if err != nil {
			p.mu.Unlock()
			return err
		}
		p.port = port
	}
	p.mu.Unlock()
	if ended {
		return protocol.Canceled
	}
	return do(port)
}

// portEnded lets the socket go on in its session as that is now.
func (p *peer) portEnded(code protocol.Code) {
	p.mu.Lock()
	p.port, p.link = nil, liaison.Link{}
	lost := p.linking
	p.linking = make(map[protocol.RequestID]linking)
	p.mu.Unlock()
	switch {
	case code == protocol.SlowReader || len(lost) > 0 && code != protocol.ShuttingDown:
		p.socket.Session().Close("") // it comes again, and asks again
	case code == protocol.SessionRotated:
		p.refresh()
	}
}

// refresh looks at what the socket's session is now.
func (p *peer) refresh() {
	ctx, cancel := context.WithTimeout(context.Background(), eventTimeout)
	defer cancel()
	c := p.connection
	c.mu.Lock()
	v := c.visitor
	c.mu.Unlock()
	session, err := p.handler.current(ctx, v)
	if err != nil {
		p.handler.log.Warn("session of a socket not read", "code", protocol.CodeOf(err))
		return
	}
	p.rejoin(session)
}

// rejoin lets the sockets of a session speak through the link that it has now.
func (h *Handler) rejoin(session liaison.Session) {
	for _, p := range h.signals.of(session.ID) {
		p.rejoin(session)
	}
}

// rejoin lets the socket speak through the session's link, unless another socket
// does. A session without one lets go of what the socket had.
func (p *peer) rejoin(session liaison.Session) {
	c := p.connection
	c.mu.Lock()
	c.visitor.session = session
	c.mu.Unlock()
	if session.Link == "" || !session.Live(p.handler.now(), p.handler.dialect.Sessions()) {
		return
	}
	for _, other := range p.handler.signals.of(session.ID) {
		if other != p && other.speaksFor(session.Link) {
			return
		}
	}
	if err := p.join(session); err != nil {
		p.handler.log.Debug("link not joined", "code", protocol.CodeOf(err))
	}
}

func (p *peer) speaksFor(id protocol.RequestID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.link.ID == id && p.port != nil
}

// join attaches the socket to the session's link.
func (p *peer) join(session liaison.Session) error {
	ctx, cancel := context.WithTimeout(context.Background(), eventTimeout)
	defer cancel()
	link, err := p.handler.dialect.Link(ctx, session.Link)
	if err != nil {
		return err
	}
	return p.attach(session, link)
}

// attach lets the socket speak for the session's end of a claimed link.
func (p *peer) attach(session liaison.Session, link liaison.Link) error {
	p.mu.Lock()
	if p.link.ID == link.ID && p.port != nil {
		p.mu.Unlock()
		return nil
	}
	p.link, p.seen, p.acked = link, 0, 0
	p.mu.Unlock()
	return p.through(session, func(port *server.Port) error { return port.Listen(link) })
}

// hear acts on what the server says about the socket's links.
func (p *peer) hear(m protocol.ServerMessage) {
	switch m.Op {
	case protocol.OpLink:
		p.linked(m.RequestID)
	case protocol.OpFrame:
		p.deliver(m)
	case protocol.OpPeer:
		p.socket.Emit("presence", map[string]protocol.PeerState{"state": m.State})
	case protocol.OpClosed:
		p.closed(m.RequestID)
	}
}

// linked tells the site who has signed in, and attaches it.
func (p *peer) linked(id protocol.RequestID) {
	ctx, cancel := context.WithTimeout(context.Background(), eventTimeout)
	defer cancel()
	link, err := p.handler.dialect.Link(ctx, id)
	if err != nil || link.State != liaison.Claimed {
		p.handler.log.Warn("claimed link not found", "code", protocol.CodeOf(err))
		return
	}
	session, err := p.handler.config.Store.Session(ctx, link.Site)
	if err != nil {
		p.handler.log.Warn("session of a claimed link not found", "code", protocol.CodeOf(err))
		return
	}
	p.connection.mu.Lock()
	p.connection.visitor.session = session
	p.connection.mu.Unlock()
	p.mu.Lock()
	asked, ok := p.linking[id]
	delete(p.linking, id)
	p.mu.Unlock()
	if ok && asked.event.HasAck() {
		var ack acknowledgement
		ack.Data.Credential, ack.Data.RequestID, ack.Data.Wallet = link.Credential, asked.ref, link.Account.Address()
		asked.event.Ack(ack)
		p.socket.Barrier() // the site's handlers for what follows are in place after the answer that has this
	}
	if err := p.attach(session, link); err != nil {
		p.handler.log.Warn("claimed link not joined", "code", protocol.CodeOf(err))
	}
}

// closed forgets a link that has ended.
func (p *peer) closed(id protocol.RequestID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.linking, id)
	if p.link.ID == id {
		p.link = liaison.Link{}
	}
}

// gone frees what the socket held.
func (p *peer) gone() {
	c := p.connection
	c.mu.Lock()
	c.peer = nil
	session := c.visitor.session.ID
	c.mu.Unlock()
	p.handler.signals.remove(p, session)
	p.mu.Lock()
	port := p.port
	p.ended, p.port, p.linking = true, nil, nil
	p.mu.Unlock()
	if port != nil {
		port.Close()
	}
}

// signal is one event on its way to the other end of a link between two clients of
// the dialect.
type signal struct {
	Name     string          `json:"e"`
	Argument json.RawMessage `json:"a"`
}

// onSignal passes an event on.
func (p *peer) onSignal(e *socketio.Event) {
	if len(e.Args) != 1 || len(e.Args[0].Attachments) > 0 || !wellFormed(e.Name, e.Args[0].JSON) {
		p.handler.log.Debug("event refused", "event", e.Name, "code", protocol.InvalidMessage)
		p.refuse("Invalid " + e.Name)
		return
	}
	link, err := p.speaking()
	if err == nil {
		err = p.pass(link, e.Name, e.Args[0].JSON)
	}
	if err != nil {
		p.handler.log.Debug("event not passed on", "event", e.Name, "code", protocol.CodeOf(err))
		p.refuse("Not linked")
	}
}

// wellFormed reports whether an argument is what the event needs, and no longer
// than it may be: what the other end's browser makes of it is not our business.
func wellFormed(name string, argument json.RawMessage) bool {
	if name == offerCandidate || name == answerCandidate {
		var candidate object
		return len(argument) <= maxCandidate && json.Unmarshal(argument, &candidate) == nil && candidate != nil
	}
	_, ok := description(argument)
	return ok && len(argument) <= maxDescription
}

// description returns the text of a session description, which clients send as it
// is or as an object.
func description(argument json.RawMessage) (string, bool) {
	var text string
	if json.Unmarshal(argument, &text) == nil && argument[0] == '"' {
		return text, text != ""
	}
	var wrapped object
	if json.Unmarshal(argument, &wrapped) != nil {
		return "", false
	}
	text = wrapped.text("sdp")
	return text, text != ""
}

// speaking returns the link that the socket speaks through. One of a session that
// another socket spoke for takes its place: it is where the client is now.
func (p *peer) speaking() (liaison.Link, error) {
	p.mu.Lock()
	link, port := p.link, p.port
	p.mu.Unlock()
	if link.ID != "" && port != nil {
		return link, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), eventTimeout)
	defer cancel()
	c := p.connection
	c.mu.Lock()
	v := c.visitor
	c.mu.Unlock()
	session, err := p.handler.current(ctx, v)
	if err != nil {
		return link, err
	}
	if session.Account == "" || session.Link == "" {
		return link, protocol.SessionRequired
	}
	if err := p.join(session); err != nil {
		return link, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.link, nil
}

// pass sends an event to the other end. With a description of its own, an end says
// that it has what came before.
func (p *peer) pass(link liaison.Link, name string, argument json.RawMessage) error {
	if name == offerDescription || name == answerDescription {
		p.acknowledge(0)
	}
	payload, err := encode(link, name, argument)
	if err != nil {
		return err
	}
	p.mu.Lock()
	port := p.port
	p.mu.Unlock()
	if port == nil {
		return protocol.Canceled
	}
	return port.Send(link.ID, payload, ours(link) && name == offerDescription)
}

// encode writes an event for the other end of a link: in the words of the native
// protocol, if it speaks that.
func encode(link liaison.Link, name string, argument json.RawMessage) ([]byte, error) {
	if ours(link) {
		return json.Marshal(signal{name, argument})
	}
	var m protocol.PeerMessage
	switch name {
	case offerDescription:
		sdp, _ := description(argument)
		m = protocol.PeerMessage{T: protocol.PeerOffer, SDP: sdp}
	case offerCandidate:
		if err := json.Unmarshal(argument, &m); err != nil {
			return nil, protocol.Errorf(protocol.InvalidMessage, "candidate")
		}
		m = protocol.PeerMessage{T: protocol.PeerICE, Candidate: m.Candidate, SDPMid: m.SDPMid, SDPMLineIndex: m.SDPMLineIndex}
	default:
		return nil, protocol.Errorf(protocol.InvalidMessage, "a wallet offers")
	}
	return m.Encode()
}

// deliver emits what the other end sent.
func (p *peer) deliver(m protocol.ServerMessage) {
	p.mu.Lock()
	link := p.link
	p.mu.Unlock()
	if m.RequestID != link.ID {
		return
	}
	payload, err := base64.RawURLEncoding.DecodeString(m.D)
	if err != nil {
		return
	}
	if name, argument := decode(link, payload); name != "" {
		if p.socket.Emit(name, argument) != nil {
			return // it is kept, for when the client comes again
		}
	}
	p.mu.Lock()
	p.seen = m.N + 1
	p.mu.Unlock()
	p.acknowledge(keptFrames)
}

// decode reads what encode wrote, or what a native site says. An empty name stands
// for what clients of the dialect have no word for.
func decode(link liaison.Link, payload []byte) (name string, argument any) {
	if ours(link) {
		var s signal
		if json.Unmarshal(payload, &s) != nil {
			return "", nil
		}
		return s.Name, s.Argument
	}
	var m protocol.PeerMessage
	if json.Unmarshal(payload, &m) != nil {
		return "", nil
	}
	switch {
	case m.T == protocol.PeerAnswer:
		return answerDescription, m.SDP
	case m.T == protocol.PeerICE && m.Candidate != "":
		return answerCandidate, candidate{m.Candidate, m.SDPMid, m.SDPMLineIndex}
	}
	return "", nil
}

// candidate is an ICE candidate as clients expect it.
type candidate struct {
	Candidate string  `json:"candidate"`
	Mid       *string `json:"sdpMid"`
	Line      *uint16 `json:"sdpMLineIndex"`
}

// acknowledge forgets all frames that the client was sent but the last few.
func (p *peer) acknowledge(keep uint64) {
	p.mu.Lock()
	next := uint64(0)
	if p.seen > keep {
		next = p.seen - keep
	}
	link, port, news := p.link, p.port, next > p.acked
	p.acked = max(p.acked, next)
	p.mu.Unlock()
	if !news || port == nil {
		return
	}
	if err := port.Do(protocol.ClientMessage{Op: protocol.OpAck, RequestID: link.ID, Next: next}); err != nil {
		p.handler.log.Debug("frames not acknowledged", "code", protocol.CodeOf(err))
	}
}
