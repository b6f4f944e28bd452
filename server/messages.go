package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/lxzan/gws"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// messageTimeout bounds what one message may make the store do.
const messageTimeout = 10 * time.Second

// socketEvents receives what the WebSocket library reads, for all sockets.
type socketEvents struct{ gws.BuiltinEventHandler }

// OnPing answers and counts as a sign of life.
func (socketEvents) OnPing(conn *gws.Conn, payload []byte) {
	s := socketOf(conn)
	s.hear()
	s.throttle()
	s.enqueue(outbound{opcode: gws.OpcodePong, payload: append([]byte(nil), payload...)})
}

// OnPong counts as a sign of life.
func (socketEvents) OnPong(conn *gws.Conn, _ []byte) {
	s := socketOf(conn)
	s.hear()
	s.throttle()
}

// OnMessage carries out a message.
func (socketEvents) OnMessage(conn *gws.Conn, message *gws.Message) {
	defer message.Close()
	s := socketOf(conn)
	s.hear()
	s.throttle()
	if message.Opcode != gws.OpcodeText {
		s.refuse("", protocol.Errorf(protocol.InvalidMessage, "messages must be text"))
		return
	}
	m, err := protocol.ParseClientMessage(message.Bytes())
	if err == nil {
		err = s.carryOut(m)
	}
	if err != nil {
		s.refuse(m.RequestID, err)
	}
}

func (s *socket) sender() sender { return sender{client: true, addr: s.addr} }

func (s *socket) hear() { s.heard.Store(time.Now().Unix()) }

// throttle makes a client that sends too much wait, by not reading on. Nothing
// is lost, and the client is told once.
func (s *socket) throttle() {
	perSecond := s.server.cfg.Limits.MessagesPerSecond
	delay := s.pace.next(time.Now(), perSecond)
	if delay <= 0 {
		if delay < -time.Second { // half of the burst is free again: the flood is over
			s.throttled = false
		}
		return
	}
	if !s.throttled {
		s.throttled = true
		s.refuse("", protocol.Errorf(protocol.RateLimited, "more than %d messages a second", perSecond))
	}
	select {
	case <-time.After(delay):
	case <-s.server.ctx.Done():
	}
}

// refuse is the only place that renders a WebSocket error.
func (s *socket) refuse(id protocol.RequestID, err error) {
	code, detail := publicError(err)
	level := slog.LevelDebug
	if code.Info().Status >= 500 {
		level = slog.LevelError
	}
	s.server.log.Log(context.Background(), level, "message refused", "code", code, "link", s.server.alias(id), "cause", logText(err))
	s.server.metrics.SocketError(code)
	s.sendMessage(protocol.ServerMessage{
		Op: protocol.OpError, RequestID: id, Code: code, Detail: detail, Remedy: code.Info().Remedy,
	})
}

func (s *socket) carryOut(m protocol.ClientMessage) error {
	switch m.Op {
	case protocol.OpSubscribe:
		return s.subscribe(m, false)
	case protocol.OpClose:
		return s.closeLink(m.RequestID, m.Code)
	}
	a, ok := s.attached(m.RequestID)
	if !ok {
		return protocol.Errorf(protocol.LinkForbidden, "subscribe to the link first")
	}
	if m.Op == protocol.OpAck {
		a.room.ack(a.side, m.Next)
		return nil
	}
	err := a.room.put(a.side.Other(), m.Frame(), s.sender())
	if errors.Is(err, protocol.LinkNotJoined) || errors.Is(err, protocol.LinkNotClaimed) {
		err = s.putAgain(a, m.Frame())
	}
	return err
}

// putAgain puts a frame that the room refused, if the stored link allows it: what
// became of the link may have been told to another node.
func (s *socket) putAgain(a attachment, f protocol.Frame) error {
	ctx, cancel := context.WithTimeout(s.server.ctx, messageTimeout)
	defer cancel()
	link, err := s.server.link(ctx, a.room.id)
	if err != nil {
		return err
	}
	a.room.note(link)
	return a.room.put(a.side.Other(), f, s.sender())
}

// subscribe lets the socket hear from a link: the site of who claims it, then
// each side of the frames of the other (arrows 4 and 12). Rest means from the first
// frame that waits, and not from the one that the message names.
func (s *socket) subscribe(m protocol.ClientMessage, rest bool) error {
	ctx, cancel := context.WithTimeout(s.server.ctx, messageTimeout)
	defer cancel()
	link, err := s.server.link(ctx, m.RequestID)
	if err != nil {
		return err
	}
	side, ok := link.Side(s.session)
	if !ok {
		return &liaison.Error{Code: protocol.LinkForbidden, Op: "subscribe"}
	}
	if err := mayHear(link, side, m.Topic); err != nil {
		return err
	}
	if s.full(link.ID) {
		return protocol.Errorf(protocol.RateLimited, "one socket hears for at most %d links", maxAttachments)
	}
	r, err := s.server.hub.acquire(link.ID)
	if err != nil {
		return err
	}
	if !s.note(attachment{r, side}) {
		defer s.server.hub.release(r) // held already
	}
	replaced, err := r.attach(side, s, link, subscription{topic: m.Topic, since: m.Since, rest: rest, acked: m.Next})
	if replaced != nil {
		s.server.hub.release(r)
	}
	if err != nil {
		if s.detach(r) {
			s.server.hub.release(r)
		}
		return err
	}
	return s.server.catchUp(ctx, r, link)
}

// catchUp tells a side that has just attached what happened to the link since it
// was read: at that time there was nobody to tell.
func (s *Server) catchUp(ctx context.Context, r *room, before liaison.Link) error {
	link, err := s.storedLink(ctx, r.id)
	switch {
	case err != nil:
		return err
	case link.State == liaison.Closed:
		s.hub.closeRoom(r.id, link.Reason)
	case link.State == liaison.Claimed && (before.State != liaison.Claimed || before.Held && !link.Held):
		return r.claimed(link, nil, sender{})
	}
	r.note(link)
	return nil
}

// mayHear says whether a side of a link may subscribe to a topic: each to what
// becomes of the link, and, once an account was proved, to the frames for it
// under that account's address.
func mayHear(link liaison.Link, side protocol.Side, topic protocol.Topic) error {
	if topic == protocol.TopicLink || topic == protocol.TopicJoin {
		if topic != fateTopic(side) {
			return &liaison.Error{Code: protocol.LinkForbidden, Op: "subscribe", Msg: "this topic is for the other side"}
		}
		return nil
	}
	if link.State != liaison.Claimed {
		return &liaison.Error{Code: protocol.LinkNotClaimed, Op: "subscribe"}
	}
	if topic != side.Topic(link.Account.Address()) {
		return &liaison.Error{Code: protocol.LinkForbidden, Op: "subscribe", Msg: "this topic is for another side or address"}
	}
	return nil
}

// fateTopic is where a side hears what becomes of its link.
func fateTopic(side protocol.Side) protocol.Topic {
	if side == protocol.SiteSide {
		return protocol.TopicLink
	}
	return protocol.TopicJoin
}

func (s *socket) closeLink(id protocol.RequestID, reason protocol.Code) error {
	ctx, cancel := context.WithTimeout(s.server.ctx, messageTimeout)
	defer cancel()
	return s.server.closeLink(ctx, id, s.session, reason)
}

// slot is where the WebSocket library keeps our socket: its own default is a
// map and a lock for each connection.
type slot struct{ socket *socket }

func (s *slot) Len() int                     { return 1 }
func (s *slot) Load(string) (any, bool)      { return s.socket, true }
func (s *slot) Delete(string)                {}
func (s *slot) Range(func(string, any) bool) {}
func (s *slot) Store(_ string, value any) {
	s.socket = value.(*socket)
}

func socketOf(conn *gws.Conn) *socket {
	value, _ := conn.Session().Load("")
	return value.(*socket)
}

// libraryLog passes on what the WebSocket library has to say.
type libraryLog struct{ log *slog.Logger }

func (l libraryLog) Error(v ...any) { l.log.Error("websocket", "cause", fmt.Sprint(v...)) }

func newUpgrader(log *slog.Logger) *gws.Upgrader {
	return gws.NewUpgrader(socketEvents{}, &gws.ServerOption{
		// Most messages are smaller than this, and larger ones bypass it.
		ReadBufferSize:     512,
		ReadMaxPayloadSize: protocol.MaxMessageBytes,
		CheckUtf8Enabled:   true,
		ParallelGolimit:    1,
		SubProtocols:       []string{protocol.Subprotocol},
		Logger:             libraryLog{log},
		NewSession:         func() gws.SessionStorage { return new(slot) },
	})
}
