package engineio_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/liaison-dev/liaison/socketio/engineio"
	"github.com/liaison-dev/liaison/socketio/internal/wiretest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sessions is what a server under test opened, in order.
type sessions chan *recorder

// recorder is a handler that notes what it gets.
type recorder struct {
	*engineio.Session
	messages chan string // as a frame is shown: t or b, then the data
	closed   chan engineio.Reason
}

func (r *recorder) Message(m engineio.Message) {
	kind := "t"
	if m.Binary {
		kind = "b"
	}
	r.messages <- kind + string(m.Data)
}

func (r *recorder) Closed(reason engineio.Reason) { r.closed <- reason }

// open is for Config.Open.
func (s sessions) open(session *engineio.Session) engineio.Handler {
	r := &recorder{session, make(chan string, 1<<14), make(chan engineio.Reason, 2)}
	s <- r
	return r
}

// serve serves a configuration. Its Open may be missing.
func serve(t *testing.T, cfg engineio.Config, network wiretest.Network) (*wiretest.Client, sessions, *engineio.Server) {
	t.Helper()
	opened := make(sessions, 1<<10)
	if cfg.Open == nil {
		cfg.Open = opened.open
	}
	server, err := engineio.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	c := wiretest.Serve(t, server, network)
	t.Cleanup(func() {
		if err := server.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return c, opened, server
}

// inBubble serves a configuration in memory and in virtual time.
func inBubble(t *testing.T, cfg engineio.Config, test func(t *testing.T, c *wiretest.Client, opened sessions)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c, opened, _ := serve(t, cfg, wiretest.InMemory)
		test(t, c, opened)
	})
}

// upgrade completes an upgrade as clients do.
func upgrade(t *testing.T, c *wiretest.Client, sid string) *wiretest.WebSocket {
	t.Helper()
	ws := c.WebSocket(t, sid)
	ws.Send(t, "2probe")
	ws.Want(t, "3probe")
	ws.Send(t, "5")
	synctest.Wait()
	return ws
}

func (r *recorder) want(t *testing.T, messages ...string) {
	t.Helper()
	for _, want := range messages {
		if got := <-r.messages; got != want {
			t.Fatalf("got message %q, want %q", got, want)
		}
	}
}

func (r *recorder) wantClosed(t *testing.T, reason engineio.Reason) {
	t.Helper()
	select {
	case got := <-r.closed:
		if got != reason {
			t.Errorf("closed: got %q, want %q", got, reason)
		}
	case <-time.After(time.Minute):
		t.Fatalf("not closed, want %q", reason)
	}
}

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}
