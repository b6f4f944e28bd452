package liquid

import (
	"context"
	"encoding/json"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/socketio"
	"github.com/liaison-dev/liaison/socketio/engineio"
)

// Events that pass between the two ends of a link.
const (
	offerDescription  = "offer-description"
	offerCandidate    = "offer-candidate"
	answerDescription = "answer-description"
	answerCandidate   = "answer-candidate"
)

// describes reports whether an event is a session description.
func describes(name string) bool { return name == offerDescription || name == answerDescription }

const (
	// maxDescription is the longest session description, in bytes of JSON. It must
	// fit into one frame.
	maxDescription = 40 << 10
	// maxCandidate is the longest candidate, in bytes of JSON.
	maxCandidate = 4 << 10
)

// peer is a client's socket.
type peer struct {
	// Fixed.
	connection *connection
	handler    *Handler
	socket     *socketio.Socket

	// Guarded by the mu of its seat.
	current protocol.RequestID // the link that it speaks through; empty if none
}

// exception is what clients get when an event could not be carried out.
type exception struct {
	Status  string        `json:"status"`
	Message string        `json:"message"`
	Code    protocol.Code `json:"code,omitempty"` // of a link that has ended
}

// gone reports whether the socket is.
func (p *peer) gone() bool {
	select {
	case <-p.socket.Done():
		return true
	default:
		return false
	}
}

// again closes the connection in the way in which clients come again.
func (p *peer) again() { p.socket.Session().Close(engineio.TransportClose) }

func (p *peer) refuse(message string) {
	p.socket.Emit("exception", exception{Status: "error", Message: message})
}

// onLink answers the event "link": the site names a link by the request id that it
// shows, and wants to hear who signs in with it.
func (p *peer) onLink(e *socketio.Event) {
	if p.gone() {
		return // whoever comes again asks again
	}
	ref, ok := requestIDOf(e)
	if !ok {
		p.refuse("Internal server error")
		return
	}
	if err := p.link(e, ref); err != nil {
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

func (p *peer) link(e *socketio.Event, ref reference) error {
	h, c := p.handler, p.connection
	c.asksForLink()
	if err := h.dialect.AdmitLink(c.addr); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), eventTimeout)
	defer cancel()
	link, session, err := h.open(ctx, c.as(), ref)
	if err != nil {
		return err
	}
	c.now(session)
	if side, _ := link.Side(session.ID); side == protocol.WalletSide {
		return h.seats.of(h, session.ID).speak(p, session, link) // some wallets do this, too
	}
	h.dialect.LinkOpened()
	return h.seats.of(h, session.ID).await(p, session, link.ID, asked{p, ref, e})
}

// onSignal passes an event on.
func (p *peer) onSignal(e *socketio.Event) {
	if p.gone() {
		return // by now it may be of an offer that was made anew
	}
	if len(e.Args) != 1 || len(e.Args[0].Attachments) > 0 || !wellFormed(e.Name, e.Args[0].JSON) {
		p.handler.log.Debug("event refused", "event", e.Name, "code", protocol.InvalidMessage)
		p.refuse("Invalid " + e.Name)
		return
	}
	if err := p.pass(e.Name, e.Args[0].JSON); err != nil {
		p.handler.log.Debug("event not passed on", "event", e.Name, "code", protocol.CodeOf(err))
		if protocol.CodeOf(err) == protocol.MailboxFull {
			p.refuse("The other side is away; try again")
		} else {
			p.socket.Emit("exception", exception{"error", "Not linked", p.ended()})
		}
	}
}

// pass passes an event on in the session as it is now: the client may have signed
// in, or out, since its socket was opened.
func (p *peer) pass(name string, argument json.RawMessage) error {
	ctx, cancel := context.WithTimeout(context.Background(), eventTimeout)
	defer cancel()
	session, err := p.handler.current(ctx, p.connection.as())
	if err != nil {
		return err
	}
	p.connection.now(session)
	return p.handler.seats.of(p.handler, session.ID).pass(ctx, p, session, name, argument)
}

// ended returns why the client's link has ended; empty if it has not, or has none.
func (p *peer) ended() protocol.Code {
	ctx, cancel := context.WithTimeout(context.Background(), eventTimeout)
	defer cancel()
	session, err := p.handler.current(ctx, p.connection.as())
	if err != nil || session.Link == "" {
		return ""
	}
	_, err = p.handler.dialect.Link(ctx, session.Link)
	if code := protocol.CodeOf(err); err != nil && !code.Info().Retry {
		return code
	}
	return ""
}

// wellFormed reports whether an argument is what the event needs, and no longer
// than it may be: what the other end's browser makes of it is not our business.
func wellFormed(name string, argument json.RawMessage) bool {
	switch name {
	case offerCandidate, answerCandidate:
		var candidate object
		return len(argument) <= maxCandidate && json.Unmarshal(argument, &candidate) == nil && candidate != nil
	case offerDescription, answerDescription:
		_, ok := description(argument)
		return ok && len(argument) <= maxDescription
	}
	return false
}

// description returns the text of a session description, which clients send as it
// is or as an object.
func description(argument json.RawMessage) (string, bool) {
	var text string
	if json.Unmarshal(argument, &text) == nil && len(argument) > 0 && argument[0] == '"' {
		return text, text != ""
	}
	var wrapped object
	if json.Unmarshal(argument, &wrapped) != nil {
		return "", false
	}
	text = wrapped.text("sdp")
	return text, text != ""
}

// signal is one event on its way to the other end of a link between two clients of
// the dialect.
type signal struct {
	Name     string          `json:"e"`
	Argument json.RawMessage `json:"a"`
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

// decode reads what encode wrote, or what a native site says. It reports false for
// what clients of the dialect have no word for.
func decode(link liaison.Link, payload []byte) (s signal, ok bool) {
	if ours(link) {
		return s, json.Unmarshal(payload, &s) == nil && s.Name != ""
	}
	var m protocol.PeerMessage
	if json.Unmarshal(payload, &m) != nil {
		return s, false
	}
	var argument any
	switch {
	case m.T == protocol.PeerAnswer:
		s.Name, argument = answerDescription, m.SDP
	case m.T == protocol.PeerICE && m.Candidate != "":
		s.Name, argument = answerCandidate, candidate{m.Candidate, m.SDPMid, m.SDPMLineIndex}
	default:
		return s, false
	}
	var err error
	s.Argument, err = json.Marshal(argument)
	return s, err == nil
}

// candidate is an ICE candidate as clients expect it.
type candidate struct {
	Candidate string  `json:"candidate"`
	Mid       *string `json:"sdpMid"`
	Line      *uint16 `json:"sdpMLineIndex"`
}
