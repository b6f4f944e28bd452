package socketio_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/liaison-dev/liaison/socketio"
	"github.com/liaison-dev/liaison/socketio/internal/wiretest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// inBubble serves a configuration in memory and in virtual time. The namespace
// "/" is asked with onConnect.
func inBubble(t *testing.T, cfg socketio.Config, onConnect func(*socketio.Socket) error, test func(t *testing.T, c *wiretest.Client, s *socketio.Server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server, err := socketio.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		server.Of("/").OnConnect(onConnect)
		c := wiretest.Serve(t, server, wiretest.InMemory)
		c.Path = "/socket.io/"
		t.Cleanup(func() {
			if err := server.Close(context.Background()); err != nil {
				t.Errorf("close: %v", err)
			}
		})
		test(t, c, server)
	})
}

// connect opens a WebSocket that is connected to "/".
func connect(t *testing.T, c *wiretest.Client) *wiretest.WebSocket {
	t.Helper()
	ws := c.WebSocket(t, "")
	ws.Read(t) // the handshake
	ws.Send(t, "40")
	wantConnected(t, ws, "")
	return ws
}

func wantConnected(t *testing.T, ws *wiretest.WebSocket, namespace string) {
	t.Helper()
	if got := ws.Read(t).String(); !strings.HasPrefix(got, "t40"+namespace+`{"sid":"`) {
		t.Fatalf("got %q, want the answer to CONNECT", got)
	}
}

// accept is an OnConnect that hands out the socket.
func accept(sockets chan *socketio.Socket) func(*socketio.Socket) error {
	return func(s *socketio.Socket) error {
		sockets <- s
		return nil
	}
}

// within returns the value that is there once nothing happens any more, or a
// virtual minute later. It does not wait for the channel itself, since time
// stands still while somebody waits for one from outside of the bubble.
func within[T any](t *testing.T, c <-chan T) (v T) {
	t.Helper()
	for range 60 {
		synctest.Wait()
		select {
		case v = <-c:
			return v
		default:
		}
		time.Sleep(time.Second)
	}
	t.Fatal("nothing came within a minute")
	return v
}
