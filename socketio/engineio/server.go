package engineio

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/lxzan/gws"
)

// Server answers the requests of Engine.IO clients.
type Server struct {
	// Fixed after New.
	cfg      Config
	upgrader *gws.Upgrader
	running  sync.WaitGroup // readers, writers, and calls of Handler.Closed

	mu sync.Mutex
	// Guarded by mu.
	sessions map[string]*Session
	sockets  map[*webSocket]struct{}
	closed   bool
}

// New returns a server. It opens no listener and starts nothing.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Server{
		cfg:      cfg,
		upgrader: newUpgrader(cfg.MaxPayload),
		sessions: make(map[string]*Session),
		sockets:  make(map[*webSocket]struct{}),
	}, nil
}

// fault is one of the errors that the reference implementation answers.
type fault struct {
	status  int
	code    int
	message string
}

var (
	faultTransport = fault{http.StatusBadRequest, 0, "Transport unknown"}
	faultSession   = fault{http.StatusBadRequest, 1, "Session ID unknown"}
	faultMethod    = fault{http.StatusBadRequest, 2, "Bad handshake method"}
	faultRequest   = fault{http.StatusBadRequest, 3, "Bad request"}
	faultForbidden = fault{http.StatusForbidden, 4, "Forbidden"}
	faultVersion   = fault{http.StatusBadRequest, 5, "Unsupported protocol version"}
	faultBusy      = fault{http.StatusServiceUnavailable, 3, "Service unavailable"}
)

// ServeHTTP implements http.Handler. It checks in the order of the reference
// implementation: transport, session, method, version.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.answers(r.URL.Path) {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	if r.Method == http.MethodOptions {
		preflight(w, r)
		return
	}
	query := r.URL.Query()
	transport := Transport(query.Get("transport"))
	switch sid := query.Get("sid"); {
	case transport != Polling && transport != WebSocket:
		s.refuse(w, r, faultTransport)
	case sid != "":
		s.serveSession(w, r, transport, sid)
	case r.Method != http.MethodGet:
		s.refuse(w, r, faultMethod)
	case (transport == WebSocket) != wantsUpgrade(r):
		s.refuse(w, r, faultRequest)
	case query.Get("EIO") != "4":
		s.refuse(w, r, faultVersion)
	default:
		s.handshake(w, r, transport)
	}
}

func (s *Server) answers(path string) bool {
	return path == s.cfg.Path || s.cfg.WithoutSlash && path+"/" == s.cfg.Path
}

// preflight lets pages of any origin send what they like: they get no
// credentials, so they could do the same without a browser.
func preflight(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Access-Control-Allow-Methods", "GET,HEAD,PUT,PATCH,POST,DELETE")
	header.Set("Vary", "Access-Control-Request-Headers")
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		header.Set("Access-Control-Allow-Headers", asked)
	}
	header.Set("Content-Length", "0")
	w.WriteHeader(http.StatusNoContent)
}

func wantsUpgrade(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

// refuse answers with an error. Nothing in it comes from the request.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, f fault) {
	header := w.Header()
	body, contentType := []byte(f.message), "text/html"
	if wantsUpgrade(r) {
		header.Set("Connection", "close")
	} else {
		contentType = "application/json"
		// Of a number and a string: it always encodes.
		body, _ = json.Marshal(struct {
			Code    int    `json:"code"`
			Message string `json:"message"`
		}{f.code, f.message})
	}
	header.Set("Content-Type", contentType)
	header.Set("X-Content-Type-Options", "nosniff")
	s.answerError(w, r, f.status, body)
}

func (s *Server) answerError(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	if s.cfg.Refused != nil {
		s.cfg.Refused(r, w.Header(), status)
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // whoever hung up does not hear it
}

// refuseError answers with the error of a hook.
func (s *Server) refuseError(w http.ResponseWriter, r *http.Request, err error) {
	f := faultForbidden
	var refusal *Refusal
	if errors.As(err, &refusal) {
		if refusal.Status >= 400 && refusal.Status <= 599 {
			f.status = refusal.Status
		}
		if refusal.Message != "" {
			f.message = refusal.Message
		}
	}
	s.refuse(w, r, f)
}

// serveSession answers a later request of a session.
func (s *Server) serveSession(w http.ResponseWriter, r *http.Request, transport Transport, sid string) {
	session := s.session(sid)
	upgrade := wantsUpgrade(r)
	switch {
	case session == nil:
		s.refuse(w, r, faultSession)
		return
	case (transport == WebSocket) != upgrade,
		upgrade && r.Method != http.MethodGet,
		!upgrade && session.Transport() != Polling:
		s.refuse(w, r, faultRequest)
		return
	}
	if s.cfg.Request != nil {
		if err := s.cfg.Request(session, r, w.Header()); err != nil {
			s.refuseError(w, r, err)
			return
		}
	}
	switch {
	case upgrade:
		session.serveUpgrade(w, r)
	case r.Method == http.MethodGet:
		session.servePoll(w, r)
	case r.Method == http.MethodPost:
		session.servePost(w, r)
	default:
		s.refuse(w, r, faultRequest)
	}
}

// handshake opens a session.
func (s *Server) handshake(w http.ResponseWriter, r *http.Request, transport Transport) {
	if transport == WebSocket && !canUpgrade(r) {
		s.refuse(w, r, faultRequest)
		return
	}
	if s.full() {
		s.refuse(w, r, faultBusy)
		return
	}
	var value any
	if s.cfg.Handshake != nil {
		var err error
		if value, err = s.cfg.Handshake(r, w.Header()); err != nil {
			s.refuseError(w, r, err)
			return
		}
	}
	session := newSession(s, value)
	if transport == WebSocket {
		session.openWebSocket(w, r)
		return
	}
	if !session.start() {
		s.refuse(w, r, faultBusy)
		return
	}
	session.answer(w, pollAnswer{body: appendPacket(nil, session.openPacket([]string{string(WebSocket)}))})
}

// newID returns 144 bits that nobody can guess: whoever knows the id of a
// polling session can read and write in its name.
func newID() string {
	var id [18]byte
	_, _ = rand.Read(id[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(id[:])
}

func (s *Server) session(sid string) *Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[sid]
}

// Sessions returns how many sessions there are.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

// full reports whether one more session is too many. It spares the hook a look
// into a store; add decides.
func (s *Server) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed || len(s.sessions) >= s.cfg.MaxSessions
}

func (s *Server) add(session *Session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.sessions) >= s.cfg.MaxSessions {
		return false
	}
	s.sessions[session.id] = session
	return true
}

func (s *Server) remove(session *Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, session.id)
}

// track counts a WebSocket among those that Close waits for.
func (s *Server) track(ws *webSocket) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.sockets[ws] = struct{}{}
	s.running.Add(1)
	return true
}

func (s *Server) untrack(ws *webSocket) {
	s.mu.Lock()
	delete(s.sockets, ws)
	s.mu.Unlock()
	s.running.Done()
}

// Close ends all sessions with [ServerShutdown], refuses new ones, and waits
// until the last goroutine and the last Handler.Closed has ended. What was sent
// is flushed as far as clients read at once. When ctx ends, connections are cut
// and the error of ctx is returned. A handler must not wait for it.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	sessions := make([]*Session, 0, len(s.sessions))
	for _, session := range s.sessions {
		sessions = append(sessions, session)
	}
	s.mu.Unlock()
	for _, session := range sessions {
		session.shutDown()
	}
	ended := make(chan struct{})
	go func() {
		s.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	for ws := range s.sockets {
		ws.conn.cut()
	}
	s.mu.Unlock()
	return ctx.Err()
}
