package wiretest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// Network is where a server is served.
type Network int

// The networks.
const (
	Loopback Network = iota
	InMemory
)

// Client sends requests to one server.
type Client struct {
	// Path is the path of the server under test.
	Path string

	address string
	dial    func() (net.Conn, error)
	http    *http.Client
	server  *http.Server
}

// Serve serves a handler until the test ends.
func Serve(t testing.TB, h http.Handler, network Network) *Client {
	t.Helper()
	return ServeWith(t, &http.Server{Handler: h}, network)
}

// ServeWith runs a server until the test ends.
func ServeWith(t testing.TB, server *http.Server, network Network) *Client {
	t.Helper()
	c := &Client{Path: "/engine.io/", server: server}
	var listener net.Listener
	if network == InMemory {
		memory := &pipes{incoming: make(chan net.Conn), closed: make(chan struct{})}
		listener, c.address, c.dial = memory, "memory", memory.dial
	} else {
		var err error
		if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		c.address = listener.Addr().String()
		c.dial = func() (net.Conn, error) { return net.Dial("tcp", c.address) }
	}
	transport := &http.Transport{
		DialContext:        func(context.Context, string, string) (net.Conn, error) { return c.dial() },
		DisableCompression: true,
	}
	c.http = &http.Client{Transport: transport}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.server.Serve(listener)
	}()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = c.server.Close()
		<-ended
		if network == InMemory {
			// A connection that net/http itself closes lingers for half a second, which
			// costs nothing where time is virtual.
			time.Sleep(time.Second)
		}
	})
	return c
}

// pipes is a network in memory.
type pipes struct {
	incoming chan net.Conn
	once     sync.Once
	closed   chan struct{}
}

func (p *pipes) dial() (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.incoming <- theirs:
		return ours, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Accept implements net.Listener.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.incoming:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// Addr implements net.Listener.
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

// Dial opens a bare connection, which the test closes.
func (c *Client) Dial(t testing.TB) net.Conn {
	t.Helper()
	conn, err := c.dial()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// Query returns the query of a request of the protocol's revision 4.
func Query(transport, sid string) string {
	q := "EIO=4&transport=" + transport
	if sid != "" {
		q += "&sid=" + url.QueryEscape(sid)
	}
	return q
}

// Answer is a response.
type Answer struct {
	Status int
	Header http.Header
	Body   string
	Closes bool // the server closes the connection
}

// Want fails the test unless status and body are as wanted.
func (a Answer) Want(t testing.TB, status int, body string) {
	t.Helper()
	if a.Status != status || a.Body != body {
		t.Fatalf("got %d %q, want %d %q", a.Status, a.Body, status, body)
	}
}

// WantStatus fails the test unless the status is as wanted.
func (a Answer) WantStatus(t testing.TB, status int) {
	t.Helper()
	if a.Status != status {
		t.Fatalf("got %d %q, want %d", a.Status, a.Body, status)
	}
}

// Send sends a request. The query may be any.
func (c *Client) Send(ctx context.Context, method, query string, header http.Header, body io.Reader) (Answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+c.address+c.Path+"?"+query, body)
	if err != nil {
		return Answer{}, err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	response, err := c.http.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return Answer{response.StatusCode, response.Header, string(text), response.Close}, err
}

// Do sends a request.
func (c *Client) Do(t testing.TB, method, query, body string) Answer {
	t.Helper()
	answer, err := c.Send(t.Context(), method, query, nil, strings.NewReader(body))
	if err != nil {
		t.Fatalf("%s ?%s: %v", method, query, err)
	}
	return answer
}

// Poll fetches what the session has to say.
func (c *Client) Poll(t testing.TB, sid string) Answer {
	t.Helper()
	return c.Do(t, "GET", Query("polling", sid), "")
}

// Pending is a poll that may not have returned yet.
type Pending struct {
	answer chan Answer
	err    chan error
}

// StartPoll polls without waiting for the answer.
func (c *Client) StartPoll(ctx context.Context, sid string) *Pending {
	p := &Pending{make(chan Answer, 1), make(chan error, 1)}
	go func() {
		answer, err := c.Send(ctx, "GET", Query("polling", sid), nil, nil)
		if err != nil {
			p.err <- err
			return
		}
		p.answer <- answer
	}()
	return p
}

// Wait returns the answer to the poll.
func (p *Pending) Wait(t testing.TB) Answer {
	t.Helper()
	select {
	case answer := <-p.answer:
		return answer
	case err := <-p.err:
		t.Fatalf("poll: %v", err)
		return Answer{}
	}
}

// Post sends packets.
func (c *Client) Post(t testing.TB, sid, body string) Answer {
	t.Helper()
	return c.Do(t, "POST", Query("polling", sid), body)
}

// Handshake is the data of an open packet.
type Handshake struct {
	SID          string   `json:"sid"`
	Upgrades     []string `json:"upgrades"`
	PingInterval int      `json:"pingInterval"`
	PingTimeout  int      `json:"pingTimeout"`
	MaxPayload   int      `json:"maxPayload"`
}

// ParseOpen reads an open packet, which must have all fields and no others.
func ParseOpen(t testing.TB, packet string) Handshake {
	t.Helper()
	data, ok := strings.CutPrefix(packet, "0")
	var fields map[string]json.RawMessage
	if !ok || json.Unmarshal([]byte(data), &fields) != nil || len(fields) != 5 {
		t.Fatalf("got %q, want an open packet with five fields", packet)
	}
	var h Handshake
	decoder := json.NewDecoder(strings.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&h); err != nil || h.SID == "" {
		t.Fatalf("open packet %q: %v", packet, err)
	}
	return h
}

// Open opens a session over polling and returns its id.
func (c *Client) Open(t testing.TB) string {
	t.Helper()
	answer := c.Poll(t, "")
	answer.WantStatus(t, http.StatusOK)
	return ParseOpen(t, answer.Body).SID
}

// Opcodes of WebSocket frames.
const (
	Continuation byte = 0x0
	Text         byte = 0x1
	Binary       byte = 0x2
	Close        byte = 0x8
	Ping         byte = 0x9
	Pong         byte = 0xa
)

// WebSocket is a client's end of one.
type WebSocket struct {
	net.Conn
	reader *bufio.Reader
}

// Frame is a WebSocket frame.
type Frame struct {
	Opcode  byte
	Payload []byte
}

// String returns the frame as failures show it.
func (f Frame) String() string { return string("?tb?????cpo"[min(f.Opcode, 10)]) + string(f.Payload) }

// ErrStatus is returned when a handshake is not answered with 101.
var ErrStatus = errors.New("no upgrade")

// DialWebSocket performs a handshake.
func (c *Client) DialWebSocket(query string, header http.Header) (*WebSocket, Answer, error) {
	conn, err := c.dial()
	if err != nil {
		return nil, Answer{}, err
	}
	r, err := http.NewRequest("GET", "http://"+c.address+c.Path+"?"+query, nil)
	if err != nil {
		return nil, Answer{}, err
	}
	for name, values := range header {
		r.Header[name] = values
	}
	for name, value := range map[string]string{
		"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key":        "dGhlIHNhbXBsZSBub25jZQ==",
		"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits",
	} {
		if r.Header.Get(name) == "" {
			r.Header.Set(name, value)
		}
	}
	written := make(chan error, 1)
	go func() { written <- r.Write(conn) }()
	reader := bufio.NewReaderSize(conn, 512) // small, for measurements of memory
	response, err := http.ReadResponse(reader, r)
	if err != nil {
		conn.Close()
		return nil, Answer{}, err
	}
	defer response.Body.Close() // that of an upgrade is empty
	if err := <-written; err != nil {
		conn.Close()
		return nil, Answer{}, err
	}
	answer := Answer{Status: response.StatusCode, Header: response.Header, Closes: response.Close}
	if response.StatusCode != http.StatusSwitchingProtocols {
		text, _ := io.ReadAll(response.Body)
		answer.Body = string(text)
		conn.Close()
		return nil, answer, ErrStatus
	}
	return &WebSocket{conn, reader}, answer, nil
}

// WebSocket performs a handshake that has to succeed. The test closes the
// connection.
func (c *Client) WebSocket(t testing.TB, sid string) *WebSocket {
	t.Helper()
	ws, answer, err := c.DialWebSocket(Query("websocket", sid), nil)
	if err != nil {
		t.Fatalf("WebSocket: %v: got %d %q", err, answer.Status, answer.Body)
	}
	t.Cleanup(func() { ws.Conn.Close() })
	return ws
}

// AppendFrame appends a masked frame.
func AppendFrame(to []byte, opcode byte, final bool, payload []byte) []byte {
	if final {
		opcode |= 0x80
	}
	to = append(to, opcode)
	switch n := len(payload); {
	case n < 126:
		to = append(to, 0x80|byte(n))
	case n < 1<<16:
		to = binary.BigEndian.AppendUint16(append(to, 0x80|126), uint16(n))
	default:
		to = binary.BigEndian.AppendUint64(append(to, 0x80|127), uint64(n))
	}
	mask := [4]byte{1, 2, 3, 4}
	to = append(to, mask[:]...)
	for i, b := range payload {
		to = append(to, b^mask[i%4])
	}
	return to
}

// Put sends a frame, from any goroutine.
func (ws *WebSocket) Put(opcode byte, payload string) error {
	_, err := ws.Write(AppendFrame(nil, opcode, true, []byte(payload)))
	return err
}

// Send sends a text frame.
func (ws *WebSocket) Send(t testing.TB, text string) {
	t.Helper()
	if err := ws.Put(Text, text); err != nil {
		t.Fatalf("send %q: %v", text, err)
	}
}

// SendBinary sends a binary frame.
func (ws *WebSocket) SendBinary(t testing.TB, data string) {
	t.Helper()
	if err := ws.Put(Binary, data); err != nil {
		t.Fatalf("send %q: %v", data, err)
	}
}

// Next reads a frame, from any goroutine.
func (ws *WebSocket) Next() (Frame, error) {
	var head [2]byte
	if _, err := io.ReadFull(ws.reader, head[:]); err != nil {
		return Frame{}, err
	}
	if head[0]&0xf0 != 0x80 || head[1]&0x80 != 0 {
		return Frame{}, errors.New("frame is in parts, compressed or masked")
	}
	size := uint64(head[1])
	switch size {
	case 126:
		var long [2]byte
		if _, err := io.ReadFull(ws.reader, long[:]); err != nil {
			return Frame{}, err
		}
		size = uint64(binary.BigEndian.Uint16(long[:]))
	case 127:
		var long [8]byte
		if _, err := io.ReadFull(ws.reader, long[:]); err != nil {
			return Frame{}, err
		}
		size = binary.BigEndian.Uint64(long[:])
	}
	var payload bytes.Buffer
	if _, err := io.CopyN(&payload, ws.reader, int64(size)); err != nil {
		return Frame{}, err
	}
	return Frame{head[0] & 0x0f, payload.Bytes()}, nil
}

// Read reads a frame.
func (ws *WebSocket) Read(t testing.TB) Frame {
	t.Helper()
	frame, err := ws.Next()
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return frame
}

// Want reads a text frame and fails the test unless it is as wanted.
func (ws *WebSocket) Want(t testing.TB, text string) {
	t.Helper()
	if got := ws.Read(t); got.Opcode != Text || string(got.Payload) != text {
		t.Fatalf("got frame %q, want text %q", got, text)
	}
}

// WantBinary reads a binary frame and fails the test unless it is as wanted.
func (ws *WebSocket) WantBinary(t testing.TB, data string) {
	t.Helper()
	if got := ws.Read(t); got.Opcode != Binary || string(got.Payload) != data {
		t.Fatalf("got frame %q, want binary %q", got, data)
	}
}

// WantClose reads up to a close frame, and fails the test unless it has the code;
// 1005 stands for none. It answers as clients do, and waits for the end of the
// connection. Frames on the way are returned.
func (ws *WebSocket) WantClose(t testing.TB, code uint16) (before []Frame) {
	t.Helper()
	for {
		frame := ws.Read(t)
		if frame.Opcode != Close {
			before = append(before, frame)
			continue
		}
		got := uint16(1005)
		if len(frame.Payload) >= 2 {
			got = binary.BigEndian.Uint16(frame.Payload)
		}
		if got != code {
			t.Fatalf("got close code %d %q, want %d", got, frame.Payload, code)
		}
		break
	}
	_ = ws.SetDeadline(time.Now().Add(10 * time.Second))
	_ = ws.Put(Close, "") // the server may have closed already
	if _, err := ws.reader.ReadByte(); err == nil {
		t.Fatal("got more after the close frame")
	}
	return before
}
