package websocket

import (
	"context"
	"net/http"
	"sync"

	"github.com/coder/websocket"
	gorilla "github.com/gorilla/websocket"
	"github.com/lxzan/gws"
)

// Library makes the one handler that is measured: it upgrades a request and
// sends every message to the socket with the same "pair" in its query, or back
// where it came from if there is no such query.
type Library struct {
	Name    string
	Handler func(*Relay) http.Handler
}

// Libraries returns what is compared: each library with its defaults and with
// the settings that make it smallest.
func Libraries() []Library {
	return []Library{
		{"gws", gwsHandler(gwsSettings{inGoroutine: true})},
		{"gws/in-handler", gwsHandler(gwsSettings{})},
		{"gws/buffer=512,lean", gwsHandler(gwsSettings{buffer: 512, inGoroutine: true, lean: true})},
		{"gws/buffer=256,lean", gwsHandler(gwsSettings{buffer: 256, inGoroutine: true, lean: true})},
		{"coder", coderHandler(false)},
		{"coder/in-goroutine", coderHandler(true)},
		{"gorilla", gorillaHandler(0, false)},
		{"gorilla/buffer=512,pool", gorillaHandler(512, true)},
	}
}

// Relay knows the other socket of each pair. All methods may be called
// concurrently.
type Relay struct {
	mu      sync.Mutex
	waiting map[string]*Peer
}

// NewRelay returns an empty relay.
func NewRelay() *Relay { return &Relay{waiting: make(map[string]*Peer)} }

// Peer is one socket: Send writes a message to it.
type Peer struct {
	Send  func([]byte) error
	other *Peer
	ready chan struct{}
}

// Join pairs the socket with the one that asked for the same pair, now or
// later.
func (r *Relay) Join(pair string, send func([]byte) error) *Peer {
	p := &Peer{Send: send}
	if pair == "" {
		p.other = p
		return p
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if first := r.waiting[pair]; first != nil {
		delete(r.waiting, pair)
		p.other, first.other = first, p
		close(first.ready)
		return p
	}
	p.ready = make(chan struct{})
	r.waiting[pair] = p
	return p
}

// Pass hands a message to the other socket.
func (p *Peer) Pass(message []byte) error {
	if p.ready != nil {
		<-p.ready
	}
	return p.other.Send(message)
}

type gwsSettings struct {
	buffer      int  // bytes of the read buffer; 0 is the library's default
	inGoroutine bool // read in a goroutine of its own, so that the handler returns
	lean        bool // no session map, a read queue of one
}

type gwsEvents struct{ gws.BuiltinEventHandler }

func (gwsEvents) OnMessage(socket *gws.Conn, message *gws.Message) {
	defer message.Close()
	peer, _ := socket.Session().Load("peer")
	peer.(*Peer).Pass(message.Bytes())
}

// oneSession holds the one value that a socket needs.
type oneSession struct{ value any }

func (s *oneSession) Len() int                                   { return 1 }
func (s *oneSession) Load(string) (any, bool)                    { return s.value, true }
func (s *oneSession) Delete(string)                              { s.value = nil }
func (s *oneSession) Store(_ string, value any)                  { s.value = value }
func (s *oneSession) Range(visit func(key string, val any) bool) { visit("peer", s.value) }

func gwsHandler(set gwsSettings) func(*Relay) http.Handler {
	return func(relay *Relay) http.Handler {
		option := &gws.ServerOption{ReadBufferSize: set.buffer}
		if set.lean {
			option.ParallelGolimit = 1
			option.NewSession = func() gws.SessionStorage { return new(oneSession) }
		}
		upgrader := gws.NewUpgrader(gwsEvents{}, option)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			pair := r.URL.Query().Get("pair")
			socket, err := upgrader.Upgrade(w, r)
			if err != nil {
				return
			}
			peer := relay.Join(pair, func(m []byte) error { return socket.WriteMessage(gws.OpcodeText, m) })
			socket.Session().Store("peer", peer)
			if set.inGoroutine {
				go readLoop(socket)
				return
			}
			readLoop(socket)
		})
	}
}

func readLoop(socket *gws.Conn) {
	defer survive(socket)
	socket.ReadLoop()
}

// survive ends one socket instead of the process: gws v1.8.9 takes a 64-bit
// length with its top bit set for a negative number, and panics outside of what
// its own Recovery option covers.
func survive(socket *gws.Conn) {
	recover()
	socket.NetConn().Close()
}

func coderHandler(inGoroutine bool) func(*Relay) http.Handler {
	return func(relay *Relay) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			pair := r.URL.Query().Get("pair")
			socket, err := websocket.Accept(w, r, nil)
			if err != nil {
				return
			}
			ctx := context.Background()
			peer := relay.Join(pair, func(m []byte) error { return socket.Write(ctx, websocket.MessageText, m) })
			read := func() {
				defer socket.CloseNow()
				for {
					_, message, err := socket.Read(ctx)
					if err != nil || peer.Pass(message) != nil {
						return
					}
				}
			}
			if inGoroutine {
				go read()
				return
			}
			read()
		})
	}
}

func gorillaHandler(readBuffer int, lean bool) func(*Relay) http.Handler {
	return func(relay *Relay) http.Handler {
		upgrader := gorilla.Upgrader{ReadBufferSize: readBuffer}
		if lean {
			upgrader.WriteBufferPool = new(sync.Pool)
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			pair := r.URL.Query().Get("pair")
			socket, err := upgrader.Upgrade(w, r, nil)
			if err != nil {
				return
			}
			peer := relay.Join(pair, func(m []byte) error { return socket.WriteMessage(gorilla.TextMessage, m) })
			read := func() {
				defer socket.Close()
				for {
					_, message, err := socket.ReadMessage()
					if err != nil || peer.Pass(message) != nil {
						return
					}
				}
			}
			if lean {
				go read()
				return
			}
			read()
		})
	}
}
