package liaisontest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// Hostile is a server that must not be trusted: a real one behind a front that
// reads, drops, changes and makes up whatever it likes. All clients go through
// the front, which is where they find the server and what the server takes for
// its own origin.
//
// A test of an SDK lets its two ends meet over [Hostile.Origin], sets the hooks
// that make the attack, and asks for one of two outcomes: both ends have the
// channel, or both have an error, within the time that they were given. What
// they said to each other the server must not have seen ([Hostile.Saw]).
//
//	h := liaisontest.NewHostile(t)
//	h.OnFrame(func(to protocol.Side, f protocol.Frame) []protocol.Frame {
//		if to == protocol.SiteSide && f.N == 2 {
//			return nil // never arrives
//		}
//		return []protocol.Frame{f}
//	})
//
// Without a hook the front changes nothing. A hook takes the place of the one
// of its kind that was set before, and counts for everything that passes from
// then on. Those of what the server says are called one at a time. All methods
// may be called concurrently, hooks included.
type Hostile struct {
	// Origin is where clients find the server.
	Origin protocol.Origin
	// Server is the honest server behind the front.
	Server *Server

	proxy   *httputil.ReverseProxy
	hooking sync.Mutex     // held while a hook of what the server says is called
	relays  sync.WaitGroup // sockets that are open

	mu sync.Mutex
	// Guarded by mu.
	hooks   hooks
	seen    [][]byte
	sockets map[*relay]struct{}
	waiting [2][]injection // for sides that are not there yet
	over    bool           // nobody is let in any more
}

// hooks are what a test has the front do; each may be nil.
type hooks struct {
	call      func(http.ResponseWriter, *http.Request) bool
	frame     func(protocol.Side, protocol.Frame) []protocol.Frame
	link      func(protocol.ServerMessage) []protocol.ServerMessage
	message   func(protocol.Side, protocol.ServerMessage) []protocol.ServerMessage
	challenge func(*protocol.Challenge)
	joined    func(*protocol.Joined)
	network   func(*protocol.NetworkView)
}

// NewHostile starts a server, without limits unless an option sets them, and the
// front before it. Everything ends with the test.
func NewHostile(t testing.TB, options ...Option) *Hostile {
	t.Helper()
	h := &Hostile{sockets: make(map[*relay]struct{})}
	front := httptest.NewUnstartedServer(h)
	h.Origin = protocol.Origin("http://" + front.Listener.Addr().String())
	options = slices.Concat([]Option{Unlimited}, options, []Option{func(cfg *server.Config) { cfg.Origin = h.Origin }})
	h.Server = NewServer(t, options...)
	target, err := url.Parse(string(h.Server.Origin))
	if err != nil {
		t.Fatalf("parse origin: %v", err)
	}
	quiet := log.New(io.Discard, "", 0) // connections end as the test wants
	h.proxy = &httputil.ReverseProxy{
		Transport: &http.Transport{DisableKeepAlives: true},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		},
		ModifyResponse: h.answer,
		ErrorHandler:   func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
		ErrorLog:       quiet,
	}
	front.Config.ErrorLog = quiet
	front.Start()
	t.Cleanup(func() {
		h.end()
		front.Close()
	})
	return h
}

// OnFrame has every frame on its way to a side replaced: by itself, by nothing,
// by others, in whatever number. It is called for a frame that comes with the
// claim, too, and again for one that a side asks for again. The first of what it
// returns for a frame with the claim goes with the claim, if there is one.
func (h *Hostile) OnFrame(hook func(to protocol.Side, f protocol.Frame) []protocol.Frame) {
	h.set(func(hooks *hooks) { hooks.frame = hook })
}

// OnLink has what the site is told of a claim replaced, after [Hostile.OnFrame]
// saw the frame in it.
func (h *Hostile) OnLink(hook func(m protocol.ServerMessage) []protocol.ServerMessage) {
	h.set(func(hooks *hooks) { hooks.link = hook })
}

// OnMessage has every message over the WebSocket replaced, after all other
// hooks. What [Hostile.Inject] says does not pass it.
func (h *Hostile) OnMessage(hook func(to protocol.Side, m protocol.ServerMessage) []protocol.ServerMessage) {
	h.set(func(hooks *hooks) { hooks.message = hook })
}

// OnChallenge changes what a site gets when it opens a link.
func (h *Hostile) OnChallenge(hook func(*protocol.Challenge)) {
	h.set(func(hooks *hooks) { hooks.challenge = hook })
}

// OnJoined changes what a wallet gets when it joins: which page opened the link,
// until when, the servers for ICE.
func (h *Hostile) OnJoined(hook func(*protocol.Joined)) {
	h.set(func(hooks *hooks) { hooks.joined = hook })
}

// OnNetwork changes the verdict on the two networks.
func (h *Hostile) OnNetwork(hook func(*protocol.NetworkView)) {
	h.set(func(hooks *hooks) { hooks.network = hook })
}

// OnCall sees every request before the server does, WebSocket handshakes
// included, and reports whether it has answered it. It is called for several
// requests at a time and may take as long as it likes.
func (h *Hostile) OnCall(hook func(w http.ResponseWriter, r *http.Request) bool) {
	h.set(func(hooks *hooks) { hooks.call = hook })
}

func (h *Hostile) set(change func(*hooks)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change(&h.hooks)
}

func (h *Hostile) current() hooks {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hooks
}

// Inject says something to one side of the link that the message names; without
// a name, of every link. A side that is not there yet hears it as soon as it is.
func (h *Hostile) Inject(to protocol.Side, m protocol.ServerMessage) {
	h.inject(to, injection{message: m})
}

// InjectText is [Hostile.Inject] for any text, of any length.
func (h *Hostile) InjectText(to protocol.Side, text string) {
	h.inject(to, injection{frame: appendFrame(nil, opText, []byte(text))})
}

// InjectBytes is [Hostile.Inject] below the WebSocket: any bytes, in place of a
// frame of RFC 6455.
func (h *Hostile) InjectBytes(to protocol.Side, raw []byte) {
	h.inject(to, injection{frame: raw})
}

// Cut breaks the connections of a side without a word. It may come back.
func (h *Hostile) Cut(side protocol.Side) {
	h.cut(func(r *relay) bool { return r.serves(side, "") })
}

// Shut has the WebSocket of a side closed with a status code; one that is not
// there yet is closed as soon as it is.
func (h *Hostile) Shut(side protocol.Side, code int) {
	h.InjectBytes(side, appendFrame(nil, opClose, []byte{byte(code >> 8), byte(code)}))
}

// end lets nobody in any more and waits for the sockets that are open.
func (h *Hostile) end() {
	h.mu.Lock()
	h.over = true
	h.mu.Unlock()
	h.cut(func(*relay) bool { return true })
	h.relays.Wait()
}

func (h *Hostile) cut(which func(*relay) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for r := range h.sockets {
		if which(r) {
			r.client.Close()
		}
	}
}

// Seen returns all that passed the front, in the order in which it came: whole
// requests, bodies of answers, messages of either direction, as they were before
// any hook changed them.
func (h *Hostile) Seen() [][]byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.seen)
}

// Saw reports whether the server could have read a text, in what passed or in
// what it stores: as it stands, or in base64.
func (h *Hostile) Saw(text string) bool {
	for _, data := range append(h.Seen(), h.stored()...) {
		if contains(data, text, 2) {
			return true
		}
	}
	return false
}

// stored returns the files in which the server keeps its data.
func (h *Hostile) stored() (files [][]byte) {
	for _, suffix := range []string{"", "-wal"} {
		if data, err := os.ReadFile(h.Server.path + suffix); err == nil {
			files = append(files, data)
		}
	}
	return files
}

// contains searches data, and what is base64 in it, and so on.
func contains(data []byte, text string, depth int) bool {
	if bytes.Contains(data, []byte(text)) {
		return true
	}
	if depth == 0 {
		return false
	}
	for word := range strings.FieldsFuncSeq(plusSlash.Replace(string(data)), notBase64) {
		decoded, _ := base64.RawURLEncoding.DecodeString(word) // what comes before an error counts, too
		if contains(decoded, text, depth-1) {
			return true
		}
	}
	return false
}

// plusSlash turns base64 into base64url.
var plusSlash = strings.NewReplacer("+", "-", "/", "_")

func notBase64(c rune) bool {
	return !('A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_')
}

func (h *Hostile) see(data []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen = append(h.seen, data)
}

// maxCall bounds what the front takes of one request.
const maxCall = 1 << 20

// ServeHTTP is the front itself.
func (h *Hostile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxCall))
	if err != nil {
		return // the client hung up
	}
	again := func() { r.Body = io.NopCloser(bytes.NewReader(body)) }
	again()
	if dump, err := httputil.DumpRequest(r, true); err == nil {
		h.see(dump)
	}
	again()
	if hook := h.current().call; hook != nil && hook(w, r) {
		return
	}
	again()
	if r.URL.Path == protocol.PathSocket && r.Header.Get("Upgrade") != "" {
		h.relay(w, r)
		return
	}
	h.proxy.ServeHTTP(w, r)
}

// answer passes an answer of the server on, with the lies that the test wants.
func (h *Hostile) answer(response *http.Response) error {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	response.Body.Close()
	h.see(body)
	if response.StatusCode == http.StatusOK {
		if body, err = h.lie(response.Request.URL.Path, body); err != nil {
			return err
		}
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	response.ContentLength = int64(len(body))
	response.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
}

func (h *Hostile) lie(path string, body []byte) ([]byte, error) {
	h.hooking.Lock()
	defer h.hooking.Unlock()
	hooks := h.current()
	switch {
	case path == protocol.PathChallenge:
		return retell(body, hooks.challenge)
	case strings.HasSuffix(path, "/join"):
		return retell(body, hooks.joined)
	case strings.HasSuffix(path, "/network"):
		return retell(body, hooks.network)
	}
	return body, nil
}

// retell has a hook change an answer.
func retell[T any](body []byte, hook func(*T)) ([]byte, error) {
	if hook == nil {
		return body, nil
	}
	var answer T
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	hook(&answer)
	return json.Marshal(answer)
}
