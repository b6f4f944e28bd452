package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lxzan/gws"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
)

// patience bounds every wait of these tests. It is never what passes the time.
const patience = time.Minute

// httpClient keeps no connections, so that none outlives its test.
var httpClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// peer is one client at the level of the wire: it has a session and may have a
// WebSocket, and does nothing by itself.
type peer struct {
	t      testing.TB
	server protocol.Origin
	token  string
	socket *testSocket
}

func newPeer(t testing.TB, srv *liaisontest.Server) *peer {
	return &peer{t: t, server: srv.Origin}
}

// reply is the answer to a REST call.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// call makes a REST call with the peer's session and takes over a new token.
func (p *peer) call(method, path string, body any, edit ...func(*http.Request)) reply {
	p.t.Helper()
	got, err := p.tryCall(method, path, body, edit...)
	if err != nil {
		p.t.Fatalf("%s %s: %v", method, path, err)
	}
	return got
}

func (p *peer) tryCall(method, path string, body any, edit ...func(*http.Request)) (reply, error) {
	var reader io.Reader
	if raw, ok := body.(string); ok {
		reader = strings.NewReader(raw)
	} else if body != nil {
		data, _ := json.Marshal(body)
		reader = bytes.NewReader(data)
	}
	req, err := http.NewRequest(method, string(p.server)+path, reader)
	if err != nil {
		return reply{}, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	for _, e := range edit {
		e(req)
	}
	res, err := httpClient.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	for _, c := range res.Cookies() {
		p.token = c.Value
	}
	return reply{res.StatusCode, res.Header, data}, err
}

// want decodes the body of a 2xx answer.
func want[T any](t testing.TB, r reply) T {
	t.Helper()
	var v T
	if r.status/100 != 2 {
		t.Fatalf("status = %d (%s), want 2xx", r.status, r.body)
	}
	if len(r.body) > 0 {
		if err := json.Unmarshal(r.body, &v); err != nil {
			t.Fatalf("body %s: %v", r.body, err)
		}
	}
	return v
}

// wantProblem checks that an answer is a problem document with the code.
func wantProblem(t testing.TB, r reply, code protocol.Code) {
	t.Helper()
	var p protocol.Problem
	if err := json.Unmarshal(r.body, &p); err != nil {
		t.Fatalf("status %d, body %q is no problem document: %v", r.status, r.body, err)
	}
	if p.Code != code || r.status != code.Info().Status || p.Status != r.status {
		t.Fatalf("got status %d, code %s (%s); want status %d, code %s", r.status, p.Code, p.Detail, code.Info().Status, code)
	}
	if got := r.header.Get("Content-Type"); got != protocol.ProblemType {
		t.Fatalf("Content-Type = %q, want %q", got, protocol.ProblemType)
	}
	if p.Instance == "" || p.Instance != r.header.Get("X-Request-Id") {
		t.Fatalf("instance = %q, want the request's id %q", p.Instance, r.header.Get("X-Request-Id"))
	}
}

func (p *peer) challenge() protocol.Challenge {
	p.t.Helper()
	return want[protocol.Challenge](p.t, p.call("GET", protocol.PathChallenge, nil))
}

func linkPath(id protocol.RequestID, rest string) string {
	return protocol.PathLinks + string(id) + rest
}

// The messages of the handshake and the answer, as the server sees them: it does
// not look into them.
var (
	hello   = frame(0, "hello")
	welcome = frame(0, "welcome")
	answer  = frame(1, "answer")
)

// join takes the place for a wallet, which gets its session by that.
func (p *peer) join(id protocol.RequestID) protocol.Joined {
	p.t.Helper()
	return want[protocol.Joined](p.t, p.call("POST", linkPath(id, "/join"), newJoin()))
}

func newJoin() protocol.Join { return protocol.Join{Frame: hello, Key: protocol.NewNonce()} }

// channelOf is the channel id of the one handshake on a link.
func channelOf(id protocol.RequestID) protocol.ChannelID {
	hash := sha256.Sum256([]byte(id))
	return protocol.ChannelID("l1." + base64.RawURLEncoding.EncodeToString(hash[:]))
}

// welcomeTo is the site's message of the handshake, with the channel id.
func welcomeTo(id protocol.RequestID) protocol.Offer {
	return protocol.Offer{N: welcome.N, D: welcome.D, Channel: channelOf(id)}
}

// testKey is a wallet's key that is the same in each run.
func testKey(t testing.TB, n byte) *chain.AlgorandKey {
	t.Helper()
	key, err := chain.NewAlgorandKey(bytes.Repeat([]byte{n}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// signed returns a claim of a link by a key.
func signed(t testing.TB, key *chain.AlgorandKey, signIn protocol.SignInRequest, id protocol.RequestID) protocol.Claim {
	t.Helper()
	return signedOn(t, key, signIn, channelOf(id))
}

func signedOn(t testing.TB, key *chain.AlgorandKey, signIn protocol.SignInRequest, channel protocol.ChannelID) protocol.Claim {
	t.Helper()
	text, err := signIn.For(key.Chain(), key.Address(), channel).Text()
	if err != nil {
		t.Fatalf("sign-in text: %v", err)
	}
	proof, err := key.Sign(t.Context(), text)
	if err != nil {
		t.Fatalf("sign: %v", err)
	}
	return protocol.Claim{Nonce: signIn.Nonce, Proof: proof, Answer: answer, Key: protocol.NewNonce()}
}

// frame returns frame n with some text as its payload.
func frame(n int, text string) protocol.Frame {
	return protocol.Frame{N: uint64(n), D: base64.RawURLEncoding.EncodeToString([]byte(text))}
}

// pair is a link with both of its ends.
type pair struct {
	site, wallet *peer
	id           protocol.RequestID
	signIn       protocol.SignInRequest
	key          *chain.AlgorandKey
	address      string // the key's
}

// opened opens a link; nobody has joined it.
func opened(t testing.TB, srv *liaisontest.Server, key *chain.AlgorandKey) pair {
	t.Helper()
	p := pair{site: newPeer(t, srv), wallet: newPeer(t, srv), key: key, address: key.Address()}
	c := p.site.challenge()
	p.id, p.signIn = c.RequestID, c.SignIn
	return p
}

// greeted opens a link and lets both ends shake hands; the person at the wallet
// has not answered.
func greeted(t testing.TB, srv *liaisontest.Server, key *chain.AlgorandKey) pair {
	t.Helper()
	p := opened(t, srv, key)
	p.greet()
	return p
}

// greet lets both ends shake hands.
func (p pair) greet() {
	p.site.t.Helper()
	p.wallet.join(p.id)
	p.welcome()
}

// welcome sends the site's part of the handshake.
func (p pair) welcome() {
	p.site.t.Helper()
	want[any](p.site.t, p.site.call("POST", linkPath(p.id, "/offer"), welcomeTo(p.id)))
}

// claim returns the claim that the wallet would post now.
func (p pair) claim() protocol.Claim {
	p.site.t.Helper()
	return signed(p.site.t, p.key, p.signIn, p.id)
}

// post posts a claim.
func (p pair) post(claim protocol.Claim) reply {
	p.site.t.Helper()
	return p.wallet.call("POST", linkPath(p.id, ""), claim)
}

// collect exchanges the site's retired token.
func (p pair) collect() protocol.SessionView {
	p.site.t.Helper()
	return want[protocol.SessionView](p.site.t, p.site.call("POST", protocol.PathSession, protocol.NewCollection(p.id)))
}

// newPair opens a link, and claims it with the key. Either end has sent frames 0
// and 1.
func newPair(t testing.TB, srv *liaisontest.Server, key *chain.AlgorandKey) pair {
	t.Helper()
	p := greeted(t, srv, key)
	want[protocol.SessionView](t, p.post(p.claim()))
	p.collect()
	want[any](t, p.site.call("POST", linkPath(p.id, "/offer"), frame(1, "candidate")))
	return p
}

// first is the number of the first frame that an end of a pair has not sent yet.
const first = 2

// subscribe attaches both ends to the frames for them; they have got those that
// either has sent.
func (p pair) subscribe() {
	p.site.dial().subscribe(protocol.AnswerTopic(p.address), p.id, first)
	p.wallet.dial().subscribe(protocol.OfferTopic(p.address), p.id, first)
}

// testSocket is a WebSocket that collects what it gets.
type testSocket struct {
	t        testing.TB
	conn     *gws.Conn
	selected string // subprotocol

	mu       sync.Mutex
	messages []protocol.ServerMessage // not taken yet
	closed   *gws.CloseError
	ended    bool
	news     chan struct{} // has a token when something arrived
}

type testSocketEvents struct {
	gws.BuiltinEventHandler
	s *testSocket
}

func (e testSocketEvents) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close()
	msg, err := protocol.ParseServerMessage(m.Bytes())
	if err != nil {
		e.s.t.Errorf("server sent %q: %v", m.Bytes(), err)
	}
	e.s.mu.Lock()
	e.s.messages = append(e.s.messages, msg)
	e.s.mu.Unlock()
	e.s.wake()
}

func (e testSocketEvents) OnPing(conn *gws.Conn, payload []byte) { conn.WritePong(payload) }

func (e testSocketEvents) OnClose(_ *gws.Conn, err error) {
	e.s.mu.Lock()
	e.s.ended = true
	if c, ok := err.(*gws.CloseError); ok {
		e.s.closed = &gws.CloseError{Code: c.Code, Reason: append([]byte(nil), c.Reason...)}
	}
	e.s.mu.Unlock()
	e.s.wake()
}

func (s *testSocket) wake() {
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// dial opens a WebSocket with the peer's session. It ends with the test.
func (p *peer) dial() *testSocket {
	p.t.Helper()
	s, err := p.tryDial(nil)
	if err != nil {
		p.t.Fatalf("dial: %v", err)
	}
	p.socket = s
	return s
}

func (p *peer) tryDial(header http.Header) (*testSocket, error) {
	if header == nil {
		header = http.Header{"Authorization": {"Bearer " + p.token}, "Sec-WebSocket-Protocol": {protocol.Subprotocol}}
	}
	s := &testSocket{t: p.t, news: make(chan struct{}, 1)}
	conn, res, err := gws.NewClient(testSocketEvents{s: s}, &gws.ClientOption{
		Addr: "ws" + strings.TrimPrefix(string(p.server), "http") + protocol.PathSocket, RequestHeader: header,
	})
	if err != nil {
		if res != nil {
			err = fmt.Errorf("status %d: %w", res.StatusCode, err)
		}
		return nil, err
	}
	s.conn, s.selected = conn, strings.Join(res.Header.Values("Sec-WebSocket-Protocol"), ",")
	done := make(chan struct{})
	go func() { defer close(done); conn.ReadLoop() }()
	p.t.Cleanup(func() { conn.NetConn().Close(); <-done })
	return s, nil
}

func (s *testSocket) send(m protocol.ClientMessage) {
	s.t.Helper()
	data, err := json.Marshal(m)
	if err != nil {
		s.t.Fatal(err)
	}
	s.sendRaw(string(data))
}

func (s *testSocket) sendRaw(text string) {
	s.t.Helper()
	if err := s.conn.WriteString(text); err != nil {
		s.t.Fatalf("send %q: %v", text, err)
	}
}

func (s *testSocket) sendFrame(id protocol.RequestID, f protocol.Frame) {
	s.t.Helper()
	s.send(protocol.ClientMessage{Op: protocol.OpSend, RequestID: id, N: f.N, D: f.D})
}

func (s *testSocket) ack(id protocol.RequestID, next int) {
	s.t.Helper()
	s.send(protocol.ClientMessage{Op: protocol.OpAck, RequestID: id, Next: uint64(next)})
}

func (s *testSocket) expectClosed(code protocol.Code) protocol.ServerMessage {
	s.t.Helper()
	m := s.expectOp(protocol.OpClosed)
	if m.Code != code || m.Remedy == "" {
		s.t.Fatalf("closed = %+v, want %s with a remedy", m, code)
	}
	return m
}

// expectAcked waits until all frames below next are acknowledged.
func (s *testSocket) expectAcked(next int) {
	s.t.Helper()
	s.expect(func(m protocol.ServerMessage) bool { return m.Op == protocol.OpAcked && m.Next == uint64(next) })
}

// subscribe subscribes and waits for the confirmation.
func (s *testSocket) subscribe(topic protocol.Topic, id protocol.RequestID, since int) protocol.ServerMessage {
	s.t.Helper()
	s.send(protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: topic, RequestID: id, Since: uint64(since)})
	return s.expect(func(m protocol.ServerMessage) bool { return m.Op == protocol.OpSubscribed && m.Topic == topic })
}

// expect waits for a message and takes it out, leaving the others in order.
func (s *testSocket) expect(match func(protocol.ServerMessage) bool) protocol.ServerMessage {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		s.mu.Lock()
		for i, m := range s.messages {
			if match(m) {
				s.messages = append(s.messages[:i], s.messages[i+1:]...)
				s.mu.Unlock()
				return m
			}
		}
		rest, ended, closed := fmt.Sprintf("%+v", s.messages), s.ended, s.closed
		s.mu.Unlock()
		if ended {
			s.t.Fatalf("socket ended (%+v) before the message came; got %s", closed, rest)
		}
		select {
		case <-s.news:
		case <-ctx.Done():
			s.t.Fatalf("the message did not come; got %s", rest)
		}
	}
}

func (s *testSocket) expectOp(op protocol.Op) protocol.ServerMessage {
	s.t.Helper()
	return s.expect(func(m protocol.ServerMessage) bool { return m.Op == op })
}

// expectFrame waits for the next frame and checks that it is the one.
func (s *testSocket) expectFrame(f protocol.Frame) {
	s.t.Helper()
	m := s.expectOp(protocol.OpFrame)
	if m.N != f.N || m.D != f.D {
		s.t.Fatalf("got frame %d %q, want frame %d %q", m.N, m.D, f.N, f.D)
	}
}

func (s *testSocket) expectError(code protocol.Code) {
	s.t.Helper()
	if m := s.expectOp(protocol.OpError); m.Code != code {
		s.t.Fatalf("error code = %s (%s), want %s", m.Code, m.Detail, code)
	}
}

// expectClose waits for the end of the socket and checks the close code.
func (s *testSocket) expectClose(code protocol.Code) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		s.mu.Lock()
		ended, closed := s.ended, s.closed
		s.mu.Unlock()
		if ended {
			if closed == nil || int(closed.Code) != code.Info().Close {
				s.t.Fatalf("socket closed with %+v, want %d (%s)", closed, code.Info().Close, code)
			}
			return
		}
		select {
		case <-s.news:
		case <-ctx.Done():
			s.t.Fatalf("socket still open, want close %d (%s)", code.Info().Close, code)
		}
	}
}

// settle makes sure that the server has carried out all that the socket sent
// before, and that everything it caused for this socket has arrived: the answer
// to a message that is always refused comes last.
func (s *testSocket) settle() {
	s.t.Helper()
	s.sendRaw(`{"op":"ack","requestId":"settle-settle-settle"}`)
	s.expectError(protocol.LinkForbidden)
}

// quiet checks that nothing of this kind has arrived.
func (s *testSocket) quiet(op protocol.Op) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.messages {
		if m.Op == op {
			s.t.Fatalf("got %+v, want no %s", m, op)
		}
	}
}
