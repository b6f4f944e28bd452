package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/lxzan/gws"

	"github.com/liaison-dev/liaison/protocol"
)

// Events of Liquid Auth, as far as a wallet says or hears them.
const (
	liquidOffer           = "offer-description"
	liquidOfferCandidate  = "offer-candidate"
	liquidAnswer          = "answer-description"
	liquidAnswerCandidate = "answer-candidate"
	liquidPresence        = "presence" // of our server alone
	liquidClosed          = "closed"   // likewise
	liquidException       = "exception"
)

// Packets of Engine.IO 4 and Socket.IO 5 over a WebSocket, default namespace, text:
// the little that a wallet needs.
//
//	server                wallet
//	0{…}  open        →
//	                  ←   40      connect
//	40{…} connected   →
//	42[name,argument] ↔   42[name,argument]
//	2     ping        →
//	                  ←   3       pong
//	41, 1 the end     ↔   41
const (
	packetOpen      = "0{"
	packetPing      = "2"
	packetPong      = "3"
	packetClose     = "1"
	packetConnect   = "40"
	packetLeave     = "41"
	packetEvent     = "42"
	packetRefused   = "44"
	liquidSocketURL = "/socket.io/?EIO=4&transport=websocket"
)

// liquidWire keeps a Socket.IO connection to a server of Liquid Auth for a wallet. An
// offer that was not answered is said again when the connection is back, with its
// candidates; what comes after the answer is said once. Source: docs/dialects.md.
type liquidWire struct {
	// Fixed.
	visitor *liquidVisitor
	out     *outbox
	code    codec
	to      listener
	left    chan struct{} // closed by leave
	once    sync.Once

	// Owned by run.
	wait     backoff
	sent     uint64 // frames below were said on this connection
	answered bool
}

func newLiquidWire(v *liquidVisitor, p *pairing) *liquidWire {
	return &liquidWire{visitor: v, out: p.out, code: p.envelope, to: p, left: make(chan struct{})}
}

// leave is part of wire. The dialect has no word for why.
func (w *liquidWire) leave(protocol.Code) { w.once.Do(func() { close(w.left) }) }

// run is part of wire.
func (w *liquidWire) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := w.connect(ctx)
		var f fatal
		if errors.As(err, &f) {
			w.to.ended(f.err)
			return
		}
		if errors.Is(err, errLeft) || !w.wait.wait(ctx, w.left) {
			return
		}
	}
}

// connect opens one connection and serves it until it breaks.
func (w *liquidWire) connect(ctx context.Context) error {
	socket, err := dialPackets(ctx, w.visitor)
	if err != nil {
		return err
	}
	defer socket.close()
	if err := socket.expect(ctx, packetOpen); err != nil {
		return err
	}
	if err := socket.send(packetConnect); err != nil {
		return err
	}
	if err := socket.expect(ctx, packetConnect); err != nil {
		return err
	}
	w.wait.reset()
	if !w.answered {
		w.sent, _ = w.out.start()
	}
	w.to.signal(true)
	defer w.to.signal(false)
	for {
		if err := w.write(socket); err != nil {
			return err
		}
		select {
		case packet := <-socket.in:
			if err := w.handle(socket, packet); err != nil {
				return err
			}
		case <-w.out.ready:
		case <-socket.done:
			return socket.err
		case <-w.left:
			_ = socket.send(packetLeave) // it is being closed in any case
			return errLeft
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// write says what is new.
func (w *liquidWire) write(socket *packetSocket) error {
	for _, f := range w.out.from(w.sent) {
		m, err := w.code.open(f.N, f.D)
		if err != nil {
			return fatal{err: wrap("send message", protocol.Internal, err)}
		}
		switch {
		case m.T == protocol.PeerOffer:
			err = socket.emit(liquidOffer, m.SDP)
		case m.T == protocol.PeerICE && m.Candidate != "":
			err = socket.emit(liquidOfferCandidate, newLiquidCandidate(m))
		}
		if err != nil {
			return err
		}
		w.sent = f.N + 1
	}
	if w.answered { // nothing is said twice from now on
		w.out.acked(w.sent)
	}
	return nil
}

// liquidCandidate is a candidate as clients expect it: some take no null.
type liquidCandidate struct {
	Candidate string `json:"candidate"`
	Mid       string `json:"sdpMid"`
	Line      uint16 `json:"sdpMLineIndex"`
}

func newLiquidCandidate(m protocol.PeerMessage) liquidCandidate {
	c := liquidCandidate{Candidate: m.Candidate, Mid: "0"} // there is one line, and its name is 0
	if m.SDPMid != nil && *m.SDPMid != "" {
		c.Mid = *m.SDPMid
	}
	return c
}

func (w *liquidWire) handle(socket *packetSocket, packet string) error {
	switch {
	case packet == packetPing:
		return socket.send(packetPong)
	case packet == packetClose, packet == packetLeave, strings.HasPrefix(packet, packetRefused):
		return errEnd
	}
	body, ok := strings.CutPrefix(packet, packetEvent)
	if !ok {
		return nil
	}
	var event []json.RawMessage
	var name string
	if json.Unmarshal([]byte(body), &event) == nil && len(event) == 2 && json.Unmarshal(event[0], &name) == nil {
		return w.event(name, event[1])
	}
	return nil // not one of ours
}

// errEnd means that the server has ended the connection.
var errEnd = errors.New("the server ended the connection")

func (w *liquidWire) event(name string, argument json.RawMessage) error {
	switch name {
	case liquidAnswer:
		w.answered = true
		return w.pass(protocol.PeerMessage{T: protocol.PeerAnswer, SDP: descriptionIn(argument)})
	case liquidAnswerCandidate:
		var m protocol.PeerMessage
		if json.Unmarshal(argument, &m) == nil { // else it is left out, as one that cannot be used
			return w.pass(protocol.PeerMessage{T: protocol.PeerICE, Candidate: m.Candidate, SDPMid: m.SDPMid, SDPMLineIndex: m.SDPMLineIndex})
		}
	case liquidPresence:
		var presence struct{ State protocol.PeerState }
		if json.Unmarshal(argument, &presence) == nil {
			w.to.present(presence.State == protocol.PeerHere)
		}
	case liquidClosed, liquidException:
		var closed struct{ Code protocol.Code }
		if json.Unmarshal(argument, &closed) == nil && closed.Code != "" {
			return end(known(closed.Code), "the other side ended it")
		}
	}
	return nil
}

// descriptionIn returns the text of a description, which some clients wrap.
func descriptionIn(argument json.RawMessage) (sdp string) {
	if json.Unmarshal(argument, &sdp) == nil {
		return sdp
	}
	var wrapped struct{ SDP string }
	_ = json.Unmarshal(argument, &wrapped) // or it is empty, which is refused
	return wrapped.SDP
}

// pass hands over what the other side said, within the bounds of every message.
func (w *liquidWire) pass(m protocol.PeerMessage) error {
	data, err := m.Encode()
	if err == nil {
		m, err = protocol.ParsePeerMessage(data)
	}
	if err == nil {
		err = w.to.message(m)
	}
	if err != nil {
		return fatal{err: wrap("apply message of the other side", protocol.InvalidPeer, err)}
	}
	return nil
}

// packetSocket is one WebSocket that carries packets. One goroutine reads it; its
// user writes.
type packetSocket struct {
	gws.BuiltinEventHandler
	// Fixed.
	conn *gws.Conn
	in   chan string
	quit chan struct{} // closed by close
	done chan struct{} // closed when reading has ended

	err error // why reading ended; valid after done
}

func dialPackets(ctx context.Context, v *liquidVisitor) (*packetSocket, error) {
	const op = "connect to server"
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := dialConn(dialing, v.rest)
	if err != nil {
		return nil, unreachable(ctx, op, err)
	}
	stop := context.AfterFunc(dialing, func() { conn.Close() })
	options := socketOptions(v.rest)
	options.Addr = strings.TrimSuffix(options.Addr, protocol.PathSocket) + liquidSocketURL
	options.RequestHeader = v.header(true)
	s := &packetSocket{in: make(chan string, inboundMessages), quit: make(chan struct{}), done: make(chan struct{})}
	var response *http.Response
	s.conn, response, err = gws.NewClientFromConn(s, options, conn)
	if !stop() || err != nil {
		conn.Close()
		if response != nil && response.StatusCode != http.StatusSwitchingProtocols {
			response.Body.Close()
		}
		return nil, unreachable(ctx, op, err)
	}
	go s.read()
	return s, nil
}

// read reads until the connection ends; see [socket.read].
func (s *packetSocket) read() {
	defer func() {
		if cause := recover(); cause != nil {
			s.conn.NetConn().Close()
			s.ended(fmt.Errorf("malformed frame: %v", cause))
		}
	}()
	s.conn.ReadLoop()
}

func (s *packetSocket) ended(err error) {
	s.err = err
	close(s.done)
}

// OnOpen is called before the first read.
func (s *packetSocket) OnOpen(*gws.Conn) { s.alive() }

// OnMessage hands a packet to the user of the socket.
func (s *packetSocket) OnMessage(_ *gws.Conn, message *gws.Message) {
	defer message.Close()
	s.alive()
	select {
	case s.in <- string(message.Bytes()):
	case <-s.quit:
	}
}

// OnClose is called once, after the last read.
func (s *packetSocket) OnClose(_ *gws.Conn, err error) { s.ended(err) }

// alive expects the next word in time: the server pings.
func (s *packetSocket) alive() { _ = s.conn.SetReadDeadline(time.Now().Add(quietTimeout)) }

func (s *packetSocket) send(packet string) error {
	_ = s.conn.NetConn().SetWriteDeadline(time.Now().Add(writeTimeout))
	return s.conn.WriteString(packet)
}

func (s *packetSocket) emit(name string, argument any) error {
	data, err := json.Marshal([]any{name, argument})
	if err != nil {
		return err
	}
	return s.send(packetEvent + string(data))
}

// expect waits for a packet; the server says nothing else before it.
func (s *packetSocket) expect(ctx context.Context, prefix string) error {
	timer := time.NewTimer(dialTimeout)
	defer timer.Stop()
	select {
	case packet := <-s.in:
		if strings.HasPrefix(packet, prefix) {
			return nil
		}
		return errEnd
	case <-timer.C:
		return errEnd
	case <-s.done:
		return s.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close ends the connection and waits for the reader.
func (s *packetSocket) close() {
	close(s.quit)
	_ = s.conn.NetConn().SetWriteDeadline(time.Now().Add(time.Second))
	_ = s.conn.WriteClose(1000, nil)
	<-s.done
}
