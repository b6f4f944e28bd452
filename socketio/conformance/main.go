// Command conformance serves what the test suites of the Engine.IO and Socket.IO
// protocols expect of a server, and what the tests of this repository ask of it
// with the clients that people use.
//
//	go run ./socketio/conformance -listen 127.0.0.1:3000 -mode socketio
//
// It prints its address when it is ready. With -mode engineio, /engine.io/ sends
// every message back. With -mode socketio, /socket.io/ has the namespaces "/" and
// "/custom" of the suite, and "/interop" and "/refused" of our own tests.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/liaison-dev/liaison/socketio"
	"github.com/liaison-dev/liaison/socketio/engineio"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:3000", "address to listen on")
	mode := flag.String("mode", "socketio", "engineio or socketio")
	t := suiteTimes
	flag.DurationVar(&t.pingInterval, "ping-interval", t.pingInterval, "time between a pong and the next ping")
	flag.DurationVar(&t.pingTimeout, "ping-timeout", t.pingTimeout, "time for a pong")
	flag.DurationVar(&t.connect, "connect-timeout", t.connect, "time for the first namespace")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *listen, *mode, t); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

// handler is what both kinds of servers are.
type handler interface {
	http.Handler
	Close(context.Context) error
}

func run(ctx context.Context, listen, mode string, t times) error {
	h, err := newHandler(mode, t)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		closing, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = h.Close(closing) // connections that do not end are closed with the process
		_ = server.Close()
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// times are those of a server.
type times struct{ pingInterval, pingTimeout, connect time.Duration }

// suiteTimes is what the suites assume.
var suiteTimes = times{300 * time.Millisecond, 200 * time.Millisecond, time.Second}

func newHandler(mode string, t times) (handler, error) {
	cfg := engineio.Config{PingInterval: t.pingInterval, PingTimeout: t.pingTimeout, MaxPayload: 1_000_000}
	switch mode {
	case "engineio":
		cfg.Open = func(s *engineio.Session) engineio.Handler { return echo{s} }
		return engineio.New(cfg)
	case "socketio":
		server, err := socketio.New(socketio.Config{Engine: cfg, ConnectTimeout: t.connect})
		if err != nil {
			return nil, err
		}
		server.Of("/").OnConnect(suite)
		server.Of("/custom").OnConnect(suite)
		server.Of("/interop").OnConnect(interop)
		server.Of("/refused").OnConnect(refuse)
		return server, nil
	}
	return nil, fmt.Errorf("mode %q is neither engineio nor socketio", mode)
}

// echo sends every message back.
type echo struct{ session *engineio.Session }

func (e echo) Message(m engineio.Message) { _ = e.session.Send(m) }
func (e echo) Closed(engineio.Reason)     {}

// apart is how long after the answer to CONNECT the next packet comes. The suite's
// client listens for one message at a time, and some WebSocket libraries hand over
// all that they have read at once: what came in the same read would be lost on it.
const apart = 25 * time.Millisecond

// suite is what the protocol's test suite expects of a namespace.
func suite(s *socketio.Socket) error {
	var auth any = struct{}{}
	if s.Auth() != nil {
		auth = s.Auth()
	}
	s.On("message", func(e *socketio.Event) { _ = s.Emit("message-back", socketio.Args(e.Args)...) })
	s.On("message-with-ack", func(e *socketio.Event) { _ = e.Ack(socketio.Args(e.Args)...) })
	time.AfterFunc(apart, func() { _ = s.Emit("auth", auth) })
	return nil
}

// interop adds what the server does of its own accord.
func interop(s *socketio.Socket) error {
	s.On("ask", func(e *socketio.Event) {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		answer, err := s.EmitAck(ctx, "question", socketio.Args(e.Args)...)
		if err == nil {
			_ = e.Ack(socketio.Args(answer)...)
		}
	})
	s.On("leave", func(*socketio.Event) { s.Disconnect(false) })
	s.On("hang-up", func(*socketio.Event) { s.Disconnect(true) })
	s.On("transport", func(e *socketio.Event) { _ = e.Ack(s.Session().Transport()) })
	return suite(s)
}

func refuse(s *socketio.Socket) error {
	return &socketio.ConnectError{Message: "not you", Data: map[string]any{"code": 7, "auth": s.Auth()}}
}
