package server

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/lxzan/gws"
)

// Times of a socket.
const (
	// pingInterval is how often each socket is asked whether it still lives: a
	// little less than the 30 s after which the impatient among proxies hang up.
	pingInterval = 25 * time.Second
	// silenceLimit closes a socket that was not heard of for two pings.
	silenceLimit = 2*pingInterval + 10*time.Second
	// idleLimit closes a socket that is attached to nothing.
	idleLimit = 120 * time.Second
	// writeTimeout bounds one write to a socket.
	writeTimeout = 10 * time.Second
	// lastWordsTimeout bounds the rest of a message that is under way, and the
	// close frame, when the server closes a socket.
	lastWordsTimeout = time.Second
)

// socket is one WebSocket. One goroutine reads and carries out what it reads;
// one writes, and only lives while there is something to write, so that a site
// that waits for its code to be scanned costs one small stack.
type socket struct {
	// Fixed.
	server  *Server
	line    line
	session liaison.SessionID
	addr    netip.Addr
	network netip.Addr   // what may be compared with the other side's; see networkAddress
	heard   atomic.Int64 // when anything was read last, in Unix seconds
	opened  int64        // in Unix seconds
	inside  bool         // the client is in this process, a [Port]: what waits for it is in the mailboxes anyway

	// Owned by the reading goroutine.
	pace      pace
	throttled bool // the client has been told that it is too fast

	// Owned by the writing goroutine.
	deadline time.Time // of writes

	// Guarded by hub.mu.
	sibling *socket // the next of the same session

	mu sync.Mutex
	// Guarded by mu.
	generation  uint64 // of the session's token
	attachments []attachment
	queue       []outbound
	queueBytes  int
	behind      bool // a frame found the queue too full, and waits in its mailbox
	writing     bool
	closing     protocol.Code // why the server closes it; empty if it does not
	gone        bool          // the connection has ended
}

// line is how a socket reaches its client: a WebSocket, or a call within this
// process.
type line interface {
	// write sends a message; it may block.
	write(gws.Opcode, []byte) error
	// setDeadline bounds the writes that follow.
	setDeadline(time.Time)
	// say tells the client why its socket is closed.
	say(protocol.Code)
	// cut ends the line, and with it the goroutine that reads from it.
	cut()
}

// webSocket is the line of a client elsewhere.
type webSocket struct{ conn *gws.Conn }

func (w webSocket) write(opcode gws.Opcode, payload []byte) error {
	return w.conn.WriteMessage(opcode, payload)
}
func (w webSocket) setDeadline(t time.Time)  { w.conn.NetConn().SetWriteDeadline(t) }
func (w webSocket) say(reason protocol.Code) { w.conn.WriteClose(closeReason(reason)) }
func (w webSocket) cut()                     { w.conn.NetConn().Close() }

// attachment is a side of a link that hears through this socket.
type attachment struct {
	room *room
	side protocol.Side
}

type outbound struct {
	opcode  gws.Opcode
	payload []byte
	acked   *room // whose frames this acknowledges; nil for anything else
}

// openSocket answers GET /v1/ws (arrow 4).
func (s *Server) openSocket(w http.ResponseWriter, r *http.Request) error {
	if wait := s.socketsByAddress.wait(s.address(r), s.cfg.Now()); wait > 0 {
		return rateLimited("sockets", wait)
	}
	if err := checkUpgrade(r); err != nil {
		return err
	}
	token, ok, err := socketToken(r)
	if err != nil {
		return err
	}
	if !ok && !s.sameOrigin(r) {
		return s.originDenied()
	}
	if !ok && r.Header.Get("Origin") != "" {
		token, ok = s.requestToken(r) // without an Origin no cookie is honoured
	}
	if !ok {
		return &liaison.Error{Code: protocol.SessionRequired, Op: "open socket", Msg: "no session was shown"}
	}
	// A retired token will do: a site that was away when its link was claimed
	// learns of it here.
	session, err := s.tokenSession(r.Context(), token)
	if err != nil {
		return err
	}
	s.touch(r.Context(), session)
	return s.upgrade(w, r, session)
}

// checkUpgrade refuses with a problem document what the WebSocket library would
// refuse with plain text.
func checkUpgrade(r *http.Request) error {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") || r.Header.Get("Sec-WebSocket-Key") == "" {
		return protocol.Errorf(protocol.InvalidMessage, "this address speaks WebSocket only")
	}
	if !slices.Contains(offeredProtocols(r), protocol.Subprotocol) ||
		r.Header.Get("Sec-WebSocket-Version") != "13" {
		return protocol.Errorf(protocol.UnsupportedVersion, "the subprotocol must be %s", protocol.Subprotocol)
	}
	return nil
}

// offeredProtocols returns the subprotocols that a handshake offers.
func offeredProtocols(r *http.Request) []string {
	offered := strings.Split(strings.Join(r.Header.Values("Sec-WebSocket-Protocol"), ","), ",")
	for i, p := range offered {
		offered[i] = strings.TrimSpace(p)
	}
	return offered
}

// socketToken returns the token that a handshake shows by itself, in a header or,
// since a page can set none, as a subprotocol. A handshake that shows two is refused:
// whose socket it opens must not hang on which of them is looked at first.
func socketToken(r *http.Request) (token liaison.Token, ok bool, err error) {
	token, ok = bearerToken(r)
	for _, p := range offeredProtocols(r) {
		shown, is := strings.CutPrefix(p, protocol.BearerSubprotocol)
		if !is {
			continue
		}
		if ok && liaison.Token(shown) != token {
			return "", false, protocol.Errorf(protocol.InvalidMessage, "two different tokens were shown")
		}
		token, ok = liaison.Token(shown), true
	}
	return token, ok, nil
}

func (s *Server) upgrade(w http.ResponseWriter, r *http.Request, session liaison.Session) error {
	addr := s.address(r)
	if !s.socketsOpen.take(addr) {
		return rateLimited("open sockets", time.Second)
	}
	// The library looks at the first header of several, and must never come upon
	// the subprotocol that is a token.
	handshake := r.Clone(r.Context())
	handshake.Header.Set("Sec-WebSocket-Protocol", protocol.Subprotocol)
	conn, err := s.upgrader.Upgrade(w, handshake)
	if err != nil { // the library has answered
		s.socketsOpen.give(addr)
		s.log.DebugContext(r.Context(), "no upgrade", "cause", logText(err))
		return nil
	}
	now := time.Now().Unix()
	socket := &socket{
		server: s, line: webSocket{conn}, addr: addr, network: s.networkAddress(r), opened: now,
		session: session.ID, generation: session.Generation,
	}
	socket.heard.Store(now)
	conn.Session().Store("", socket)
	if !s.hub.addSocket(socket) {
		s.socketsOpen.give(addr)
		socket.line.say(protocol.ShuttingDown)
		return nil
	}
	// A new goroutine, so that the one of the HTTP request and its buffers can
	// go: they are larger than all else that a waiting socket needs.
	go socket.read(conn)
	// Whoever changed the session since it was read did not find this socket.
	if now, err := s.cfg.Store.Session(r.Context(), session.ID); err != nil || now.Generation != session.Generation {
		socket.close(protocol.SessionRotated)
	}
	return nil
}

// read carries out what the client sends until the connection ends.
func (s *socket) read(conn *gws.Conn) {
	defer s.finish()
	conn.ReadLoop()
}

// finish ends the socket. The library panics upon some malformed frames; that
// must cost their sender this socket and nobody else anything.
func (s *socket) finish() {
	if cause := recover(); cause != nil {
		s.server.logPanic(s.server.ctx, "socket reader", cause)
	}
	s.end()
	s.server.readers.Done()
}

// end frees what the socket held.
func (s *socket) end() {
	s.mu.Lock()
	s.gone = true
	attachments := s.attachments
	s.attachments, s.queue = nil, nil
	s.mu.Unlock()
	s.line.cut()
	for _, a := range attachments {
		a.room.detach(s)
		s.server.hub.release(a.room)
	}
	s.server.hub.removeSocket(s)
	if !s.inside {
		s.server.socketsOpen.give(s.addr)
	}
}

// sendMessage queues a message.
func (s *socket) sendMessage(m protocol.ServerMessage) {
	data, err := json.Marshal(m)
	if err != nil {
		panic("server: message does not encode: " + err.Error()) // all of its types do
	}
	s.send(data)
}

// send queues a message. It never blocks: a socket whose queue is full is
// closed, and its client gets what it missed when it comes back.
func (s *socket) send(payload []byte) {
	s.enqueue(outbound{opcode: gws.OpcodeText, payload: payload})
}

// acked queues an acknowledgement in the place of an older one of the same room: it
// says all that that did.
func (s *socket) acked(r *room, payload []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.queue {
		if queued := &s.queue[i]; queued.acked == r {
			s.queueBytes += len(payload) - len(queued.payload)
			queued.payload = payload
			return
		}
	}
	s.admitLocked(outbound{opcode: gws.OpcodeText, payload: payload, acked: r})
}

// offer queues a frame if that leaves the queue half empty, and reports whether it
// did. One that is refused waits in its mailbox until the writer has caught up: a
// mailbox is larger than a queue, and who comes back to a full one is no slow reader.
func (s *socket) offer(frame []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone || s.closing != "" {
		return false
	}
	limits := &s.server.cfg.Limits
	if !s.inside && len(s.queue) > 0 && (len(s.queue) >= limits.OutboundMessages/2 || s.queueBytes+len(frame) > limits.OutboundBytes/2) {
		s.behind = true // and the writer is at work, since the queue is not empty
		return false
	}
	s.enqueueLocked(outbound{opcode: gws.OpcodeText, payload: frame})
	return true
}

func (s *socket) enqueue(out outbound) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.admitLocked(out)
}

// admitLocked queues what cannot wait elsewhere, or closes the socket.
func (s *socket) admitLocked(out outbound) {
	if s.gone || s.closing != "" {
		return
	}
	limits := &s.server.cfg.Limits
	if !s.inside && (len(s.queue) >= limits.OutboundMessages || s.queueBytes+len(out.payload) > limits.OutboundBytes) {
		s.closeLocked(protocol.SlowReader)
		return
	}
	s.enqueueLocked(out)
}

func (s *socket) enqueueLocked(out outbound) {
	s.queue = append(s.queue, out)
	s.queueBytes += len(out.payload)
	s.startWriterLocked()
}

func (s *socket) startWriterLocked() {
	if !s.writing {
		s.writing = true
		s.server.writers.Add(1)
		go s.write()
	}
}

// close ends the socket for a reason that its client learns if it still reads.
func (s *socket) close(code protocol.Code) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.gone && s.closing == "" {
		s.closeLocked(code)
	}
}

func (s *socket) closeLocked(code protocol.Code) {
	s.closing = code
	s.server.metrics.SocketClose(code)
	s.line.setDeadline(time.Now().Add(lastWordsTimeout))
	s.startWriterLocked()
}

// write sends what is queued, then ends.
func (s *socket) write() {
	defer s.server.writers.Done()
	for {
		batch, closing := s.takeQueue()
		if closing != "" {
			s.line.say(closing)
			s.line.cut()
			return
		}
		if len(batch) == 0 {
			return
		}
		for _, a := range s.caughtUp() {
			a.room.flush(a.side)
		}
		for _, out := range batch {
			if !s.writeOne(out) {
				return // the reader notices and cleans up
			}
		}
	}
}

// caughtUp returns, when the queue has just been emptied, where frames may wait that
// it had no room for: each time another room first, so that a busy one keeps none out.
func (s *socket) caughtUp() []attachment {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.behind {
		return nil
	}
	s.behind = false
	if len(s.attachments) > 1 {
		s.attachments = append(s.attachments[1:], s.attachments[0])
	}
	return slices.Clone(s.attachments)
}

// takeQueue returns what is to be written next. If that is nothing, the writer
// counts as ended.
func (s *socket) takeQueue() ([]outbound, protocol.Code) {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch := s.queue
	s.queue, s.queueBytes = nil, 0
	s.writing = len(batch) > 0 || s.closing != ""
	return batch, s.closing
}

func (s *socket) writeOne(out outbound) bool {
	s.extendDeadline(time.Now())
	// Upon an error the library ends the connection, or is about to send the
	// close frame that the reader asked for: that must not be cut off.
	return s.line.write(out.opcode, out.payload) == nil
}

// extendDeadline gives the next write its time. To set a deadline costs a
// twentieth of what a frame does, so it is not done for every one.
func (s *socket) extendDeadline(now time.Time) {
	if s.deadline.Sub(now) > writeTimeout-time.Second {
		return
	}
	s.deadline = now.Add(writeTimeout)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing == "" { // else the deadline for the last words holds
		s.line.setDeadline(s.deadline)
	}
}

func closeReason(code protocol.Code) (uint16, []byte) {
	return uint16(code.Info().Close), []byte(code)
}

// attached returns the attachment to a link.
func (s *socket) attached(id protocol.RequestID) (attachment, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.attachments {
		if a.room.id == id && s.closing == "" {
			return a, true
		}
	}
	return attachment{}, false
}

// maxAttachments bounds the links that one socket hears for. A page has one, or
// a few while it renews its code.
const maxAttachments = 16

// full reports whether one more link is too many.
func (s *socket) full(id protocol.RequestID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.attachments) >= maxAttachments && !slices.ContainsFunc(s.attachments, func(a attachment) bool { return a.room.id == id })
}

// note remembers an attachment. It reports whether the room was new.
func (s *socket) note(a attachment) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.attachments, a) {
		return false
	}
	s.attachments = append(s.attachments, a)
	return true
}

// detach forgets a room. Whoever gets true has to release the room.
func (s *socket) detach(r *room) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.attachments)
	s.attachments = slices.DeleteFunc(s.attachments, func(a attachment) bool { return a.room == r })
	return len(s.attachments) < before
}

// adopt moves the socket to its session's new token if it is attached to the
// link keep, or if it has that token already.
func (s *socket) adopt(generation uint64, keep protocol.RequestID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.generation >= generation {
		return true
	}
	if keep == "" || !slices.ContainsFunc(s.attachments, func(a attachment) bool { return a.room.id == keep }) {
		return false
	}
	s.generation = generation
	return true
}

// tick asks whether the client still lives, and closes the socket of one that
// does not or that wants nothing.
func (s *socket) tick(now time.Time) {
	if s.inside {
		return
	}
	s.mu.Lock()
	idle := len(s.attachments) == 0
	s.mu.Unlock()
	heard := time.Unix(s.heard.Load(), 0)
	switch {
	case now.Sub(heard) > silenceLimit:
		s.line.cut()
	case idle && now.Sub(time.Unix(s.opened, 0)) > idleLimit:
		s.close(protocol.SessionRequired)
	default:
		s.enqueue(outbound{opcode: gws.OpcodePing})
	}
}
