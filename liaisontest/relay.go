package liaisontest

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

// relay is one WebSocket that passes the front. What the client says goes to the
// server as it is; what the server says goes through the hooks.
type relay struct {
	hostile *Hostile
	client  net.Conn

	writing sync.Mutex // held while something is written to client

	sides map[protocol.RequestID]protocol.Side // guarded by Hostile.mu
}

// injection is something to say to a side: a message, or a frame of RFC 6455.
type injection struct {
	message protocol.ServerMessage
	frame   []byte
}

// writeTimeout is how long a client may take to read what it is told.
const writeTimeout = 5 * time.Second

// relay carries a WebSocket handshake out and stays between the two.
func (h *Hostile) relay(w http.ResponseWriter, r *http.Request) {
	server, err := net.Dial("tcp", h.Server.Origin.Host())
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer server.Close()
	said := bufio.NewReader(server)
	var response *http.Response
	if err = r.Write(server); err == nil {
		response, err = http.ReadResponse(said, r)
	}
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		refuse(w, response)
		return
	}
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	s := &relay{hostile: h, client: client, sides: make(map[protocol.RequestID]protocol.Side)}
	defer client.Close()
	if !h.enter(s) {
		return
	}
	defer h.leave(s)
	if response.Write(client) != nil {
		return
	}
	var hearing sync.WaitGroup
	hearing.Go(func() {
		s.hear(buffered.Reader, server)
		_ = server.(*net.TCPConn).CloseWrite() // the last words of the client shall get through
	})
	s.tell(said)
	client.Close()
	hearing.Wait()
}

func refuse(w http.ResponseWriter, response *http.Response) {
	defer response.Body.Close()
	for name, values := range response.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body) // a client that hangs up is its own affair
}

func (h *Hostile) enter(r *relay) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over {
		return false
	}
	h.sockets[r] = struct{}{}
	h.relays.Add(1)
	return true
}

func (h *Hostile) leave(r *relay) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sockets, r)
	h.relays.Done()
}

// inject says something to the sockets that hear for a side, or keeps it for the
// next one that does.
func (h *Hostile) inject(to protocol.Side, what injection) {
	h.mu.Lock()
	var there []*relay
	for r := range h.sockets {
		if r.serves(to, what.message.RequestID) {
			there = append(there, r)
		}
	}
	if len(there) == 0 {
		h.waiting[to] = append(h.waiting[to], what)
	}
	h.mu.Unlock()
	for _, r := range there {
		r.inject(to, what)
	}
}

// serves reports whether the socket hears for a side of a link; without a name,
// of any. Hostile.mu is held.
func (r *relay) serves(side protocol.Side, id protocol.RequestID) bool {
	for link, s := range r.sides {
		if s == side && (id == "" || id == link) {
			return true
		}
	}
	return false
}

func (r *relay) inject(to protocol.Side, what injection) {
	if what.frame != nil {
		r.write(what.frame)
		return
	}
	for _, id := range r.links(to, what.message.RequestID) {
		what.message.RequestID = id
		r.say(what.message)
	}
}

// links returns the links for whose side the socket hears, if one is not named.
func (r *relay) links(side protocol.Side, named protocol.RequestID) (ids []protocol.RequestID) {
	if named != "" {
		return []protocol.RequestID{named}
	}
	r.hostile.mu.Lock()
	defer r.hostile.mu.Unlock()
	for id, s := range r.sides {
		if s == side {
			ids = append(ids, id)
		}
	}
	return ids
}

// hear passes on what the client says, and learns for whom it hears.
func (r *relay) hear(client *bufio.Reader, server net.Conn) {
	for {
		f, err := readFrame(client)
		if err != nil {
			return
		}
		if f.opcode() == opText {
			r.hostile.see(f.payload)
			r.learn(f.payload)
		}
		if _, err := server.Write(f.raw); err != nil {
			return
		}
	}
}

// learn notes the side of a subscription, and says what waits for that.
func (r *relay) learn(message []byte) {
	m, err := protocol.ParseClientMessage(message)
	if err != nil || m.Op != protocol.OpSubscribe {
		return
	}
	side, _, ok := m.Topic.Side()
	if !ok && m.Topic == protocol.TopicJoin {
		side = protocol.WalletSide
	}
	h := r.hostile
	h.mu.Lock()
	r.sides[m.RequestID] = side
	var due, rest []injection
	for _, what := range h.waiting[side] {
		if id := what.message.RequestID; id == "" || id == m.RequestID {
			due = append(due, what)
		} else {
			rest = append(rest, what)
		}
	}
	h.waiting[side] = rest
	h.mu.Unlock()
	for _, what := range due {
		r.inject(side, what)
	}
}

// tell passes on what the server says, or what the hooks make of it, until the
// server hangs up.
func (r *relay) tell(server *bufio.Reader) {
	for {
		f, err := readFrame(server)
		if err != nil {
			return
		}
		var m protocol.ServerMessage
		if f.opcode() != opText || json.Unmarshal(f.payload, &m) != nil {
			r.write(f.raw)
			continue
		}
		r.hostile.see(f.payload)
		for _, m := range r.twist(m) {
			r.say(m)
		}
	}
}

// twist puts a message of the server through the hooks.
func (r *relay) twist(m protocol.ServerMessage) []protocol.ServerMessage {
	h := r.hostile
	h.hooking.Lock()
	defer h.hooking.Unlock()
	hooks := h.current()
	h.mu.Lock()
	side := r.sides[m.RequestID]
	h.mu.Unlock()
	said := []protocol.ServerMessage{m}
	if hooks.frame != nil {
		said = twistFrames(m, func(f protocol.Frame) []protocol.Frame { return hooks.frame(side, f) })
	}
	if hooks.link != nil {
		said = each(said, func(m protocol.ServerMessage) []protocol.ServerMessage {
			if m.Op != protocol.OpLink {
				return []protocol.ServerMessage{m}
			}
			return hooks.link(m)
		})
	}
	if hooks.message != nil {
		said = each(said, func(m protocol.ServerMessage) []protocol.ServerMessage { return hooks.message(side, m) })
	}
	return said
}

// twistFrames replaces the frame in a message.
func twistFrames(m protocol.ServerMessage, hook func(protocol.Frame) []protocol.Frame) (said []protocol.ServerMessage) {
	var frames []protocol.Frame
	switch {
	case m.Op == protocol.OpFrame:
		frames = hook(protocol.Frame{N: m.N, D: m.D})
	case m.Op == protocol.OpLink && m.Answer != nil:
		frames = hook(*m.Answer)
		m.Answer = nil
		if len(frames) > 0 {
			m.Answer, frames = &frames[0], frames[1:]
		}
		said = append(said, m)
	default:
		return []protocol.ServerMessage{m}
	}
	for _, f := range frames {
		said = append(said, protocol.ServerMessage{Op: protocol.OpFrame, Topic: m.Topic, RequestID: m.RequestID, N: f.N, D: f.D})
	}
	return said
}

func each(in []protocol.ServerMessage, hook func(protocol.ServerMessage) []protocol.ServerMessage) (out []protocol.ServerMessage) {
	for _, m := range in {
		out = append(out, hook(m)...)
	}
	return out
}

func (r *relay) say(m protocol.ServerMessage) {
	if data, err := json.Marshal(m); err == nil { // a hook's proof may be none
		r.write(appendFrame(nil, opText, data))
	}
}

// write does not say whether it was of use: a client that has gone may still have
// something to say.
func (r *relay) write(frame []byte) {
	r.writing.Lock()
	defer r.writing.Unlock()
	_ = r.client.SetWriteDeadline(time.Now().Add(writeTimeout)) // or the write fails
	_, _ = r.client.Write(frame)
}

// Opcodes of RFC 6455 §5.2 that the front tells apart. Neither our server nor
// our clients send a message in parts.
const (
	opText  = 1
	opClose = 8
)

// webSocketFrame is a frame of RFC 6455.
type webSocketFrame struct {
	raw     []byte // as it came
	payload []byte // without its mask
}

func (f webSocketFrame) opcode() byte { return f.raw[0] & 0x0f }

// readFrame reads a frame of at most 64 KiB and an envelope.
func readFrame(from *bufio.Reader) (f webSocketFrame, err error) {
	read := func(n int) []byte {
		if err != nil {
			return make([]byte, n)
		}
		f.raw = append(f.raw, make([]byte, n)...)
		part := f.raw[len(f.raw)-n:]
		_, err = io.ReadFull(from, part)
		return part
	}
	second := read(2)[1]
	size := uint64(second & 0x7f)
	switch size {
	case 126:
		size = uint64(binary.BigEndian.Uint16(read(2)))
	case 127:
		size = binary.BigEndian.Uint64(read(8))
	}
	if size > maxCall {
		return f, io.ErrUnexpectedEOF
	}
	var mask [4]byte
	if second&0x80 != 0 {
		copy(mask[:], read(4))
	}
	f.payload = append([]byte(nil), read(int(size))...)
	for i := range f.payload {
		f.payload[i] ^= mask[i%4]
	}
	return f, err
}

// appendFrame writes a whole message in one frame, as a server does.
func appendFrame(b []byte, opcode byte, payload []byte) []byte {
	b = append(b, 0x80|opcode)
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n <= 0xffff:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	return append(b, payload...)
}
