package socketio

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/liaison-dev/liaison/socketio/engineio"
)

// Server answers the requests of Socket.IO clients.
type Server struct {
	// Fixed after New.
	cfg     Config
	engine  *engineio.Server
	running sync.WaitGroup // goroutines that call handlers

	mu sync.RWMutex
	// Guarded by mu.
	namespaces map[string]*Namespace
}

// New returns a server with the one namespace "/". It opens no listener and
// starts nothing.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, namespaces: map[string]*Namespace{mainNamespace: {name: mainNamespace}}}
	engine := cfg.Engine
	engine.Open = s.open
	if s.engine, err = engineio.New(engine); err != nil {
		return nil, err
	}
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.engine.ServeHTTP(w, r) }

// Sessions returns how many connections there are.
func (s *Server) Sessions() int { return s.engine.Sessions() }

// Close ends all connections with [ServerShutdown], so that clients try again
// elsewhere, and waits until the last handler has returned. When ctx ends, it
// returns the error of ctx. A handler must not wait for it.
func (s *Server) Close(ctx context.Context) error {
	if err := s.engine.Close(ctx); err != nil {
		return err
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
		return ctx.Err()
	}
}

// Of returns the namespace of a name, which begins with a slash, and makes it if
// it is new. Clients are refused by namespaces that do not exist. It panics if
// the name cannot be one: with a comma or a control character, without its slash,
// or longer than 255 bytes.
func (s *Server) Of(name string) *Namespace {
	if !strings.HasPrefix(name, "/") || strings.Contains(name, ",") || strings.ContainsFunc(name, unicode.IsControl) || !utf8.ValidString(name) || len(name) > maxNamespaceBytes {
		panic(fmt.Sprintf("socketio: %q cannot be a namespace", name))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.namespaces[name]
	if n == nil {
		n = &Namespace{name: name}
		s.namespaces[name] = n
	}
	return n
}

func (s *Server) namespace(name string) *Namespace {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.namespaces[name]
}

// Namespace is what clients connect to: one of several over one connection.
type Namespace struct {
	// Fixed.
	name string

	mu sync.RWMutex
	// Guarded by mu.
	onConnect func(*Socket) error
}

// Name returns the name, with its slash.
func (n *Namespace) Name() string { return n.name }

// OnConnect sets who is asked about each client that connects to the namespace,
// in place of whoever was before. There the socket gets its handlers. What is
// emitted there reaches the client after the news that it is connected. With an
// error the client is refused; it gets to read it if it is a [ConnectError].
func (n *Namespace) OnConnect(f func(*Socket) error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.onConnect = f
}

func (n *Namespace) connect(s *Socket) error {
	n.mu.RLock()
	f := n.onConnect
	n.mu.RUnlock()
	if f == nil {
		return nil
	}
	return f(s)
}

// open is called by the engine for each connection.
func (s *Server) open(session *engineio.Session) engineio.Handler {
	return newConnection(s, session)
}
