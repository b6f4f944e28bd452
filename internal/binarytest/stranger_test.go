package binarytest_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lxzan/gws"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// Addresses that a proxy gives for its clients.
const (
	clientIPv4 = "198.51.100." // and one of its addresses
	clientIPv6 = "2001:db8:77:88"
)

// forged is a line of the log that a stranger would like to write.
const forged = `{"time":"2026-01-01T00:00:00Z","level":"ERROR","msg":"canary-forged"}`

// stranger sends what the protocol does not allow, with texts inside that are
// easily found.
type stranger struct {
	sent int // requests
	t    *testing.T
	wire *wire
}

// everywhere sends every bad body to every route, and bad routes.
func (s *stranger) everywhere() {
	s.t.Helper()
	waiting, token := s.openLink()
	long := strings.Repeat("canary-long-", protocol.MaxBodyBytes/12+1)
	bodies := []string{
		``, `canary-no-json`, `{"canary-field":1}`, `{"nonce":{"canary-type":1}}`, `{"n":"canary-number","d":"canary"}`,
		`{"nonce":"canary\nnonce"}`, `{"requestId":"canary\n` + strings.ReplaceAll(forged, `"`, `\"`) + `"}`,
		`{"n":0,"d":"canary+not+base64url"}`, `{"n":18446744073709551615,"d":"canaryCanary"}`, `["` + long + `"]`,
		`{"nonce":"canaryCanaryCanaryCanaryCanary"}`,
		`{"nonce":"canaryCanaryCanaryCanaryCanary","proof":{"type":"canary","chain":"canary:1","address":"canary","message":"canary","signature":"Y2FuYXJ5"}}`,
	}
	ids := []string{"canary-request-id-1", string(waiting.RequestID), "%0A" + strings.ReplaceAll(forged, `"`, "%22"), "canary"}
	for _, route := range server.Routes() {
		for _, id := range ids {
			path := strings.ReplaceAll(route.Path, "{requestId}", id)
			for _, body := range bodies {
				if route.Method != http.MethodPost && body != "" || route.Name == "openLink" {
					continue
				}
				s.send(route.Method, path, token, body)
			}
		}
	}
	s.send("CANARY", "/canary?canary=canary", "", "")
	s.send("GET", "/v1/session?canary", "canary-token", "")
	s.badProofs()
}

// badProofs claims a link with proofs that do not hold, each in another way.
func (s *stranger) badProofs() {
	s.t.Helper()
	for _, spoil := range []func(*protocol.Claim){
		func(c *protocol.Claim) { c.Proof.Signature[0] ^= 1 },
		func(c *protocol.Claim) { c.Proof.Type = "canary" },
		func(c *protocol.Claim) { c.Proof.Chain = "canary:canary" },
		func(c *protocol.Claim) { c.Proof.Address = "CANARYcanary" },
		func(c *protocol.Claim) { c.Proof.Message = "canary\n" + forged },
		func(c *protocol.Claim) { c.Proof.Message += "\n- https://canary.example" },
		func(c *protocol.Claim) {
			c.Proof.Message = strings.Replace(c.Proof.Message, "127.0.0.1", "canary.example", 1)
		},
		func(c *protocol.Claim) { c.Nonce = "canaryCanaryCanaryCanaryCanary" },
	} {
		c, token := s.openLink()
		path := protocol.PathLinks + string(c.RequestID)
		join := protocol.Join{Frame: protocol.Frame{D: "canaryHello"}, Key: protocol.NewNonce()}
		s.sendJSON(path+"/join", "", join, http.StatusOK)
		channel := protocol.ChannelID("l1." + strings.Repeat("A", 43))
		s.sendJSON(path+"/offer", token, protocol.Offer{D: "canaryWelcome", Channel: channel}, http.StatusNoContent)
		key := chain.GenerateAlgorandKey()
		text, err := c.SignIn.For(key.Chain(), key.Address(), channel).Text()
		if err != nil {
			s.t.Fatal(err)
		}
		proof, err := key.Sign(s.t.Context(), text)
		if err != nil {
			s.t.Fatal(err)
		}
		claim := protocol.Claim{Nonce: c.SignIn.Nonce, Proof: proof, Answer: protocol.Frame{N: 1, D: "canaryAnswer"}, Key: protocol.NewNonce()}
		spoil(&claim)
		wallet := liaison.JoinToken(join.Key, c.RequestID).Reveal()
		s.sendJSON(path, wallet, claim, http.StatusUnauthorized, http.StatusBadRequest)
	}
}

// sendJSON makes one call and wants one of the statuses.
func (s *stranger) sendJSON(path, token string, body any, want ...int) {
	s.t.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	if status := s.send(http.MethodPost, path, token, string(data)); !slices.Contains(want, status) {
		s.t.Errorf("POST %s with %s: got status %d, want one of %d", path, data, status, want)
	}
}

// openLink opens a link and returns the token of its site.
func (s *stranger) openLink() (c protocol.Challenge, token string) {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodGet, string(s.wire.origin)+protocol.PathChallenge, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&c); err != nil || len(res.Cookies()) == 0 {
		s.t.Fatalf("open link: status %d, %v", res.StatusCode, err)
	}
	return c, res.Cookies()[0].Value
}

// send makes one request by hand: an HTTP client would refuse most of it. The
// status is 0 if the server hung up, as it does on whoever sends too much.
func (s *stranger) send(method, path, token, body string) (status int) {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.wire.origin.Host())
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	header := strings.Join([]string{
		method + " " + path + " HTTP/1.1", "Host: " + s.wire.origin.Host(), "Connection: close", "Content-Type: application/json",
		"Authorization: Bearer " + token, "Cookie: liaison=canary-cookie; canary=" + forged, "User-Agent: canary\t" + forged,
		"Referer: http://canary.example/#canary", "X-Request-Id: canary-instance", "X-Forwarded-For: canary, " + s.address(),
		fmt.Sprintf("Content-Length: %d", len(body)),
	}, "\r\n")
	go func() { _, _ = io.WriteString(conn, header+"\r\n\r\n"+body) }() // a refusal can come first
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	return res.StatusCode
}

// overSocket sends bad messages, bad frames and bad bytes over WebSockets.
func (s *stranger) overSocket() {
	s.t.Helper()
	c, token := s.openLink()
	subscribe := fmt.Sprintf(`{"op":"subscribe","topic":"link","requestId":%q}`, c.RequestID)
	for _, messages := range [][]string{
		{
			`canary`, `{"op":"canary","requestId":"canary-request-id-2"}`, `{"canary":1}`, `{"op":"ack","requestId":"canary-request-id-3","next":1}`,
			`{"op":"subscribe","topic":"offer-CANARY","requestId":"canary-request-id-4"}`, `{"op":"send","requestId":"canary-request-id-5","n":0,"d":"canaryFrame"}`,
			`{"op":"close","requestId":"canary\n` + strings.ReplaceAll(forged, `"`, `\"`) + `"}`, subscribe,
			fmt.Sprintf(`{"op":"send","requestId":%q,"n":0,"d":"canaryFrame"}`, c.RequestID),
			fmt.Sprintf(`{"op":"send","requestId":%q,"n":0,"d":"canaryOther"}`, c.RequestID),
		},
		{subscribe, "\xff\xfecanary"},
		{subscribe, `"` + strings.Repeat("canary-long-", protocol.MaxMessageBytes/12+1) + `"`},
	} {
		s.sendMessages(token, messages)
	}
}

// last is the request id of a message that is always refused: the answer to it
// comes after all others.
const last = "last-last-last-last"

// sendMessages opens a WebSocket, sends the messages, and waits until they were
// carried out or the server closed it.
func (s *stranger) sendMessages(token string, messages []string) {
	s.t.Helper()
	answers := answers{last: make(chan struct{}, 1)}
	conn, _, err := gws.NewClient(answers, &gws.ClientOption{
		Addr: "ws" + strings.TrimPrefix(string(s.wire.origin), "http") + protocol.PathSocket,
		RequestHeader: http.Header{
			"Authorization": {"Bearer " + token}, "User-Agent": {"canary"},
			"Sec-WebSocket-Protocol": {protocol.Subprotocol + ", " + protocol.BearerSubprotocol + token},
			"X-Forwarded-For":        {clientIPv6 + "::1"},
		},
	})
	if err != nil {
		s.t.Fatalf("open socket: %v", err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); conn.ReadLoop() }()
	defer func() { conn.NetConn().Close(); <-ended }()
	for _, m := range append(messages, `{"op":"ack","requestId":"`+last+`"}`) {
		if err := conn.WriteString(m); err != nil {
			break // the server has closed it
		}
	}
	select {
	case <-answers.last:
	case <-ended:
	case <-time.After(patience):
		s.t.Fatalf("no answer after %q", messages)
	}
}

// answers waits for the last answer over a WebSocket.
type answers struct {
	gws.BuiltinEventHandler
	last chan struct{}
}

func (a answers) OnMessage(_ *gws.Conn, m *gws.Message) {
	defer m.Close()
	if answer, err := protocol.ParseServerMessage(m.Bytes()); err == nil && answer.RequestID == last {
		a.last <- struct{}{}
	}
}

// address is where the stranger is now: one address may not ask as often as the
// server has places to send something wrong to.
func (s *stranger) address() string {
	const requestsOfOneAddress = 400
	s.sent++
	return fmt.Sprint(clientIPv4, 1+s.sent/requestsOfOneAddress)
}
