package engineio

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/lxzan/gws"
)

// webSocket is a WebSocket: a session's only way from the start, or one that is
// to replace polling.
type webSocket struct {
	// Fixed.
	session *Session
	ws      *gws.Conn
	conn    *conn

	// Guarded by the session's mu.
	shutting bool // it is to be closed
}

// canUpgrade checks what the library would answer in its own way.
func canUpgrade(r *http.Request) bool {
	return r.Method == http.MethodGet && wantsUpgrade(r) && r.Header.Get("Sec-WebSocket-Key") != "" &&
		r.Header.Get("Sec-WebSocket-Version") == "13" &&
		strings.Contains(strings.ToLower(r.Header.Get("Connection")), "upgrade")
}

// readBuffer is what each idle WebSocket holds. Most messages are smaller, and
// larger ones bypass it.
const readBuffer = 512

func newUpgrader(maxPayload int) *gws.Upgrader {
	return gws.NewUpgrader(socketEvents{}, &gws.ServerOption{
		// With the kind of a message before it, as over polling.
		ReadMaxPayloadSize: maxPayload,
		ReadBufferSize:     readBuffer,
		CheckUtf8Enabled:   true,
		ParallelGolimit:    1,
		Logger:             silence{},
		NewSession:         func() gws.SessionStorage { return new(slot) },
	})
}

// upgrade turns a request into a WebSocket. It returns nil if it has answered
// otherwise.
func (s *Session) upgrade(w http.ResponseWriter, r *http.Request) *webSocket {
	raw, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil { // HTTP/2, or a ResponseWriter without a connection
		s.server.refuse(w, r, faultRequest)
		return nil
	}
	_ = raw.SetDeadline(time.Time{}) // those of the http.Server
	reader := bufio.NewReaderSize(raw, readBuffer)
	if n := buffered.Reader.Buffered(); n > 0 { // the client did not wait for the answer
		early, _ := buffered.Reader.Peek(n)
		reader = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(bytes.Clone(early)), raw), readBuffer)
	}
	c := &conn{Conn: raw, header: headerLines(w.Header()), timeout: s.server.cfg.WriteTimeout}
	library, err := s.server.upgrader.UpgradeFromConn(c, reader, r)
	if err != nil { // the connection broke: the request was checked
		c.cut()
		return nil
	}
	ws := &webSocket{session: s, ws: library, conn: c}
	library.Session().Store("", ws)
	if !s.server.track(ws) {
		c.cut()
		return nil
	}
	return ws
}

// openWebSocket begins a session on a WebSocket.
func (s *Session) openWebSocket(w http.ResponseWriter, r *http.Request) {
	s.enqueueLocked(s.openPacket([]string{})) // nobody else knows the session yet
	if !s.start() {
		s.server.refuse(w, r, faultBusy)
		return
	}
	ws := s.upgrade(w, r)
	if ws == nil {
		s.end(TransportError)
		return
	}
	s.mu.Lock()
	s.socket = ws
	if s.state == closed { // already, by the user or because the server is closed
		ws.shut()
	} else {
		s.flushLocked()
	}
	s.mu.Unlock()
	// A new goroutine, so that the one of the HTTP request and its buffers can
	// go: they are larger than all else that a waiting session needs.
	go ws.read()
}

// serveUpgrade begins to replace polling ("Upgrade").
func (s *Session) serveUpgrade(w http.ResponseWriter, r *http.Request) {
	if !canUpgrade(r) {
		s.server.refuse(w, r, faultRequest)
		return
	}
	first := s.beginProbe()
	ws := s.upgrade(w, r)
	s.mu.Lock()
	switch {
	case ws == nil:
		if first {
			s.dropProbeLocked()
		}
	case !first || s.state != open:
		ws.shut()
	default:
		s.probe = ws
		s.expiry = time.AfterFunc(s.server.cfg.UpgradeTimeout, func() { s.expire(ws) })
	}
	s.mu.Unlock()
	if ws != nil {
		go ws.read()
	}
}

// beginProbe reports whether this is the one WebSocket that may replace polling.
// Others are closed right after their handshake, as the reference implementation
// does it: an HTTP error would be an error to some clients.
func (s *Session) beginProbe() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != open || s.socket != nil || s.probing {
		return false
	}
	s.probing = true
	return true
}

// expire ends a WebSocket that did not complete its upgrade in time. The session
// goes on polling.
func (s *Session) expire(ws *webSocket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.probe == ws {
		s.dropProbeLocked()
	}
}

func (s *Session) dropProbeLocked() {
	if s.probe != nil {
		s.probe.shut()
		s.expiry.Stop()
	}
	s.probing, s.probed, s.probe, s.expiry = false, false, nil, nil
}

// receive handles one frame.
func (ws *webSocket) receive(opcode gws.Opcode, data []byte) {
	s := ws.session
	p := packet{kind: kindMessage, binary: true}
	if opcode == gws.OpcodeBinary {
		p.data = bytes.Clone(data)
	} else {
		var err error
		if p, err = parsePacket(data); err != nil {
			ws.refuse()
			return
		}
	}
	if ws.isProbe() {
		ws.receiveProbe(p)
		return
	}
	s.receiving.Lock()
	defer s.receiving.Unlock()
	if ws.isSocket() {
		s.carryOut([]packet{p})
	}
}

// refuse ends what the client used wrongly.
func (ws *webSocket) refuse() {
	s := ws.session
	s.mu.Lock()
	defer s.mu.Unlock()
	switch ws {
	case s.probe:
		s.dropProbeLocked()
	case s.socket:
		s.endLocked(ParseError)
	}
}

func (ws *webSocket) isProbe() bool {
	ws.session.mu.Lock()
	defer ws.session.mu.Unlock()
	return ws.session.probe == ws
}

func (ws *webSocket) isSocket() bool {
	ws.session.mu.Lock()
	defer ws.session.mu.Unlock()
	return ws.session.socket == ws
}

// receiveProbe handles what comes before the upgrade.
func (ws *webSocket) receiveProbe(p packet) {
	switch {
	case p.kind == kindPing && string(p.data) == probe:
		ws.probed()
		ws.write(gws.OpcodeText, []byte{kindPong, 'p', 'r', 'o', 'b', 'e'})
	case p.kind == kindUpgrade:
		ws.complete()
	default:
		ws.refuse()
	}
}

// probed makes the pending poll return, but not before the client had time to
// learn that it need not poll again.
func (ws *webSocket) probed() {
	s := ws.session
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.probe != ws || s.probed {
		return
	}
	s.probed = true
	if p := s.poll; p != nil {
		time.AfterFunc(probedPollDelay, func() { s.endPoll(p) })
	}
}

// complete replaces polling. Clients wait for their poll and their POST before
// they send the packet that brings us here, so nothing is under way.
func (ws *webSocket) complete() {
	s := ws.session
	s.receiving.Lock() // what a POST brought has been handled
	defer s.receiving.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.probe != ws:
		return
	case !s.probed:
		s.dropProbeLocked()
		return
	}
	s.expiry.Stop()
	s.probing, s.probed, s.probe, s.expiry = false, false, nil, nil
	s.socket = ws
	if s.poll != nil {
		s.answerPollLocked(pollAnswer{refused: true})
	}
	s.flushLocked()
}

// write sends what is queued over the WebSocket, and the last words of a session
// that is leaving. It lives only while there is something to write.
func (s *Session) write(ws *webSocket) {
	defer s.server.running.Done()
	for {
		batch, shut := s.takeQueue(ws)
		if shut {
			ws.close()
		}
		if len(batch) == 0 {
			return
		}
		for _, p := range batch {
			if !ws.writePacket(p) {
				s.end(TransportError)
				break
			}
		}
	}
}

// takeQueue returns what is to be written next. If that is nothing, the writer
// counts as ended, and may have to close the WebSocket.
func (s *Session) takeQueue(ws *webSocket) (batch []packet, shut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch = s.queue
	s.queue, s.bytes = nil, 0
	if len(batch) > 0 {
		return batch, false
	}
	if s.state == leaving {
		s.closeLocked()
	}
	s.writing = false
	return nil, ws.shutting
}

func (ws *webSocket) writePacket(p packet) bool {
	switch {
	case p.barrier:
		return true
	case p.binary:
		return ws.write(gws.OpcodeBinary, p.data)
	}
	return ws.write(gws.OpcodeText, appendPacket(make([]byte, 0, p.size()), p))
}

func (ws *webSocket) write(opcode gws.Opcode, payload []byte) bool {
	return ws.ws.WriteMessage(opcode, payload) == nil
}

// shut has the WebSocket closed. It does not wait. The caller holds the session's
// mu.
func (ws *webSocket) shut() {
	ws.conn.limitWrites()
	ws.shutting = true
	s := ws.session
	if s.writing && s.socket == ws {
		return // the writer does it
	}
	s.server.running.Add(1)
	go func() {
		defer s.server.running.Done()
		ws.close()
	}()
}

// close closes the WebSocket without a code, as the reference implementation
// does.
func (ws *webSocket) close() {
	ws.conn.sayClose()
	_ = ws.conn.Close()
	_ = ws.conn.SetReadDeadline(time.Now().Add(lingerTimeout))
}

// read carries out what the client sends until the connection ends.
func (ws *webSocket) read() {
	err := errPanic
	defer ws.finish(&err) // itself, since it recovers
	ws.ws.ReadLoop()
	err = ws.slot().ended
}

var errPanic = errors.New("the WebSocket library panicked")

// finish ends the WebSocket. The library panics upon a frame with a length of
// 2^63 and more; that must cost its sender this connection and nobody else
// anything.
func (ws *webSocket) finish(err *error) {
	server := ws.session.server
	defer server.untrack(ws)
	if cause := recover(); cause != nil {
		server.cfg.Logger.Debug("engineio: malformed frame", slog.String("stack", string(debug.Stack())))
	}
	ws.ended(*err)
	ws.conn.drain()
}

// ended tells the session.
func (ws *webSocket) ended(err error) {
	s := ws.session
	reason := TransportError
	var closing *gws.CloseError
	if errors.As(err, &closing) || errors.Is(err, io.EOF) {
		reason = TransportClose
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch ws {
	case s.probe:
		s.dropProbeLocked()
	case s.socket:
		s.endLocked(reason)
	}
}

func (ws *webSocket) slot() *slot { return ws.ws.Session().(*slot) }

// socketEvents is what the library calls while it reads.
type socketEvents struct{ gws.BuiltinEventHandler }

// OnMessage gets a frame.
func (socketEvents) OnMessage(library *gws.Conn, message *gws.Message) {
	defer message.Close()
	socketOf(library).receive(message.Opcode, message.Bytes())
}

// OnPing answers right here: a client that pings and does not read stops its own
// reading, and is cut off by the deadline.
func (socketEvents) OnPing(library *gws.Conn, payload []byte) {
	socketOf(library).write(gws.OpcodePong, payload)
}

// OnClose gets why the connection ended.
func (socketEvents) OnClose(library *gws.Conn, err error) {
	socketOf(library).slot().ended = err
}

// slot is where the library keeps our WebSocket: its own default is a map and a
// lock for each connection.
type slot struct {
	ws    *webSocket
	ended error // owned by the reading goroutine
}

func (s *slot) Len() int                     { return 1 }
func (s *slot) Load(string) (any, bool)      { return s.ws, true }
func (s *slot) Delete(string)                {}
func (s *slot) Range(func(string, any) bool) {}
func (s *slot) Store(_ string, value any)    { s.ws = value.(*webSocket) }

func socketOf(library *gws.Conn) *webSocket {
	return library.Session().(*slot).ws
}

// silence is for a library that would log by itself.
type silence struct{}

func (silence) Error(...any) {}

// conn is a connection as the library sees it: its first write gets the headers
// of the handshake, since the library knows those of all handshakes only; each
// write has its time, also those of the library's own accord; and it is closed in
// two steps, so that what was written before reaches a client that is still
// sending.
type conn struct {
	net.Conn
	timeout time.Duration // fixed
	header  []byte        // owned by whoever performs the handshake, then nil

	mu sync.Mutex
	// Guarded by mu.
	deadline time.Time // of writes
	limited  bool      // the deadline is that of the last words
	ended    bool      // the last words have been said
}

// Write implements net.Conn.
func (c *conn) Write(data []byte) (int, error) {
	if c.header == nil {
		if !c.extendDeadline() {
			return 0, net.ErrClosed
		}
		n, err := c.Conn.Write(data)
		if err != nil {
			c.limitWrites() // the library tries once more, to say why
		}
		return n, err
	}
	header := c.header
	c.header = nil
	head, ok := bytes.CutSuffix(data, []byte("\r\n"))
	if !ok || !bytes.HasPrefix(data, []byte("HTTP/1.1 101 ")) {
		return c.Conn.Write(data)
	}
	// With a deadline that the library sets, and removes afterwards.
	if _, err := c.Conn.Write(append(append(bytes.Clone(head), header...), '\r', '\n')); err != nil {
		return 0, err
	}
	return len(data), nil
}

// extendDeadline gives the next write its time. Setting a deadline costs a part
// of what a frame does, so it is not done for every one. It returns false if
// nothing may be written any more.
func (c *conn) extendDeadline() bool {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return false
	}
	if !c.limited && c.deadline.Sub(now) < c.timeout*9/10 {
		c.deadline = now.Add(c.timeout)
		_ = c.SetWriteDeadline(c.deadline) // an error comes with the write
	}
	return true
}

// sayClose sends a close frame without a code. The library would send one more
// as its answer to that of the client.
func (c *conn) sayClose() {
	c.mu.Lock()
	ended := c.ended
	c.ended = true
	c.mu.Unlock()
	if !ended {
		_, _ = c.Conn.Write([]byte{0x88, 0x00}) // a client that is gone needs none
	}
}

// limitWrites gives all that is still to be written the time of last words.
func (c *conn) limitWrites() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.limited {
		c.limited = true
		_ = c.SetWriteDeadline(time.Now().Add(lingerTimeout))
	}
}

// Close ends what we send. The connection lives until drain.
func (c *conn) Close() error {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Conn.Close()
}

// drain closes the connection once the client has, or has had time to. Closing
// at once, with something unread, would take from the client what it has not
// read either.
func (c *conn) drain() {
	_ = c.Close()
	_ = c.SetReadDeadline(time.Now().Add(lingerTimeout))
	_, _ = io.CopyN(io.Discard, c.Conn, 1<<20) // an error is what it waits for
	c.cut()
}

// cut closes the connection at once.
func (c *conn) cut() { _ = c.Conn.Close() }

// headerLines renders headers for the answer to a handshake, without those that
// belong to the handshake itself.
func headerLines(header http.Header) []byte {
	header = header.Clone()
	for _, name := range []string{
		"Upgrade", "Connection", "Sec-Websocket-Accept", "Sec-Websocket-Extensions",
		"Sec-Websocket-Protocol", "Content-Length", "Transfer-Encoding",
	} {
		header.Del(name)
	}
	lines := []byte{} // not nil, even if there are none
	var buffer bytes.Buffer
	if header.Write(&buffer) == nil { // drops what is no header, and line ends in values
		lines = append(lines, buffer.Bytes()...)
	}
	return lines
}
