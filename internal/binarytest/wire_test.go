package binarytest_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/liaison-dev/liaison/protocol"
)

// wire stands between clients and server, passes everything on as it is, and
// keeps a copy. What goes from server to client is readable there; of the other
// direction that is true of HTTP, but not of WebSocket messages, which clients
// mask: a frame is read on its way out to the other peer.
type wire struct {
	origin protocol.Origin // fixed

	listener net.Listener
	done     sync.WaitGroup

	mu sync.Mutex
	// Guarded by mu.
	server    string // HOST:PORT; fixed once known
	streams   []*bytes.Buffer
	conns     []net.Conn
	addresses []string // of the clients, as the server sees them
}

func newWire(t *testing.T) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{origin: protocol.Origin("http://" + listener.Addr().String()), listener: listener}
	w.done.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			w.done.Go(func() { w.pass(conn) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		w.mu.Lock()
		for _, conn := range w.conns {
			conn.Close()
		}
		w.mu.Unlock()
		w.done.Wait()
	})
	return w
}

// connect says where the server is. It comes before the first client.
func (w *wire) connect(server string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.server = server
}

func (w *wire) pass(client net.Conn) {
	defer client.Close()
	w.mu.Lock()
	server, err := net.Dial("tcp", w.server)
	if err != nil {
		w.mu.Unlock()
		return
	}
	up, down := new(bytes.Buffer), new(bytes.Buffer)
	w.streams = append(w.streams, up, down)
	w.conns = append(w.conns, client, server)
	w.addresses = append(w.addresses, server.LocalAddr().String())
	w.mu.Unlock()
	var upward sync.WaitGroup
	upward.Go(func() {
		_, _ = io.Copy(server, io.TeeReader(client, lockedWriter{&w.mu, func(b []byte) { up.Write(b) }}))
		server.Close()
	})
	_, _ = io.Copy(client, io.TeeReader(server, lockedWriter{&w.mu, func(b []byte) { down.Write(b) }}))
	client.Close()
	upward.Wait()
}

// secretOf finds on the wire what must stay between the parties. The name is for
// the failure.
var secretOf = map[string]*regexp.Regexp{
	"token":      regexp.MustCompile(`(?:liaison=|Bearer |liaison\.bearer\.)([A-Za-z0-9_-]{20,})`),
	"request id": regexp.MustCompile(`"requestId":"([^"]+)"`),
	"nonce":      regexp.MustCompile(`"nonce":"([^"]+)"`),
	"signature":  regexp.MustCompile(`"signature":"([^"]+)"`),
	"frame":      regexp.MustCompile(`"d":"([^"]+)"`),
	"key":        regexp.MustCompile(`"key":"([^"]+)"`),
}

// ofDescription finds what a session description, a candidate or a message of the
// peers would look like in a frame that is not sealed.
var ofDescription = regexp.MustCompile(`a=ice-|a=fingerprint|candidate:|"t":"|"sdp"|"fp"`)

// secrets returns what went over the wire and must stay there: each value with
// a name for it.
func (w *wire) secrets() map[string]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := make(map[string]string)
	for _, address := range w.addresses {
		found[address] = "address of a client"
	}
	for _, stream := range w.streams {
		collect(found, secretOf, stream.String())
	}
	return found
}

// unsealed returns the frames that something can be read in.
func (w *wire) unsealed() (frames []string) {
	for value, name := range w.secrets() {
		data, err := base64.RawURLEncoding.DecodeString(value)
		if name == "frame" && err == nil && ofDescription.Match(data) {
			frames = append(frames, value)
		}
	}
	return frames
}

func collect(found map[string]string, patterns map[string]*regexp.Regexp, text string) {
	for name, pattern := range patterns {
		for _, match := range pattern.FindAllStringSubmatch(text, -1) {
			found[match[1]] = name
		}
	}
}

// checkNever fails if a text went over the wire.
func (w *wire) checkNever(t *testing.T, texts ...string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, stream := range w.streams {
		for _, text := range texts {
			if strings.Contains(stream.String(), text) {
				t.Errorf("the secret of the link went over the wire: %s", stream)
			}
		}
	}
}
