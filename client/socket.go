package client

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/lxzan/gws"

	"github.com/liaison-dev/liaison/protocol"
)

const (
	dialTimeout  = 10 * time.Second
	writeTimeout = 10 * time.Second
	// pingInterval keeps proxies from closing a silent connection; a connection
	// that brings nothing for quietTimeout, not even a pong, is dead.
	pingInterval = 25 * time.Second
	quietTimeout = 60 * time.Second
	// inboundMessages that were read and not handled yet. More wait in the
	// connection.
	inboundMessages = 64
)

// socket is one WebSocket connection. One goroutine reads it; its user writes.
type socket struct {
	gws.BuiltinEventHandler
	// Fixed.
	conn *gws.Conn
	in   chan protocol.ServerMessage
	quit chan struct{} // closed by close
	done chan struct{} // closed when reading has ended
	once sync.Once

	err error // why reading ended; valid after done
}

// dialSocket connects with the session's token. The error carries a code; for
// [protocol.SessionRotated] another token helps.
func dialSocket(ctx context.Context, r *rest) (*socket, error) {
	const op = "connect to server"
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := dialConn(dialing, r)
	if err != nil {
		return nil, unreachable(ctx, op, err)
	}
	stop := context.AfterFunc(dialing, func() { conn.Close() })
	s := &socket{in: make(chan protocol.ServerMessage, inboundMessages), quit: make(chan struct{}), done: make(chan struct{})}
	var response *http.Response
	s.conn, response, err = gws.NewClientFromConn(s, socketOptions(r), conn)
	if !stop() || err != nil {
		conn.Close()
		if response != nil && response.StatusCode != http.StatusSwitchingProtocols {
			body, _ := io.ReadAll(io.LimitReader(response.Body, protocol.MaxBodyBytes))
			return nil, problem(op, response.StatusCode, body)
		}
		return nil, unreachable(ctx, op, err)
	}
	go s.read()
	return s, nil
}

// read reads until the connection ends.
func (s *socket) read() {
	defer func() {
		// The library panics upon some malformed frames. A server must not be
		// able to end the program that way; the connection it may.
		if cause := recover(); cause != nil {
			s.conn.NetConn().Close()
			s.ended(fmt.Errorf("malformed frame: %v", cause))
		}
	}()
	s.conn.ReadLoop()
}

func dialConn(ctx context.Context, r *rest) (net.Conn, error) {
	address := r.origin.Host()
	secure := r.origin.Scheme() == "https"
	if _, _, err := net.SplitHostPort(address); err != nil {
		port := "80"
		if secure {
			port = "443"
		}
		address = net.JoinHostPort(r.origin.Hostname(), port)
	}
	conn, err := r.dialer.DialContext(ctx, "tcp", address)
	if err != nil || !secure {
		return conn, err
	}
	config := r.tls.Clone()
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if config.ServerName == "" {
		config.ServerName = r.origin.Hostname()
	}
	config.NextProtos = []string{"http/1.1"}
	tlsConn := tls.Client(conn, config)
	if err := tlsConn.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return tlsConn, nil
}

func socketOptions(r *rest) *gws.ClientOption {
	scheme := "ws://"
	if r.origin.Scheme() == "https" {
		scheme = "wss://"
	}
	return &gws.ClientOption{
		Addr:                scheme + r.origin.Host() + protocol.PathSocket,
		HandshakeTimeout:    dialTimeout,
		ReadMaxPayloadSize:  protocol.MaxMessageBytes,
		WriteMaxPayloadSize: protocol.MaxMessageBytes,
		CheckUtf8Enabled:    true,
		Logger:              silent{},
		RequestHeader: http.Header{
			"Authorization":          {"Bearer " + r.bearer()},
			"Sec-Websocket-Protocol": {protocol.Subprotocol},
		},
	}
}

// silent keeps the WebSocket library from writing to standard error.
type silent struct{}

func (silent) Error(...any) {}

// OnOpen is called before the first read.
func (s *socket) OnOpen(*gws.Conn) { s.alive() }

// OnPing answers.
func (s *socket) OnPing(_ *gws.Conn, payload []byte) {
	s.alive()
	_ = s.conn.WritePong(payload) // a broken connection shows itself to the reader
}

// OnPong shows that the connection lives.
func (s *socket) OnPong(*gws.Conn, []byte) { s.alive() }

// OnMessage hands a message to the user of the socket. A message that does not
// parse ends the connection: a later one would be misunderstood, too.
func (s *socket) OnMessage(_ *gws.Conn, message *gws.Message) {
	defer message.Close()
	s.alive()
	m, err := protocol.ParseServerMessage(message.Bytes())
	if err != nil {
		_ = s.conn.WriteClose(uint16(protocol.InvalidMessage.Info().Close), nil)
		return
	}
	select {
	case s.in <- m:
	case <-s.quit:
	}
}

// OnClose is called once, after the last read.
func (s *socket) OnClose(_ *gws.Conn, err error) { s.ended(err) }

func (s *socket) ended(err error) {
	s.err = err
	close(s.done)
}

func (s *socket) alive() { _ = s.conn.SetReadDeadline(time.Now().Add(quietTimeout)) }

func (s *socket) send(m protocol.ClientMessage) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_ = s.conn.NetConn().SetWriteDeadline(time.Now().Add(writeTimeout))
	return s.conn.WriteMessage(gws.OpcodeText, data)
}

func (s *socket) ping() error {
	_ = s.conn.NetConn().SetWriteDeadline(time.Now().Add(writeTimeout))
	return s.conn.WritePing(nil)
}

// close ends the connection and waits for the reader.
func (s *socket) close() {
	s.once.Do(func() {
		close(s.quit)
		_ = s.conn.NetConn().SetWriteDeadline(time.Now().Add(time.Second))
		_ = s.conn.WriteClose(1000, nil)
	})
	<-s.done
}

// refusal returns the code with which the server ended the connection for good,
// empty if the client may come back. Source: spec/protocol.md §7.
func (s *socket) refusal() protocol.Code {
	var closed *gws.CloseError
	if !errors.As(s.err, &closed) || closed.Code < 4500 || closed.Code > 4999 {
		return ""
	}
	for _, info := range protocol.Codes() {
		if info.Close == int(closed.Code) {
			return info.Code
		}
	}
	return protocol.UnsupportedVersion // a reason from the future
}
