//go:build unix

package loadtest_test

import (
	"context"
	"io"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/lxzan/gws"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/membus"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
	"github.com/liaison-dev/liaison/sqlite"
)

// newHandler returns what a server's process serves, and how to end it.
func newHandler(role, address, folder string) (handler http.Handler, stop func()) {
	if role == bareRole {
		return newBare(), func() {}
	}
	store, err := sqlite.Open(context.Background(), sqlite.Config{Path: filepath.Join(folder, "liaison.db")})
	if err != nil {
		panic(err)
	}
	bus, verifier := membus.New().Join(), chain.Default()
	const many = 1 << 30 // all clients have one address here
	srv, err := server.New(server.Config{
		Origin: protocol.Origin("http://" + address), Store: store, Bus: bus, Verifier: verifier, Chains: verifier.Chains(),
		Limits: server.Limits{
			RequestsPerMinute: many, SocketsPerMinute: many, SocketsPerAddress: many, LinksPerAddress: many,
			Links: many, MessagesPerSecond: many, ProofQueue: 1 << 20, MailboxBytesPerAddress: many,
		},
	})
	if err != nil {
		panic(err)
	}
	return srv, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		srv.Close(ctx)
		bus.Close()
		store.Close()
	}
}

// bare reads every body and answers as many bytes as a header asks for, and
// relays between the two WebSockets that name the same pair, or answers a
// message that came from a socket without a pair with itself.
type bare struct {
	upgrader *gws.Upgrader
	mu       sync.Mutex
	waiting  map[string]*bareSocket
}

// Headers of a request to the bare server.
const (
	pairHeader   = "X-Pair"   // whom to pair a socket with
	answerHeader = "X-Answer" // name of an answer in bareAnswers
)

func newBare() *bare {
	return &bare{
		waiting: make(map[string]*bareSocket),
		upgrader: gws.NewUpgrader(bareEvents{}, &gws.ServerOption{
			ReadBufferSize: 512, ParallelGolimit: 1, CheckUtf8Enabled: true, SubProtocols: []string{protocol.Subprotocol},
			NewSession: func() gws.SessionStorage { return new(bareSocket) },
		}),
	}
}

func (s *bare) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") == "" {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Write(bareAnswers[r.Header.Get(answerHeader)])
		return
	}
	pair := r.Header.Get(pairHeader)
	conn, err := s.upgrader.Upgrade(w, r)
	if err != nil {
		return
	}
	socket := conn.Session().(*bareSocket)
	socket.conn, socket.other = conn, conn
	if pair != "" {
		s.join(pair, socket)
	}
	go socket.read()
}

func (s *bare) join(pair string, socket *bareSocket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if first := s.waiting[pair]; first != nil {
		socket.other, first.other = first.conn, socket.conn
		delete(s.waiting, pair)
		return
	}
	s.waiting[pair] = socket
}

// bareSocket is a socket and whom its messages are for.
type bareSocket struct{ conn, other *gws.Conn }

func (s *bareSocket) Len() int                     { return 1 }
func (s *bareSocket) Load(string) (any, bool)      { return s, true }
func (s *bareSocket) Delete(string)                {}
func (s *bareSocket) Store(string, any)            {}
func (s *bareSocket) Range(func(string, any) bool) {}

func (s *bareSocket) read() {
	defer func() {
		recover() // as in package server
		s.conn.NetConn().Close()
	}()
	s.conn.ReadLoop()
}

type bareEvents struct{ gws.BuiltinEventHandler }

func (bareEvents) OnMessage(conn *gws.Conn, message *gws.Message) {
	defer message.Close()
	conn.Session().(*bareSocket).other.WriteMessage(gws.OpcodeText, message.Bytes())
}
