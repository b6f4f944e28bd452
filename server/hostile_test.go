package server_test

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lxzan/gws"

	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
)

// Opcodes of RFC 6455 §5.2; the highest bit ends a message.
const (
	continuation = 0x00
	text         = 0x01
	final        = 0x80
)

// frameHead is the head of a client's frame, with a mask of zeros.
func frameHead(kind byte, length uint64) []byte {
	return append(binary.BigEndian.AppendUint64([]byte{kind, 0xff}, length), 0, 0, 0, 0)
}

// sendBytes writes to the connection what no WebSocket library would.
func (s *testSocket) sendBytes(data ...[]byte) {
	s.t.Helper()
	for _, d := range data {
		if _, err := s.conn.NetConn().Write(d); err != nil {
			s.t.Fatalf("write %d bytes: %v", len(d), err)
		}
	}
}

// works checks that the link still carries a frame both ways, the n-th after the
// first, and acknowledges it.
func (p pair) works(n int) {
	p.site.t.Helper()
	n += first
	for _, way := range [][2]*peer{{p.site, p.wallet}, {p.wallet, p.site}} {
		way[0].socket.sendFrame(p.id, frame(n, "works"))
		way[1].socket.expectFrame(frame(n, "works"))
		way[1].socket.ack(p.id, n+1)
	}
}

// TestBrokenSockets: what breaks the rules of WebSocket costs its sender the
// socket and nobody else anything. The link's other side is told, and the link
// goes on with the next socket.
func TestBrokenSockets(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	p, other := newPair(t, srv, testKey(t, 1)), newPair(t, srv, testKey(t, 2))
	p.subscribe()
	other.subscribe()
	half := make([]byte, 40<<10)
	for i, c := range []struct {
		name  string
		send  [][]byte
		close uint16 // 0 if the connection just ends
	}{
		{"length of -1", [][]byte{{0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4}}, 0},
		{"smallest length", [][]byte{frameHead(final|text, 1<<63)}, 0},
		{"length of -1 in a continuation", [][]byte{frameHead(text, 2), {'{', '"'}, frameHead(final, 1<<64-1)}, 0},
		{"too large", [][]byte{frameHead(final|text, protocol.MaxMessageBytes+1)}, 1009},
		{"too large in all", [][]byte{frameHead(text, 40<<10), half, frameHead(final|continuation, 40<<10), half}, 1009},
		{"no mask", [][]byte{{0x81, 2, '{', '}'}}, 1002},
		{"unknown opcode", [][]byte{frameHead(final|0x03, 0)}, 1002},
		{"reserved bit", [][]byte{frameHead(final|text|0x40, 0)}, 1002},
		{"continues nothing", [][]byte{frameHead(final|continuation, 0)}, 1002},
		{"not UTF-8", [][]byte{frameHead(final|text, 2), {0xc3, 0x28}}, 1007},
	} {
		t.Run(c.name, func(t *testing.T) {
			old := p.wallet.socket
			old.sendBytes(c.send...)
			p.site.socket.expect(peerGone)
			old.expectEnd(t, c.close)
			other.works(i)
			p.wallet.dial().subscribe(protocol.OfferTopic(p.address), p.id, first+i)
			p.works(i)
		})
	}
}

// expectEnd waits for the end of the socket, with this close code if it is not
// 0.
func (s *testSocket) expectEnd(t *testing.T, code uint16) {
	t.Helper()
	waitFor(t, "the end of the socket", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.ended
	})
	if code != 0 && (s.closed == nil || s.closed.Code != code) {
		t.Errorf("socket closed with %+v, want %d", s.closed, code)
	}
}

// TestFragments: a message may come in pieces, with a ping between them.
func TestFragments(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := newPair(t, srv, testKey(t, 1))
	p.subscribe()
	m := []byte(`{"op":"send","requestId":"` + string(p.id) + `","n":2,"d":"` + frame(first, "in pieces").D + `"}`)
	p.site.socket.sendBytes(
		frameHead(text, 10), m[:10],
		frameHead(continuation, 0),
		[]byte{0x89, 0x80, 0, 0, 0, 0}, // a ping
		frameHead(final|continuation, uint64(len(m)-10)), m[10:],
	)
	p.wallet.socket.expectFrame(frame(first, "in pieces"))
}

// TestBinary: a binary message is refused and costs nothing else.
func TestBinary(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := newPair(t, srv, testKey(t, 1))
	p.subscribe()
	if err := p.site.socket.conn.WriteMessage(gws.OpcodeBinary, []byte(`{"op":"close","requestId":"`+string(p.id)+`"}`)); err != nil {
		t.Fatal(err)
	}
	p.site.socket.expectError(protocol.InvalidMessage)
	p.works(0)
}

// TestFlood: a client that sends too fast is told once and made to wait; all of
// its frames arrive, once and in order, and another link is not held up.
func TestFlood(t *testing.T) {
	t.Parallel() // it takes the time that the default limits take
	srv := liaisontest.NewServer(t)
	p, other := newPair(t, srv, testKey(t, 1)), newPair(t, srv, testKey(t, 2))
	p.subscribe()
	other.subscribe()
	const frames = 200
	for n := range frames {
		p.site.socket.sendFrame(p.id, frame(first+n, "flood"))
	}
	other.works(0)
	for n := range frames {
		p.wallet.socket.expectFrame(frame(first+n, "flood"))
		if n%10 == 9 {
			p.wallet.socket.ack(p.id, first+n+1)
		}
	}
	p.site.socket.sendRaw(`{"op":"ack","requestId":"settle-settle-settle"}`)
	told := 0
	for p.site.socket.expectOp(protocol.OpError).Code == protocol.RateLimited {
		told++
	}
	if told == 0 || told > frames/20 { // again after a second, in which a slow machine may do nothing
		t.Errorf("told %d times that it is too fast, want once a flood", told)
	}
	p.wallet.socket.settle()
	p.wallet.socket.quiet(protocol.OpFrame)
}

// TestMalformedMessages: each gets its code, and the link works afterwards.
func TestMalformedMessages(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	p := newPair(t, srv, testKey(t, 1))
	p.subscribe()
	id := `"requestId":"` + string(p.id) + `"`
	stranger := `"requestId":"` + string(protocol.NewRequestID()) + `"`
	for i, c := range []struct {
		message string
		code    protocol.Code
	}{
		{``, protocol.InvalidMessage},
		{`{`, protocol.InvalidMessage},
		{`null`, protocol.InvalidMessage},
		{`[]`, protocol.InvalidMessage},
		{`"send"`, protocol.InvalidMessage},
		{`{}`, protocol.InvalidMessage},
		{strings.Repeat(`[`, 60_000), protocol.InvalidMessage},
		{`{"op":7,` + id + `}`, protocol.InvalidMessage},
		{`{"op":"send","requestId":7,"d":"abcd"}`, protocol.InvalidMessage},
		{`{"op":"send",` + id + `,"n":-1,"d":"abcd"}`, protocol.InvalidMessage},
		{`{"op":"send",` + id + `,"n":1.5,"d":"abcd"}`, protocol.InvalidMessage},
		{`{"op":"send",` + id + `,"n":"1","d":"abcd"}`, protocol.InvalidMessage},
		{`{"op":"send",` + id + `,"n":18446744073709551616,"d":"abcd"}`, protocol.InvalidMessage},
		{`{"op":"send",` + id + `,"n":18446744073709551615,"d":"abcd"}`, protocol.MailboxFull},
		{`{"op":"send",` + id + `,"n":1,"d":7}`, protocol.InvalidMessage},
		{`{"op":"send",` + id + `,"n":1,"d":"a"}`, protocol.InvalidMessage},
		{`{"op":"send",` + id + `,"n":1,"d":"a b="}`, protocol.InvalidMessage},
		{`{"op":"send",` + id + `,"n":1,"d":"` + strings.Repeat("a", protocol.MaxFrameBytes+1) + `"}`, protocol.TooLarge},
		{`{"op":"send",` + id + `,"n":1,"d":"abcd","x":1}`, protocol.InvalidMessage},
		{`{"op":"send",` + id + `,"n":1,"d":"abcd"}{}`, protocol.InvalidMessage},
		{`{"op":"ack",` + id + `,"next":1,"d":"abcd"}`, protocol.InvalidMessage},
		{`{"op":"frame",` + id + `,"n":1,"d":"abcd"}`, protocol.InvalidMessage},
		{`{"op":"shout",` + id + `}`, protocol.InvalidMessage},
		{`{"op":"subscribe",` + id + `}`, protocol.InvalidMessage},
		{`{"op":"subscribe",` + id + `,"topic":"offer-"}`, protocol.InvalidMessage},
		{`{"op":"subscribe",` + id + `,"topic":"join"}`, protocol.LinkForbidden},
		{`{"op":"close",` + id + `,"code":"because"}`, protocol.InvalidMessage},
		{`{"op":"close",` + id + `,"code":"internal"}`, protocol.InvalidMessage},
		{`{"op":"ack",` + id + `,"next":1,"code":"not_local"}`, protocol.InvalidMessage},
		{`{"op":"close","requestId":"short"}`, protocol.InvalidMessage},
		{`{"op":"close","requestId":"` + strings.Repeat("a", 65) + `"}`, protocol.InvalidMessage},
		{`{"op":"close",` + stranger + `}`, protocol.LinkUnknown},
		{`{"op":"subscribe",` + stranger + `,"topic":"link"}`, protocol.LinkUnknown},
		{`{"op":"send",` + stranger + `,"n":0,"d":"abcd"}`, protocol.LinkForbidden},
	} {
		p.site.socket.sendRaw(c.message)
		if m := p.site.socket.expectOp(protocol.OpError); m.Code != c.code {
			t.Errorf("message %.100q: code %s (%s), want %s", c.message, m.Code, m.Detail, c.code)
		}
		p.works(i)
	}
}

// TestEndlessBody: a body that does not say how long it is is read up to the
// limit, and as much again so that its sender sees the answer.
func TestEndlessBody(t *testing.T) {
	srv := liaisontest.NewServer(t)
	body := strings.NewReader(`{"n":0,"d":"` + strings.Repeat("a", 1<<20))
	r := httptest.NewRequest("POST", linkPath(protocol.NewRequestID(), "/offer"), body)
	r.ContentLength = -1
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	srv.Handler().ServeHTTP(w, r)
	wantProblem(t, reply{w.Code, w.Header(), w.Body.Bytes()}, protocol.TooLarge)
	if read := body.Size() - int64(body.Len()); read > 2*protocol.MaxBodyBytes+1 {
		t.Errorf("%d bytes of the body were read, want at most %d", read, 2*protocol.MaxBodyBytes+1)
	}
}

// TestMalformedRequests: each gets its code, and the link can still be claimed
// afterwards.
func TestMalformedRequests(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	p := opened(t, srv, testKey(t, 1))
	p.wallet.join(p.id)
	claim, join, offer := linkPath(p.id, ""), linkPath(p.id, "/join"), linkPath(p.id, "/offer")
	key, channel := `"key":"`+string(protocol.NewNonce())+`"`, `"channel":"`+string(channelOf(p.id))+`"`
	huge := `{"n":0,"d":"` + strings.Repeat("a", protocol.MaxBodyBytes) + `"}`
	typed := func(v string) func(*http.Request) { return func(r *http.Request) { r.Header.Set("Content-Type", v) } }
	asIs := func(*http.Request) {}
	for _, c := range []struct {
		method, path, body string
		edit               func(*http.Request)
		code               protocol.Code
	}{
		{"POST", offer, ``, asIs, protocol.InvalidMessage},
		{"POST", offer, `{`, asIs, protocol.InvalidMessage},
		{"POST", offer, `null`, asIs, protocol.InvalidMessage},
		{"POST", offer, `[]`, asIs, protocol.InvalidMessage},
		{"POST", offer, `{"n":"0","d":"abcd"}`, asIs, protocol.InvalidMessage},
		{"POST", offer, `{"n":-1,"d":"abcd"}`, asIs, protocol.InvalidMessage},
		{"POST", offer, `{"n":0,"d":["abcd"]}`, asIs, protocol.InvalidMessage},
		{"POST", offer, `{"n":0,"d":"ab+d"}`, asIs, protocol.InvalidMessage},
		{"POST", offer, `{"n":0,"d":"abcd","x":1}`, asIs, protocol.InvalidMessage},
		{"POST", offer, `{"n":0,"d":"abcd"}{}`, asIs, protocol.InvalidMessage},
		{"POST", offer, `{"n":64,"d":"abcd"}`, asIs, protocol.LinkNotClaimed},
		{"POST", offer, `{"n":0,"d":"abcd"}`, asIs, protocol.InvalidMessage}, // names no channel
		{"POST", offer, `{"n":1,"d":"abcd",` + channel + `}`, asIs, protocol.InvalidMessage},
		{"POST", offer, `{"n":0,"d":"abcd","channel":""}`, asIs, protocol.InvalidMessage},
		{"POST", offer, `{"n":0,"d":"abcd","channel":"l2` + channel[13:] + `}`, asIs, protocol.InvalidMessage},
		{"POST", offer, `{"n":0,"d":"abcd",` + channel + `,` + channel + `}`, asIs, protocol.InvalidMessage},
		{"POST", join, `{}`, asIs, protocol.InvalidMessage},
		{"POST", join, `{"frame":{"n":0,"d":"abcd"}}`, asIs, protocol.InvalidMessage},
		{"POST", join, `{"frame":{"n":1,"d":"abcd"},` + key + `}`, asIs, protocol.InvalidMessage},
		{"POST", join, `{"frame":null,` + key + `}`, asIs, protocol.InvalidMessage},
		{"POST", join, `{"frame":{"n":0,"d":"` + strings.Repeat("a", protocol.MaxFrameBytes+1) + `"},` + key + `}`, asIs, protocol.TooLarge},
		{"POST", linkPath(protocol.NewRequestID(), "/join"), `{"frame":{"n":0,"d":"abcd"},` + key + `}`, asIs, protocol.LinkUnknown},
		{"POST", protocol.PathResumptions, `{}`, asIs, protocol.InvalidMessage},
		{"POST", protocol.PathResumptions, `{"requestId":"` + strings.Repeat("a", 65) + `"}`, asIs, protocol.InvalidMessage},
		{"POST", protocol.PathResumptions, `{"requestId":"` + string(p.id) + `"}`, asIs, protocol.LinkForbidden},
		{"POST", offer, `{"n":0,"d":"` + strings.Repeat("a", protocol.MaxFrameBytes+1) + `"}`, asIs, protocol.TooLarge},
		{"POST", offer, huge, asIs, protocol.TooLarge},
		{"POST", offer, `{"n":0,"d":"abcd"}`, typed("text/plain"), protocol.UnsupportedMediaType},
		{"POST", offer, `{"n":0,"d":"abcd"}`, typed(""), protocol.UnsupportedMediaType},
		{"POST", claim, `{`, asIs, protocol.InvalidMessage},
		{"POST", claim, `{}`, asIs, protocol.InvalidMessage},
		{"POST", claim, `{"nonce":7}`, asIs, protocol.InvalidMessage},
		{"POST", claim, `{"nonce":"abc"}`, asIs, protocol.InvalidMessage},
		{"POST", claim, `{"proof":{"signature":"!"}}`, asIs, protocol.InvalidMessage},
		{"POST", claim, strings.Repeat(`{"a":`, 12_000), asIs, protocol.InvalidMessage},
		{"GET", claim, ``, asIs, protocol.NoRoute},
		{"POST", protocol.PathSession, `{"requestId":"short"}`, asIs, protocol.InvalidMessage},
		{"POST", protocol.PathSession, `{"requestId":"` + string(protocol.NewRequestID()) + `"}`, asIs, protocol.InvalidMessage},
		{"POST", protocol.PathSession, `{"requestId":"` + string(protocol.NewRequestID()) + `","key":"` + string(protocol.NewNonce()) + `"}`, asIs, protocol.LinkUnknown},
		{"POST", protocol.PathLinks + "short/offer", `{"n":0,"d":"abcd"}`, asIs, protocol.InvalidMessage},
		{"POST", linkPath(protocol.NewRequestID(), "/offer"), `{"n":0,"d":"abcd"}`, asIs, protocol.LinkUnknown},
		{"PUT", offer, `{"n":0,"d":"abcd"}`, asIs, protocol.NoRoute},
		{"POST", claim + "/shout", `{}`, asIs, protocol.NoRoute},
	} {
		t.Run(fmt.Sprintf("%s %s %.40s", c.method, c.code, c.body), func(t *testing.T) {
			wantProblem(t, p.site.call(c.method, c.path, c.body, c.edit), c.code)
		})
	}
	p.welcome()
	if got := want[protocol.SessionView](t, p.post(p.claim())); got.Account.Address() != p.address {
		t.Errorf("claim after malformed requests: account %q, want %s", got.Account, p.address)
	}
}
