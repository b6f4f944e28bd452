package liquid_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/lxzan/gws"

	"github.com/liaison-dev/liaison/protocol"
)

// openNative opens a WebSocket of the native protocol.
func (c *client) openNative() *socket {
	c.t.Helper()
	s := &socket{t: c.t, news: make(chan struct{}, 1), read: make(chan struct{})}
	header := c.header()
	header.Set("Origin", string(c.node.origin))
	header.Set("Sec-WebSocket-Protocol", protocol.Subprotocol)
	conn, _, err := gws.NewClient(socketEvents{s: s}, &gws.ClientOption{Addr: "ws://" + c.node.origin.Host() + protocol.PathSocket, RequestHeader: header})
	if err != nil {
		c.t.Fatalf("open native socket: %v", err)
	}
	s.conn = conn
	go func() {
		defer close(s.read)
		conn.ReadLoop()
	}()
	c.t.Cleanup(s.close)
	return s
}

func (s *socket) say(m protocol.ClientMessage) {
	s.t.Helper()
	data, err := json.Marshal(m)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.conn.WriteString(string(data)); err != nil {
		s.t.Fatalf("say: %v", err)
	}
}

func (s *socket) told(op protocol.Op) (m protocol.ServerMessage) {
	s.t.Helper()
	packet := s.expect(func(p string) bool { return strings.HasPrefix(p, `{"op":"`+string(op)+`"`) })
	if err := json.Unmarshal([]byte(packet), &m); err != nil {
		s.t.Fatalf("%s: %v", packet, err)
	}
	return m
}

func plain(m protocol.PeerMessage) string {
	data, _ := json.Marshal(m)
	return base64.RawURLEncoding.EncodeToString(data)
}

// TestNativeSite: a wallet of the dialect that scans one of our own codes signs its
// site in, on this server's word alone, and the two signal without a seal. A wallet
// of our own that comes later is too late, and one that came first stays.
func TestNativeSite(t *testing.T) {
	n := newNode(t)
	site, w := n.newClient(), n.newWallet()
	site.origin = string(n.origin)
	id := want[struct{ RequestID protocol.RequestID }](t, site.call("GET", "/v1/challenge", nil), 200).RequestID
	socket := site.openNative()
	socket.say(protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: protocol.TopicLink, RequestID: id})
	socket.told(protocol.OpSubscribed)
	w.attest(string(id))
	m := socket.told(protocol.OpLink)
	if m.Dialect != protocol.Liquid || m.Proof != nil || m.Answer != nil || m.Account.Address() != w.key.Address() {
		t.Fatalf("the site is told %+v, want the account, the dialect and no proof", m)
	}
	if got := want[protocol.SessionView](t, site.call("GET", "/v1/session", nil), 200); got.Account != "" {
		t.Errorf("the site is signed in as %s before it wants to be", got.Account)
	}
	view := want[protocol.SessionView](t, site.call("POST", "/v1/session", protocol.Collection{RequestID: id, Key: protocol.NewNonce()}), 200)
	if view.Account != m.Account || view.Assurance != protocol.ServerAsserted {
		t.Errorf("the site's session is %+v, want it server-asserted", view)
	}
	socket.say(protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: protocol.AnswerTopic(w.key.Address()), RequestID: id})
	socket.told(protocol.OpSubscribed)
	w.open().emit(false, "offer-description", "v=0")
	w.socket.emit(false, "offer-candidate", map[string]any{"candidate": "candidate:1", "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "u"})
	mid, line := "0", uint16(0)
	for at, want := range []protocol.PeerMessage{
		{T: protocol.PeerOffer, SDP: "v=0"},
		{T: protocol.PeerICE, Candidate: "candidate:1", SDPMid: &mid, SDPMLineIndex: &line},
	} {
		if f := socket.told(protocol.OpFrame); f.N != uint64(at) || f.D != plain(want) {
			t.Errorf("frame %d is %+v, want %d, %s", at, f, at, plain(want))
		}
	}
	r := site.call("POST", "/v1/links/"+string(id)+"/offer", protocol.Offer{N: 0, D: plain(protocol.PeerMessage{T: protocol.PeerAnswer, SDP: "v=0 answer"})})
	if r.status != http.StatusNoContent {
		t.Fatalf("answer: %d %s", r.status, r.body)
	}
	socket.say(protocol.ClientMessage{Op: protocol.OpSend, RequestID: id, N: 1, D: plain(protocol.PeerMessage{T: protocol.PeerICE, Candidate: "candidate:2", SDPMid: &mid, SDPMLineIndex: &line})})
	socket.say(protocol.ClientMessage{Op: protocol.OpSend, RequestID: id, N: 2, D: plain(protocol.PeerMessage{T: protocol.PeerICE})}) // the last one
	if got := w.socket.event("answer-description"); got != `"v=0 answer"` {
		t.Errorf("the wallet hears the answer %s", got)
	}
	if got := w.socket.event("answer-candidate"); got != `{"candidate":"candidate:2","sdpMid":"0","sdpMLineIndex":0}` {
		t.Errorf("the wallet hears the candidate %s", got)
	}
	for socket.told(protocol.OpAcked).Next != 3 {
	}
	if r := site.call("POST", "/v1/links/"+string(id)+"/join", protocol.Join{Key: protocol.NewNonce(), Frame: protocol.Frame{N: 0, D: "AAAA"}}); r.status != protocol.LinkTaken.Info().Status {
		t.Errorf("a wallet of our own that comes later: %d %s, want link_taken", r.status, r.body)
	}

	late := n.newClient()
	late.origin = string(n.origin)
	id = want[struct{ RequestID protocol.RequestID }](t, late.call("GET", "/v1/challenge", nil), 200).RequestID
	want[protocol.Joined](t, n.newClient().call("POST", "/v1/links/"+string(id)+"/join", protocol.Join{Key: protocol.NewNonce(), Frame: protocol.Frame{N: 0, D: "AAAA"}}), 200)
	wantBody(t, "a code that another wallet has scanned", w.call("POST", "/attestation/response", w.response(w.challenge(), string(id))), 401, unverified)
}
