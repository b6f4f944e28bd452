package liquid

import (
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/socketio"
	"github.com/liaison-dev/liaison/socketio/engineio"
	"golang.org/x/time/rate"
)

// SocketPath is where clients open their sockets.
const SocketPath = "/socket.io/"

// eventTimeout bounds what one event may make the store do.
const eventTimeout = 10 * time.Second

// burst is how many seconds' worth of events may come at once.
const burst = 6

// connection is what belongs to one connection of a client, across its transports.
type connection struct {
	handler *Handler
	client  string // what it has in common with the other requests of its client
	addr    netip.Addr
	pace    *rate.Limiter

	mu sync.Mutex
	// Guarded by mu.
	visitor visitor
	peer    *peer // its socket in the one namespace; nil before and after
	linked  bool  // it has asked for a link, whose answer can only come to the session that asked
}

func (h *Handler) newSockets() (*socketio.Server, error) {
	config := h.config.Sockets
	config.Engine.Path = SocketPath
	config.Engine.Handshake = h.handshake
	config.Engine.Request = h.laterRequest
	config.Engine.Refused = func(r *http.Request, header http.Header, _ int) {
		if h.dialect.SameOrigin(r) && len(h.cookies.tokens(r)) == 0 {
			h.cookies.set(header, newToken())
		}
	}
	config.Admit = func(e *socketio.Event) bool { return e.Socket().Value().(*connection).pace.Allow() }
	config.Logger = h.log
	sockets, err := socketio.New(config)
	if err != nil {
		return nil, err
	}
	sockets.Of("/").OnConnect(h.connect)
	return sockets, nil
}

// handshake begins a connection. It belongs to the session of this request, and
// later ones need no cookie: a page elsewhere never shows one.
func (h *Handler) handshake(r *http.Request, header http.Header) (any, error) {
	if h.dialect.AdmitSocket(r) != nil {
		return nil, &engineio.Refusal{Status: http.StatusTooManyRequests, Message: "Too many requests"}
	}
	// A page of another site may have a socket, and not its visitor's; nor must the
	// visitor lose the session that it has.
	if !h.dialect.SameOrigin(r) {
		r, header = withoutCookies(r), make(http.Header)
	}
	v, err := h.visit(header, r)
	if err != nil {
		return nil, &engineio.Refusal{Status: http.StatusServiceUnavailable, Message: "Try again"}
	}
	c := &connection{
		handler: h, client: h.client(r), addr: h.dialect.Address(r), visitor: v,
		pace: rate.NewLimiter(rate.Limit(h.config.EventsPerSecond), burst*h.config.EventsPerSecond),
	}
	if v.isNew && fromBrowser(r) {
		h.births.socket(v.session.ID, c.client)
	}
	return c, nil
}

func withoutCookies(r *http.Request) *http.Request {
	r = r.Clone(r.Context())
	r.Header.Del("Cookie")
	return r
}

// laterRequest notices when the client shows another session by now: its first two
// requests were made at once, and the other one's cookie is the one that stayed.
func (h *Handler) laterRequest(s *engineio.Session, r *http.Request, _ http.Header) error {
	c := s.Value().(*connection)
	if len(r.Header["Cookie"]) == 0 || !h.dialect.SameOrigin(r) || !c.pristine() {
		return nil
	}
	for _, token := range h.cookies.tokens(r) {
		v, found, err := h.known(r, token)
		if err == nil && !found {
			v = visitor{token: token, session: h.begin(token)}
			found, err = h.unused(r.Context(), token)
		}
		if err != nil {
			h.log.DebugContext(r.Context(), "session of a later request not found", "code", protocol.CodeOf(err))
			break // it stays with the session that it has
		}
		if found {
			c.adopt(v)
			break
		}
	}
	return nil
}

// as returns who the connection's client is.
func (c *connection) as() visitor {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.visitor
}

// now notes what the connection's session is by now.
func (c *connection) now(session liaison.Session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.visitor.session.ID == session.ID {
		c.visitor.session = session
	}
}

// pristine reports whether the connection's session is one that nothing was stored
// of: the client may have had another one all along.
func (c *connection) pristine() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.visitor.stored() && !c.linked
}

// asksForLink notes that the connection asks for a link.
func (c *connection) asksForLink() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.linked = true
}

// adopt moves the connection to another session of the same client, unless something
// has come to rest on its own meanwhile.
func (c *connection) adopt(v visitor) {
	c.mu.Lock()
	if c.visitor.stored() || c.linked {
		c.mu.Unlock()
		return
	}
	before, p := c.visitor.session.ID, c.peer
	c.visitor = v
	c.mu.Unlock()
	if p != nil && before != v.session.ID {
		c.handler.leave(p, before)
		c.handler.sit(p, v)
	}
}

// recall has the sockets that a client opened at the same time as it asked for a
// challenge, each without a cookie, come again: with the cookie of the session that
// it has now. They began one that nobody will use.
func (h *Handler) recall(id liaison.CeremonyID, session liaison.SessionID) {
	for _, twin := range h.births.socketsWith(id) {
		if twin == session {
			continue
		}
		h.births.orphan(twin) // for one whose socket has not got so far yet
		if s := h.seats.find(twin); s != nil {
			s.recall()
		}
	}
}

// connect begins the one socket of a connection.
func (h *Handler) connect(socket *socketio.Socket) error {
	c := socket.Value().(*connection)
	release, err := h.dialect.HoldSocket(c.addr)
	if err != nil {
		return &socketio.ConnectError{Message: "Too many connections; close some and try again"}
	}
	p := &peer{connection: c, handler: h, socket: socket}
	c.mu.Lock()
	c.peer = p
	v := c.visitor // together: whoever changes it later finds the peer here
	c.mu.Unlock()
	socket.OnDisconnect(func(socketio.Reason) {
		c.mu.Lock()
		c.peer = nil
		session := c.visitor.session.ID
		c.mu.Unlock()
		h.leave(p, session)
		release()
	})
	socket.On("link", p.onLink)
	for _, name := range []string{offerDescription, offerCandidate, answerDescription, answerCandidate} {
		socket.On(name, p.onSignal)
	}
	h.sit(p, v)
	// Whoever shows the cookie of that session has kept it: then it is no orphan.
	if v := c.as(); v.isNew && h.births.orphaned(v.session.ID) && c.pristine() {
		p.again()
	}
	return nil
}
