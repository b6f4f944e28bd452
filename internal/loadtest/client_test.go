//go:build unix

package loadtest_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/liaison-dev/liaison/protocol"
)

// patience bounds every wait of a client.
const patience = 20 * time.Second

// rest is one HTTP connection. It is a few lines over TCP, so that clients
// leave the machine to the server. Errors panic with a text: a benchmark whose
// client fails measures nothing.
type rest struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
}

func (p *process) rest() *rest {
	conn := p.connect()
	return &rest{conn: conn, in: bufio.NewReader(conn)}
}

func (p *process) connect() net.Conn {
	conn, err := net.Dial("tcp", p.address)
	if err != nil {
		panic(err)
	}
	conn.SetDeadline(time.Now().Add(10 * patience))
	return conn
}

// reset ends a connection so that none is left in TIME_WAIT, of which there would
// soon be more than there are ports.
func reset(conn net.Conn) {
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

// call makes a request with a session's token, which may be empty, and returns
// the body and the token that the answer sets, if any. More are header lines.
func (c *rest) call(method, path, token string, body any, more ...string) (answer []byte, newToken string) {
	var payload []byte
	if body != nil {
		payload, _ = json.Marshal(body)
	}
	c.out = fmt.Appendf(c.out[:0], "%s %s HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\n", method, path, c.conn.RemoteAddr())
	if token != "" {
		c.out = fmt.Appendf(c.out, "Authorization: Bearer %s\r\n", token)
	}
	if body != nil {
		c.out = fmt.Appendf(c.out, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(payload))
	}
	for _, line := range more {
		c.out = append(append(c.out, line...), "\r\n"...)
	}
	c.out = append(append(c.out, "\r\n"...), payload...)
	if _, err := c.conn.Write(c.out); err != nil {
		panic(err)
	}
	response, err := http.ReadResponse(c.in, nil)
	if err != nil {
		panic(err)
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(response.Body)
	if err != nil || response.StatusCode/100 != 2 {
		panic(fmt.Sprintf("%s %s: %s %s, %v", method, path, response.Status, answer, err))
	}
	for _, cookie := range response.Cookies() {
		newToken = cookie.Value
	}
	return answer, newToken
}

// socket is one WebSocket.
type socket struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
}

// dial opens a WebSocket with a session's token, which may be empty.
func (p *process) dial(token string, more ...string) *socket {
	s := &socket{conn: p.connect()}
	s.in = bufio.NewReaderSize(s.conn, 512)
	out := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: %s\r\nAuthorization: Bearer %s\r\n",
		protocol.PathSocket, p.address, protocol.Subprotocol, token)
	for _, line := range more {
		out = append(append(out, line...), "\r\n"...)
	}
	if _, err := s.conn.Write(append(out, "\r\n"...)); err != nil {
		panic(err)
	}
	response, err := http.ReadResponse(s.in, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		panic(fmt.Sprintf("upgrade: %+v, %v", response, err))
	}
	return s
}

// send writes one masked text message.
func (s *socket) send(payload []byte) {
	mask := [4]byte{1, 2, 3, 4}
	s.out = append(s.out[:0], 0x81)
	if n := len(payload); n < 126 {
		s.out = append(s.out, 0x80|byte(n))
	} else {
		s.out = append(s.out, 0x80|126, byte(n>>8), byte(n))
	}
	s.out = append(s.out, mask[:]...)
	for i, c := range payload {
		s.out = append(s.out, c^mask[i%4])
	}
	if _, err := s.conn.Write(s.out); err != nil {
		panic(err)
	}
}

// receive returns the next message; it is valid until the one after.
func (s *socket) receive() []byte {
	var head [4]byte
	for {
		s.read(head[:2])
		n := int(head[1])
		if n == 126 {
			s.read(head[2:])
			n = int(head[2])<<8 | int(head[3])
		}
		s.out = append(s.out[:0], make([]byte, n)...)
		s.read(s.out)
		if head[0] == 0x81 { // neither ping nor close
			return s.out
		}
	}
}

func (s *socket) read(into []byte) {
	if _, err := io.ReadFull(s.in, into); err != nil {
		panic(fmt.Sprintf("read message: %v", err))
	}
}

// await returns the next message with this op.
func (s *socket) await(op protocol.Op) []byte {
	prefix := []byte(`{"op":"` + op + `"`)
	for {
		m := s.receive()
		if bytes.HasPrefix(m, prefix) {
			return m
		}
		if bytes.HasPrefix(m, []byte(`{"op":"error"`)) {
			panic(fmt.Sprintf("waiting for %s: got %s", op, m))
		}
	}
}

func (s *socket) message(m protocol.ClientMessage) {
	data, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	s.send(data)
}

func (s *socket) subscribe(topic protocol.Topic, id protocol.RequestID, since uint64) {
	s.message(protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: topic, RequestID: id, Since: since})
	s.await(protocol.OpSubscribed)
}

// payload is as long as a frame's d: n characters of base64url.
func payload(n int) string { return strings.Repeat("Liaison-", n/8+1)[:n] }
