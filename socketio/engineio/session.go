package engineio

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
	"unicode/utf8"
)

// Times that nobody needs to change.
const (
	// lingerTimeout is how long the other side of a connection may take to close
	// it too, and how long the last words may take to be written.
	lingerTimeout = time.Second
	// probedPollDelay is for the polls during a probe. They have to return, so that
	// the client can complete its upgrade; but at once one would only make it poll
	// again, if it does not know the outcome of its probe yet, or does not mind.
	probedPollDelay = 100 * time.Millisecond
)

type state uint8

const (
	open    state = iota
	leaving       // ended, but what is queued still has to go out
	closed
)

// Session is one client, whatever it uses to reach us.
type Session struct {
	// Fixed before anybody else knows the session.
	server  *Server
	id      string
	value   any
	handler Handler
	done    chan struct{} // closed when the session ends

	// receiving is held while the handler is called.
	receiving sync.Mutex

	mu sync.Mutex
	// Guarded by mu.
	state    state
	farewell byte // what a poll gets after the last packet
	queue    []packet
	bytes    int         // of the queue
	timer    *time.Timer // of the heartbeat, then of leaving
	due      time.Time   // when the timer should go off, for the heartbeat
	pinged   bool        // a ping is unanswered
	poll     *poll       // the GET that waits
	post     *post       // the POST that is being read or carried out
	socket   *webSocket  // what packets travel by; nil while polling
	probing  bool        // a WebSocket is on its way to replace polling
	probed   bool        // and has been tried
	probe    *webSocket  // that WebSocket
	expiry   *time.Timer // of the probe
	writing  bool        // somebody writes to socket
}

// ID returns the id of the session: 24 characters that are a secret between the
// client and the server.
func (s *Session) ID() string { return s.id }

// Value returns what [Config.Handshake] returned.
func (s *Session) Value() any { return s.value }

// Done returns a channel that is closed when the session ends.
func (s *Session) Done() <-chan struct{} { return s.done }

// Transport returns how packets travel now.
func (s *Session) Transport() Transport {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.socket != nil {
		return WebSocket
	}
	return Polling
}

// openPacket is the first packet of a session ("Handshake").
func (s *Session) openPacket(upgrades []string) packet {
	cfg := &s.server.cfg
	// Of strings and numbers: it always encodes.
	data, _ := json.Marshal(struct {
		SID          string   `json:"sid"`
		Upgrades     []string `json:"upgrades"`
		PingInterval int64    `json:"pingInterval"`
		PingTimeout  int64    `json:"pingTimeout"`
		MaxPayload   int      `json:"maxPayload"`
	}{s.id, upgrades, cfg.PingInterval.Milliseconds(), cfg.PingTimeout.Milliseconds(), cfg.MaxPayload})
	return packet{kind: kindOpen, data: data}
}

func newSession(server *Server, value any) *Session {
	return &Session{server: server, id: newID(), value: value, done: make(chan struct{})}
}

// start tells the user of the session, begins the heartbeat and makes the
// session known. It returns false if there is no place for it.
func (s *Session) start() bool {
	s.mu.Lock()
	s.due = time.Now().Add(s.server.cfg.PingInterval)
	s.timer = time.AfterFunc(s.server.cfg.PingInterval, s.beat)
	s.mu.Unlock()
	s.receiving.Lock() // so that the user, who may end the session, hears of it afterwards
	s.guard(func() { s.handler = s.server.cfg.Open(s) })
	s.receiving.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != closed && !s.server.add(s) {
		s.endLocked(ServerShutdown)
		return false
	}
	return true
}

// beat sends a ping, or ends the session if the last one was not answered
// ("Heartbeat").
func (s *Session) beat() {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.state == leaving:
		s.closeLocked() // whoever polls no more does not get the last words
	case s.state == closed:
	case s.pinged:
		s.endLocked(PingTimeout)
	default:
		s.pinged = true
		// Counted from when it was due: a machine with much to do must not become
		// patient.
		s.due = s.due.Add(s.server.cfg.PingTimeout)
		s.timer.Reset(time.Until(s.due))
		s.enqueueLocked(packet{kind: kindPing})
		s.flushLocked()
	}
}

func (s *Session) pong() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == open && s.pinged {
		s.pinged = false
		s.due = time.Now().Add(s.server.cfg.PingInterval)
		s.timer.Reset(s.server.cfg.PingInterval)
	}
}

// expireLocked ends a session whose ping has timed out, if the timer is late.
func (s *Session) expireLocked() {
	deadline := s.due
	if !s.pinged {
		deadline = deadline.Add(s.server.cfg.PingTimeout)
	}
	if s.state == open && !time.Now().Before(deadline) {
		s.endLocked(PingTimeout)
	}
}

// Send queues messages, which reach the client in this order and with none in
// between. It never blocks. See the errors of this package for when it fails.
// Callers must not change the data afterwards.
func (s *Session) Send(messages ...Message) error {
	size := 0
	for _, m := range messages {
		size += 1 + len(m.Data)
		if !m.Binary && (!utf8.Valid(m.Data) || bytes.IndexByte(m.Data, separator) >= 0) {
			return ErrText
		}
	}
	cfg := &s.server.cfg
	if len(messages) > cfg.MaxQueued || size > cfg.MaxQueuedBytes {
		return ErrTooLarge
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.state != open:
		return ErrClosed
	case len(s.queue)+len(messages) > cfg.MaxQueued || s.bytes+size > cfg.MaxQueuedBytes:
		s.endLocked(SlowReader)
		return ErrSlowReader
	}
	for _, m := range messages {
		s.enqueueLocked(packet{kind: kindMessage, binary: m.Binary, data: m.Data})
	}
	s.flushLocked()
	return nil
}

// Barrier keeps what was sent before and what is sent after out of one poll
// answer, whose packets a client handles without a pause. WebSocket messages are
// apart in any case.
func (s *Session) Barrier() {
	s.mu.Lock()
	defer s.mu.Unlock()
	// Two in a row say no more than one.
	if s.state == open && len(s.queue) > 0 && len(s.queue) < s.server.cfg.MaxQueued && !s.queue[len(s.queue)-1].barrier {
		s.enqueueLocked(packet{barrier: true})
	}
}

// Close ends the session once the client has what was sent. A client that does
// not fetch it within PingTimeout loses it. Messages that are received from now
// on are dropped. An empty reason is [ForcedClose].
func (s *Session) Close(reason Reason) {
	if reason == "" {
		reason = ForcedClose
	}
	s.leave(reason, kindClose)
}

func (s *Session) enqueueLocked(p packet) {
	s.queue = append(s.queue, p)
	s.bytes += p.size()
}

// flushLocked sends what is queued, if there is a way.
func (s *Session) flushLocked() {
	switch {
	case s.socket != nil:
		if !s.writing && (len(s.queue) > 0 || s.state == leaving) {
			s.writing = true
			s.server.running.Add(1)
			go s.write(s.socket)
		}
	case s.poll != nil:
		s.deliverLocked()
	}
}

// deliverLocked answers the poll that waits, if there is anything to say.
func (s *Session) deliverLocked() {
	for len(s.queue) > 0 && s.queue[0].barrier {
		s.bytes -= s.queue[0].size()
		s.queue = s.queue[1:]
	}
	if len(s.queue) == 0 && s.state == open {
		return
	}
	p := s.poll
	s.poll = nil // else the end of the session would answer it
	p.answer <- pollAnswer{body: s.takePayloadLocked()}
}

// takePayloadLocked takes the next poll answer out of the queue. If there is
// nothing left and the session is leaving, that is the farewell, and the session
// is closed.
func (s *Session) takePayloadLocked() []byte {
	var body []byte
	taken := 0
	for _, p := range s.queue {
		if p.barrier {
			s.bytes -= p.size()
			taken++
			break
		}
		if len(body) > 0 {
			if len(body)+1+p.encodedSize() > s.server.cfg.MaxPayload {
				break
			}
			body = append(body, separator)
		}
		body = appendPacket(body, p)
		s.bytes -= p.size()
		taken++
	}
	s.queue = s.queue[taken:]
	if len(s.queue) == 0 {
		s.queue = nil
	}
	if s.state == leaving && len(body) == 0 {
		// Not together with what comes before: Socket.IO clients handle packets only
		// after they have handled the end of the session.
		body = []byte{s.farewell}
		s.closeLocked()
	}
	return body
}

// leave ends the session when the queue is flushed.
func (s *Session) leave(reason Reason, farewell byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaveLocked(reason, farewell)
}

func (s *Session) leaveLocked(reason Reason, farewell byte) {
	if s.state != open {
		return
	}
	s.state, s.farewell = leaving, farewell
	s.endedLocked(reason)
	// A WebSocket that is on its way stays: its client may poll no more.
	linger := s.server.cfg.PingTimeout
	if farewell == kindNoop { // the client wants no more than to see its poll return
		linger = lingerTimeout
	}
	s.timer.Reset(linger)
	s.flushLocked()
}

// shutDown ends the session because the server is closed.
func (s *Session) shutDown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaveLocked(ServerShutdown, kindClose)
	if s.socket != nil {
		s.socket.conn.limitWrites()
	}
	if s.socket == nil && s.state == leaving { // nobody is there to fetch the rest
		s.closeLocked()
	}
}

// end ends the session at once.
func (s *Session) end(reason Reason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.endLocked(reason)
}

func (s *Session) endLocked(reason Reason) {
	if s.state == open {
		s.farewell = kindClose
		s.endedLocked(reason)
	}
	s.closeLocked()
}

// endedLocked tells everybody that the session has ended.
func (s *Session) endedLocked(reason Reason) {
	close(s.done)
	s.server.running.Add(1)
	go func() {
		defer s.server.running.Done()
		s.server.cfg.Logger.Debug("engineio: session ended", "reason", string(reason))
		s.receiving.Lock() // after the last message
		defer s.receiving.Unlock()
		if s.handler != nil { // nil if Open panicked
			s.guard(func() { s.handler.Closed(reason) })
		}
	}()
}

// closeLocked frees all that the session holds.
func (s *Session) closeLocked() {
	if s.state == closed {
		return
	}
	s.state = closed
	s.timer.Stop()
	s.queue, s.bytes = nil, 0
	if s.poll != nil {
		s.answerPollLocked(pollAnswer{body: []byte{s.farewell}})
	}
	if s.post != nil {
		s.post.interruptLocked()
	}
	s.dropProbeLocked()
	if s.socket != nil {
		s.socket.shut()
	}
	s.server.remove(s)
}

// carryOut handles packets in order. The caller holds receiving. It returns
// false if the rest is void.
func (s *Session) carryOut(packets []packet) bool {
	for _, p := range packets {
		if !s.isOpen() {
			return false
		}
		switch p.kind {
		case kindMessage:
			s.guard(func() { s.handler.Message(Message{Data: p.data, Binary: p.binary}) })
		case kindPong:
			s.pong()
		case kindClose:
			s.leave(TransportClose, kindNoop)
			return false
		case kindPing: // only servers ping
			s.end(TransportError)
			return false
		}
	}
	return true
}

func (s *Session) isOpen() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == open
}

// guard calls the user's code. A panic costs one session and not the process.
func (s *Session) guard(call func()) {
	defer func() {
		if cause := recover(); cause != nil {
			// The value is left out: it may hold what a client sent.
			s.server.cfg.Logger.Error("engineio: handler panicked", slog.String("stack", string(debug.Stack())))
			s.end(ServerError)
		}
	}()
	call()
}
