package liaisontest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/liquid"
	"github.com/liaison-dev/liaison/membus"
	"github.com/liaison-dev/liaison/passkey"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
	"github.com/liaison-dev/liaison/sqlite"
)

// stopTimeout bounds how long a server may take to end its goroutines.
const stopTimeout = 10 * time.Second

// Server is one node: a listener, the handler behind it, and its store.
type Server struct {
	// Origin is where the node listens.
	Origin protocol.Origin
	// Store keeps what the node keeps.
	Store liaison.Store

	t        testing.TB
	config   server.Config
	liquid   bool // it serves the dialect
	dialect  *liquid.Handler
	path     string // of the data file; empty if the store is shared
	listener net.Listener
	handler  *server.Server
	http     *http.Server
	served   chan struct{}
}

// Option changes the configuration of a server before it starts.
type Option func(*server.Config)

// Unlimited lifts the limits that one address would reach in a test that plays
// many clients.
func Unlimited(cfg *server.Config) {
	const many = 1 << 30
	cfg.Limits = server.Limits{
		RequestsPerMinute: many, SocketsPerMinute: many, SocketsPerAddress: many,
		LinksPerAddress: many, Links: many, ChallengesPerAddress: many, Challenges: many, MessagesPerSecond: many, ProofQueue: 1 << 20,
		MailboxBytesPerAddress: many,
	}
}

// NewServer starts a server with a data file of its own. It accepts the chains
// of chain.Default.
func NewServer(t testing.TB, options ...Option) *Server {
	t.Helper()
	s := &Server{t: t, path: filepath.Join(t.TempDir(), "liaison.db")}
	s.listen("")
	s.configure(s.Origin, join(t, membus.New()), options)
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// NewLiquidServer is [NewServer] with the dialect of Liquid Auth beside the native
// protocol. Its origin is a name, since a passkey needs one.
func NewLiquidServer(t testing.TB, options ...Option) *Server {
	t.Helper()
	s := &Server{t: t, path: filepath.Join(t.TempDir(), "liaison.db"), liquid: true}
	s.listen("")
	s.configure(s.Origin, join(t, membus.New()), options)
	s.Start()
	t.Cleanup(s.Stop)
	return s
}

// NewNodes starts n nodes of one service: one store, one bus, one public origin,
// which is that of the first node.
func NewNodes(t testing.TB, n int, options ...Option) []*Server {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "liaison.db")})
	if err != nil {
		t.Fatalf("open store: %v", err)
	}
	t.Cleanup(func() { store.Close() })
	bus := membus.New()
	nodes := make([]*Server, n)
	for i := range nodes {
		s := &Server{t: t, Store: store}
		s.listen("")
		s.configure(s.Origin, join(t, bus), options)
		s.config.Origin = s.Origin
		if i > 0 {
			s.config.Origin = nodes[0].Origin
		}
		s.config.Store = store
		s.Start()
		t.Cleanup(s.Stop)
		nodes[i] = s
	}
	return nodes
}

// join returns a node's end of the bus, which is closed after the node.
func join(t testing.TB, bus *membus.Switch) liaison.Bus {
	end := bus.Join()
	t.Cleanup(func() {
		if err := end.Close(); err != nil {
			t.Errorf("leave bus: %v", err)
		}
	})
	return end
}

func (s *Server) configure(origin protocol.Origin, bus liaison.Bus, options []Option) {
	verifier := chain.Default()
	s.config = server.Config{Origin: origin, Bus: bus, Verifier: verifier, Chains: verifier.Chains(), SiteName: "Example"}
	for _, option := range options {
		option(&s.config)
	}
}

func (s *Server) listen(address string) {
	s.t.Helper()
	if address == "" {
		address = "127.0.0.1:0"
	}
	var err error
	if s.listener, err = net.Listen("tcp", address); err != nil {
		s.t.Fatalf("listen: %v", err)
	}
	s.Origin = protocol.Origin("http://" + s.listener.Addr().String())
	if s.liquid {
		s.Origin = protocol.Origin("http://localhost:" + strconv.Itoa(s.listener.Addr().(*net.TCPAddr).Port))
	}
}

// Start starts the server after [Server.Stop], on the same port and data.
func (s *Server) Start() {
	s.t.Helper()
	if s.listener == nil {
		s.listen(strings.Replace(s.Origin.Host(), "localhost", "127.0.0.1", 1))
	}
	if s.path != "" {
		store, err := sqlite.Open(s.t.Context(), sqlite.Config{Path: s.path})
		if err != nil {
			s.t.Fatalf("open store: %v", err)
		}
		s.Store, s.config.Store = store, store
	}
	var err error
	if s.handler, err = server.New(s.config); err != nil {
		s.t.Fatalf("new server: %v", err)
	}
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 5 * time.Second}
	s.served = make(chan struct{})
	go func() {
		defer close(s.served)
		if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			s.t.Errorf("serve: %v", err)
		}
	}()
}

// routes puts the dialect beside the server, if it is served.
func (s *Server) routes() http.Handler {
	s.t.Helper()
	if !s.liquid {
		return s.handler
	}
	party, err := passkey.New(passkey.Config{RPID: s.config.Origin.Hostname(), Origins: []string{string(s.config.Origin)}})
	if err != nil {
		s.t.Fatalf("new relying party: %v", err)
	}
	s.dialect, err = liquid.New(s.t.Context(), liquid.Config{
		Server: s.handler, Store: s.Store, Origin: s.config.Origin, Name: s.config.SiteName,
		Chain: protocol.AlgorandMainNet, Passkeys: party, Wallets: chain.Default(),
	})
	if err != nil {
		s.t.Fatalf("new dialect: %v", err)
	}
	mux := http.NewServeMux()
	for _, path := range liquid.Paths() {
		mux.Handle(path, s.dialect)
	}
	mux.Handle("/", s.handler)
	return mux
}

// Stop ends the server as an operator would: sockets are told, the data file is
// closed. It does nothing to a server that is stopped.
func (s *Server) Stop() {
	s.t.Helper()
	if s.listener == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	s.http.Close()
	<-s.served
	s.listener = nil
	if s.dialect != nil {
		if err := s.dialect.Close(ctx); err != nil {
			s.t.Errorf("dialect did not end all of its goroutines: %v", err)
		}
	}
	if err := s.handler.Close(ctx); err != nil {
		s.t.Errorf("server did not end all of its goroutines: %v", err)
	}
	if s.path != "" {
		if err := s.Store.Close(); err != nil {
			s.t.Errorf("close store: %v", err)
		}
	}
}

// Handler returns the server itself.
func (s *Server) Handler() *server.Server { return s.handler }
