package liquid_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lxzan/gws"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/internal/authenticator"
	"github.com/liaison-dev/liaison/liquid"
	"github.com/liaison-dev/liaison/membus"
	"github.com/liaison-dev/liaison/passkey"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
	"github.com/liaison-dev/liaison/sqlite"
)

// patience bounds every wait of these tests. It is never what passes the time.
const patience = time.Minute

// androidOrigin is that of the one app that may ask for passkeys here.
const androidOrigin = "android:apk-key-hash:R8xO7rlQWaWL4BlFygptWRb5qcKWdfjzZIaSRit9XVw"

// node is one server with the dialect, which can be stopped and started again on
// the same address with the same data.
type node struct {
	t      testing.TB
	origin protocol.Origin
	path   string
	now    func() time.Time
	limits server.Limits
	events int          // a second; 0 stands for the default
	log    slog.Handler // the test's output, unless it says otherwise

	store   liaison.Store
	turns   *turns // what a test does between two steps of the store; may be nil
	bus     liaison.Bus
	server  *server.Server
	handler *liquid.Handler
	http    *http.Server
	served  chan struct{}
}

type nodeOption func(*node)

func newNode(t testing.TB, options ...nodeOption) *node {
	t.Helper()
	const many = 1 << 30
	n := &node{t: t, path: filepath.Join(t.TempDir(), "liaison.db"), now: time.Now, limits: server.Limits{
		RequestsPerMinute: many, SocketsPerMinute: many, SocketsPerAddress: many, LinksPerAddress: many, Links: many, ChallengesPerAddress: many, Challenges: many, MailboxBytesPerAddress: many, ProofQueue: 1 << 20,
	}}
	for _, option := range options {
		option(n)
	}
	n.start()
	t.Cleanup(n.stop)
	return n
}

// clockStopped is a node for which no time passes, and so gives no allowance back.
func clockStopped(n *node) {
	at := time.Now()
	n.now = func() time.Time { return at }
}

func (n *node) start() {
	n.t.Helper()
	must := func(err error) {
		if err != nil {
			n.t.Helper()
			n.t.Fatalf("start node: %v", err)
		}
	}
	address := "127.0.0.1:0"
	if n.origin != "" {
		address = "127.0.0.1" + n.origin.Host()[strings.IndexByte(n.origin.Host(), ':'):]
	}
	listener, err := net.Listen("tcp", address)
	must(err)
	// A passkey needs a domain, which an address is not.
	n.origin = protocol.Origin("http://localhost:" + strconv.Itoa(listener.Addr().(*net.TCPAddr).Port))
	n.store, err = sqlite.Open(context.Background(), sqlite.Config{Path: n.path})
	must(err)
	if n.turns != nil {
		n.turns.Store, n.store = n.store, n.turns
	}
	n.bus = membus.New().Join()
	accounts := chain.Default()
	party, err := passkey.New(passkey.Config{RPID: "localhost", Origins: []string{string(n.origin), "https://localhost", androidOrigin}})
	must(err)
	log := slog.New(slog.NewTextHandler(n.t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	if n.log != nil {
		log = slog.New(n.log)
	}
	n.server, err = server.New(server.Config{
		Origin: n.origin, Store: n.store, Bus: n.bus, Verifier: accounts, Chains: accounts.Chains(), Now: n.now, Limits: n.limits, Logger: log, Passkeys: party,
	})
	must(err)
	n.handler, err = liquid.New(context.Background(), liquid.Config{
		Server: n.server, Store: n.store, Origin: n.origin, Name: "Example", Chain: protocol.AlgorandMainNet, Passkeys: party, Wallets: accounts, Now: n.now, Logger: log,
		EventsPerSecond: n.events,
	})
	must(err)
	mux := http.NewServeMux()
	for _, path := range liquid.Paths() {
		mux.Handle(path, n.handler)
	}
	mux.Handle("/v1/", n.server)
	mux.Handle("/{$}", liquid.AllowEveryOrigin(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "page") })))
	n.http = &http.Server{Handler: mux}
	served := make(chan struct{})
	n.served = served
	go func() {
		defer close(served)
		n.http.Serve(listener)
	}()
}

// turns is a store that lets a test do something at once after a call, before whoever
// made the call goes on: what another goroutine may do just then. It happens once.
type turns struct {
	liaison.Store
	afterSession, afterSignIn, afterLink atomic.Pointer[func()]
}

func take(next *atomic.Pointer[func()]) {
	if do := next.Swap(nil); do != nil {
		(*do)()
	}
}

func (s *turns) Session(ctx context.Context, id liaison.SessionID) (liaison.Session, error) {
	session, err := s.Store.Session(ctx, id)
	take(&s.afterSession)
	return session, err
}

func (s *turns) Link(ctx context.Context, id protocol.RequestID) (liaison.Link, error) {
	link, err := s.Store.Link(ctx, id)
	take(&s.afterLink)
	return link, err
}

func (s *turns) Commit(ctx context.Context, change liaison.Change) error {
	err := s.Store.Commit(ctx, change)
	if len(change.Accounts) > 0 {
		take(&s.afterSignIn)
	}
	return err
}

func (n *node) stop() {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, err := range []error{n.handler.Close(ctx), n.server.Close(ctx), n.http.Close(), n.bus.Close(), n.store.Close()} {
		if err != nil {
			n.t.Errorf("stop node: %v", err)
		}
	}
	<-n.served
}

func (n *node) restart() {
	n.t.Helper()
	n.stop()
	n.start()
}

// client is one client at the level of the wire.
type client struct {
	t         testing.TB
	node      *node
	userAgent string
	origin    string // what its requests say; empty if it is no browser
	hoards    bool   // keeps every cookie, and shows all of them, the oldest first
	cookies   []string
	socket    *socket
}

func (n *node) newClient() *client {
	return &client{t: n.t, node: n, userAgent: "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0"}
}

// httpClient keeps no connections and follows no redirect.
var httpClient = &http.Client{
	Transport:     &http.Transport{DisableKeepAlives: true},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// reply is the answer to a request.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// header returns what every request of the client carries.
func (c *client) header() http.Header {
	h := http.Header{"User-Agent": {c.userAgent}}
	if c.origin != "" {
		h.Set("Origin", c.origin)
	}
	if len(c.cookies) > 0 {
		h.Set("Cookie", strings.Join(c.cookies, "; "))
	}
	return h
}

// keep takes over a cookie.
func (c *client) keep(h http.Header) {
	for _, line := range h.Values("Set-Cookie") {
		pair, _, _ := strings.Cut(line, ";")
		if c.hoards {
			c.cookies = append(c.cookies, pair)
		} else {
			c.cookies = []string{pair}
		}
	}
}

// call makes a request. A body that is a text is sent as it is.
func (c *client) call(method, path string, body any, edit ...func(http.Header)) reply {
	c.t.Helper()
	var reader io.Reader
	if raw, ok := body.(string); ok {
		reader = strings.NewReader(raw)
	} else if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		reader = bytes.NewReader(data)
	}
	req, err := http.NewRequest(method, string(c.node.origin)+path, reader)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header = c.header()
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, e := range edit {
		e(req.Header)
	}
	res, err := httpClient.Do(req)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	c.keep(res.Header)
	return reply{res.StatusCode, res.Header, data}
}

// want decodes the body of an answer with a status.
func want[T any](t testing.TB, r reply, status int) (v T) {
	t.Helper()
	if r.status != status {
		t.Fatalf("status %d (%s), want %d", r.status, r.body, status)
	}
	if err := json.Unmarshal(r.body, &v); err != nil {
		t.Fatalf("body %s: %v", r.body, err)
	}
	return v
}

// wantBody compares an answer.
func wantBody(t testing.TB, what string, r reply, status int, body string) {
	t.Helper()
	if r.status != status || string(r.body) != body {
		t.Errorf("%s: %d %s, want %d %s", what, r.status, r.body, status, body)
	}
}

// wallet is a client with a key and an authenticator.
type wallet struct {
	*client
	key    *chain.AlgorandKey
	device *authenticator.Device
}

func (n *node) newWallet() *wallet {
	return &wallet{n.newClient(), chain.GenerateAlgorandKey(), &authenticator.Device{Origin: string(n.origin)}}
}

// liquidRequest is the body that the JavaScript client sends.
const liquidRequest = `{"attestationType":"none","authenticatorSelection":{"authenticatorAttachment":"platform","userVerification":"required","requireResidentKey":false},"extensions":{"liquid":true}}`

// challenge asks for one to register with.
func (w *wallet) challenge() []byte {
	w.t.Helper()
	options := want[struct{ Challenge string }](w.t, w.call("POST", "/attestation/request", liquidRequest), 201)
	return decode(w.t, options.Challenge)
}

func decode(t testing.TB, text string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return raw
}

// response returns what a wallet sends to register a passkey. A change edits it
// before it is written.
func (w *wallet) response(challenge []byte, requestID any, changes ...func(map[string]any)) map[string]any {
	w.t.Helper()
	return w.withExtension(w.device.Create("localhost", challenge, []byte(w.key.Address())), challenge, requestID, changes...)
}

func (w *wallet) withExtension(response, challenge []byte, requestID any, changes ...func(map[string]any)) map[string]any {
	w.t.Helper()
	var body map[string]any
	if err := json.Unmarshal(response, &body); err != nil {
		w.t.Fatal(err)
	}
	signature, err := w.key.SignChallenge(challenge)
	if err != nil {
		w.t.Fatalf("sign challenge: %v", err)
	}
	extension := map[string]any{
		"type": "algorand", "address": w.key.Address(), "signature": base64.RawURLEncoding.EncodeToString(signature), "device": "Test device",
	}
	if requestID != nil {
		extension["requestId"] = requestID
	}
	body["clientExtensionResults"] = map[string]any{"liquid": extension}
	for _, change := range changes {
		change(body)
	}
	return body
}

func extensionOf(body map[string]any) map[string]any {
	return body["clientExtensionResults"].(map[string]any)["liquid"].(map[string]any)
}

// attest signs the wallet in with a new passkey, and the site that shows the
// request id, if that is not nil.
func (w *wallet) attest(requestID any) record {
	w.t.Helper()
	return want[record](w.t, w.call("POST", "/attestation/response", w.response(w.challenge(), requestID)), 201)
}

// record is what clients know of an account.
type record struct {
	ID, Wallet  string
	Credentials []struct {
		Device, PublicKey, CredID string
		PrevCounter               int
	}
}

// assertion returns what the wallet sends to sign in with its newest passkey.
func (w *wallet) assertion(requestID any, changes ...func(map[string]any)) map[string]any {
	w.t.Helper()
	id := w.device.Passkeys[len(w.device.Passkeys)-1].ID
	options := want[struct{ Challenge string }](w.t, w.call("POST", "/assertion/request/"+base64.RawURLEncoding.EncodeToString(id), nil), 201)
	var body map[string]any
	if err := json.Unmarshal(w.device.Get("localhost", decode(w.t, options.Challenge), id), &body); err != nil {
		w.t.Fatal(err)
	}
	body["clientExtensionResults"] = map[string]any{}
	if requestID != nil {
		body["clientExtensionResults"] = map[string]any{"liquid": map[string]any{"requestId": requestID}}
	}
	for _, change := range changes {
		change(body)
	}
	return body
}

func (w *wallet) assert(requestID any) record {
	w.t.Helper()
	return want[record](w.t, w.call("POST", "/assertion/response", w.assertion(requestID)), 201)
}

// signedInAs returns the address that the client's session speaks for.
func (c *client) signedInAs() string {
	c.t.Helper()
	view := want[struct {
		User    *record
		Session struct{ Wallet string }
	}](c.t, c.call("GET", "/auth/session", nil), 200)
	if (view.User == nil) != (view.Session.Wallet == "") || view.User != nil && view.User.Wallet != view.Session.Wallet {
		c.t.Fatalf("session and user disagree: %+v", view)
	}
	return view.Session.Wallet
}

// socket is a Socket.IO client over WebSocket.
type socket struct {
	t    testing.TB
	conn *gws.Conn
	read chan struct{} // closed when its reader has ended

	mu     sync.Mutex
	heard  []string // packets that were not expected yet
	closed bool
	news   chan struct{}
	acks   int
}

type socketEvents struct {
	gws.BuiltinEventHandler
	s *socket
}

func (e socketEvents) OnMessage(conn *gws.Conn, message *gws.Message) {
	defer message.Close()
	packet := message.Data.String()
	if packet == "2" {
		conn.WriteString("3")
		return
	}
	e.s.note(func() { e.s.heard = append(e.s.heard, packet) })
}

func (e socketEvents) OnClose(*gws.Conn, error) { e.s.note(func() { e.s.closed = true }) }

func (s *socket) note(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// open opens a socket and connects it.
func (c *client) open() *socket {
	c.t.Helper()
	s := c.handshake()
	c.socket = s
	s.conn.WriteString("40")
	s.expect(func(p string) bool { return strings.HasPrefix(p, `40{"sid"`) })
	return s
}

// handshake opens a socket.
func (c *client) handshake() *socket {
	c.t.Helper()
	s := &socket{t: c.t, news: make(chan struct{}, 1), read: make(chan struct{})}
	conn, res, err := gws.NewClient(socketEvents{s: s}, &gws.ClientOption{
		Addr:          "ws://" + c.node.origin.Host() + "/socket.io/?EIO=4&transport=websocket",
		RequestHeader: c.header(),
	})
	if err != nil {
		c.t.Fatalf("open socket: %v", err)
	}
	c.keep(res.Header)
	s.conn = conn
	go func() {
		defer close(s.read)
		conn.ReadLoop()
	}()
	c.t.Cleanup(s.close)
	s.expect(func(p string) bool { return strings.HasPrefix(p, `0{"sid"`) })
	return s
}

// close ends the connection without a word, as a phone does that falls asleep.
func (s *socket) close() {
	s.conn.NetConn().Close()
	<-s.read
}

// expect waits for a packet and leaves the others for later.
func (s *socket) expect(is func(string) bool) string {
	s.t.Helper()
	deadline := time.After(patience)
	for {
		s.mu.Lock()
		for i, packet := range s.heard {
			if is(packet) {
				s.heard = append(s.heard[:i:i], s.heard[i+1:]...)
				s.mu.Unlock()
				return packet
			}
		}
		heard, closed := fmt.Sprintf("%.300q", s.heard), s.closed
		s.mu.Unlock()
		if closed {
			s.t.Fatalf("socket closed; heard %s", heard)
		}
		select {
		case <-s.news:
		case <-deadline:
			s.t.Fatalf("nothing comes to %p; heard %s", s, heard)
		}
	}
}

// gone waits until the server has closed the socket.
func (s *socket) gone() {
	s.t.Helper()
	select {
	case <-s.read:
	case <-time.After(patience):
		s.t.Fatal("the socket is still open")
	}
}

// emit sends an event. With an ack it returns the number of the acknowledgement.
func (s *socket) emit(ack bool, name string, args ...any) string {
	s.t.Helper()
	data, err := json.Marshal(append([]any{name}, args...))
	if err != nil {
		s.t.Fatal(err)
	}
	number := ""
	if ack {
		number = strconv.Itoa(s.acks)
		s.acks++
	}
	if err := s.conn.WriteString("42" + number + string(data)); err != nil {
		s.t.Fatalf("emit: %v", err)
	}
	return number
}

// event waits for one and returns its one argument.
func (s *socket) event(name string) string {
	s.t.Helper()
	prefix := `42["` + name + `",`
	packet := s.expect(func(p string) bool { return strings.HasPrefix(p, prefix) })
	return strings.TrimSuffix(strings.TrimPrefix(packet, prefix), "]")
}

// linked is the acknowledgement of a link.
type linked struct {
	CredID    string
	RequestID json.RawMessage
	Wallet    string
}

// link asks to hear who signs in with a request id, and returns how to wait for it.
func (s *socket) link(requestID any) (wait func() linked) {
	s.t.Helper()
	number := s.emit(true, "link", map[string]any{"requestId": requestID})
	return func() linked {
		s.t.Helper()
		packet := s.expect(func(p string) bool { return strings.HasPrefix(p, "43"+number+"[") })
		var args []struct{ Data linked }
		if err := json.Unmarshal([]byte(packet[2+len(number):]), &args); err != nil || len(args) != 1 {
			s.t.Fatalf("acknowledgement %s: %v, want one argument", packet, err)
		}
		return args[0].Data
	}
}

// settle waits until the server has handled all that was sent before.
func (s *socket) settle() {
	s.t.Helper()
	s.emit(false, "link")
	s.event("exception")
}

// quiet checks that no such event has come, once all that was sent before has been
// handled by the server.
func (s *socket) quiet(name string) {
	s.t.Helper()
	s.settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, packet := range s.heard {
		if strings.HasPrefix(packet, `42["`+name+`"`) {
			s.t.Errorf("heard %.200s", packet)
		}
	}
}
