package engineio_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/liaison-dev/liaison/socketio/engineio"
	"github.com/liaison-dev/liaison/socketio/internal/wiretest"
)

func TestMalformedPosts(t *testing.T) {
	for _, body := range []string{
		"", "\x1e", "4x\x1e", "\x1e4x", "7", "x", "4\xff\xfe", "\xed\xa0\x804", "b!", "bAQ", "bAQI", "bAR==", "bAQ==\n", "b\r\nAQ==",
		"6:4hello", "4:4hello", // revision 3 counted characters
		"\x00\x06\xff4hello", // and had a binary format
		"d=6:4hello",
		strings.Repeat("\x1e", 100_000), strings.Repeat("4\x1e", 100_000),
	} {
		name := fmt.Sprintf("%.20q", body)
		inBubble(t, engineio.Config{}, func(t *testing.T, c *wiretest.Client, opened sessions) {
			sid := c.Open(t)
			session := <-opened
			answer := c.Post(t, sid, body)
			if body == "6:4hello" || body == "4:4hello" { // packets like any other now
				answer.Want(t, 200, "ok")
				return
			}
			if answer.Status != 400 || answer.Body != "" || !answer.Closes {
				t.Errorf("%s: got %+v, want 400, empty and closed", name, answer)
			}
			session.wantClosed(t, engineio.ParseError)
			c.Poll(t, sid).WantStatus(t, 400)
			if len(session.messages) != 0 {
				t.Errorf("%s: a part of it was handled", name)
			}
		})
	}
}

func TestMalformedFrames(t *testing.T) {
	for _, test := range []struct {
		name, raw string
		code      uint16 // 0: whatever, as long as it ends
		reason    engineio.Reason
	}{
		{"unknown kind", frame(wiretest.Text, "7"), 1005, engineio.ParseError},
		{"empty text", frame(wiretest.Text, ""), 1005, engineio.ParseError},
		{"ping", frame(wiretest.Text, "2"), 1005, engineio.TransportError},
		{"probe on a session's own WebSocket", frame(wiretest.Text, "2probe"), 1005, engineio.TransportError},
		{"invalid UTF-8", frame(wiretest.Text, "4\xff"), 1007, engineio.TransportError},
		{"not masked", "\x81\x024x", 1002, engineio.TransportError},
		{"compressed", "\xc1\x82\x00\x00\x00\x004x", 1002, engineio.TransportError},
		{"unknown opcode", "\x83\x80\x00\x00\x00\x00", 1002, engineio.TransportError},
		{"continuation of nothing", frame(wiretest.Continuation, "4x"), 1002, engineio.TransportError},
		{"long control frame", frame(wiretest.Ping, strings.Repeat("x", 126)), 1002, engineio.TransportError},
		{"length of 2^63", "\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 0, engineio.TransportError},
		{"length of -1", "\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00", 0, engineio.TransportError},
		{"length of 2^62", "\x82\xff\x40\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 1009, engineio.TransportError},
		{"close", frame(wiretest.Close, "\x03\xe8"), 1000, engineio.TransportClose},
		{"close without code", frame(wiretest.Close, ""), 1005, engineio.TransportClose},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, engineio.Config{}, func(t *testing.T, c *wiretest.Client, opened sessions) {
				ws := c.WebSocket(t, "")
				ws.Read(t)
				session := <-opened
				bystander := c.Open(t)
				if _, err := ws.Write([]byte(test.raw)); err != nil {
					t.Fatal(err)
				}
				if test.code == 0 {
					if frame, err := ws.Next(); err == nil && frame.Opcode != wiretest.Close {
						t.Errorf("got frame %q, want the end", frame)
					}
				} else {
					ws.WantClose(t, test.code)
				}
				session.wantClosed(t, test.reason)
				c.Post(t, bystander, "4x").Want(t, 200, "ok")
			})
		})
	}
}

func frame(opcode byte, payload string) string {
	return string(wiretest.AppendFrame(nil, opcode, true, []byte(payload)))
}

// TestHarmlessPackets: the reference implementation takes no notice of them.
func TestHarmlessPackets(t *testing.T) {
	inBubble(t, engineio.Config{}, func(t *testing.T, c *wiretest.Client, opened sessions) {
		sid := c.Open(t)
		session := <-opened
		c.Post(t, sid, "0\x1e3\x1e5\x1e6\x1e3probe\x1e4x").Want(t, 200, "ok")
		session.want(t, "tx")
		ws := upgrade(t, c, sid)
		for _, packet := range []string{"0", "3", "5", "6", "bAQ==", "4y"} {
			ws.Send(t, packet)
		}
		session.want(t, "b\x01", "ty")
		if err := ws.Put(wiretest.Ping, "abc"); err != nil {
			t.Fatal(err)
		}
		if got := ws.Read(t); got.Opcode != wiretest.Pong || string(got.Payload) != "abc" {
			t.Errorf("got %q, want a pong", got)
		}
	})
}

func TestBinaryPost(t *testing.T) {
	inBubble(t, engineio.Config{}, func(t *testing.T, c *wiretest.Client, opened sessions) {
		sid := c.Open(t)
		session := <-opened
		answer, err := c.Send(t.Context(), "POST", wiretest.Query("polling", sid), header("Content-Type", "application/octet-stream"), strings.NewReader("\x04x"))
		if err != nil {
			t.Fatal(err)
		}
		if answer.Status != 400 || !answer.Closes {
			t.Errorf("got %+v, want 400 and closed", answer)
		}
		session.wantClosed(t, engineio.ParseError)
	})
}

// halfPost sends the beginning of a POST.
func halfPost(t *testing.T, c *wiretest.Client, sid string) *bufio.Reader {
	t.Helper()
	conn := c.Dial(t)
	fmt.Fprintf(conn, "POST %s?%s HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n4half", c.Path, wiretest.Query("polling", sid))
	synctest.Wait()
	return bufio.NewReader(conn)
}

func wantRefusedAndClosed(t *testing.T, r *bufio.Reader) {
	t.Helper()
	response, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatalf("half-sent POST: %v", err)
	}
	defer response.Body.Close()
	if response.StatusCode != 400 || !response.Close {
		t.Errorf("half-sent POST: got %d, closed %t, want 400 and closed", response.StatusCode, response.Close)
	}
	if _, err := r.ReadByte(); err == nil {
		t.Error("the connection lives on")
	}
}

// TestHalfPosts: a POST whose body never comes is answered and its connection
// closed as soon as its session has ended, for whatever reason.
func TestHalfPosts(t *testing.T) {
	inBubble(t, engineio.Config{}, func(t *testing.T, c *wiretest.Client, opened sessions) {
		sid := c.Open(t)
		session := <-opened
		half := halfPost(t, c, sid)
		c.Post(t, sid, "4second").Want(t, 400, "") // at the same time as the first
		wantRefusedAndClosed(t, half)
		session.wantClosed(t, engineio.TransportError)

		sid = c.Open(t)
		session = <-opened
		half = halfPost(t, c, sid)
		start := time.Now()
		wantRefusedAndClosed(t, half)
		session.wantClosed(t, engineio.PingTimeout) // it cannot pong while it sends
		if got := time.Since(start); got > 45*time.Second {
			t.Errorf("closed after %s, want 45s", got)
		}

		sid = c.Open(t)
		session = <-opened
		half = halfPost(t, c, sid)
		upgrade(t, c, sid)
		wantRefusedAndClosed(t, half)
		if len(session.messages) != 0 {
			t.Error("half a POST was handled")
		}
	})
}

// TestConnectionsFlat: whatever is wrong with a POST or a poll, its connection
// does not outlive it.
func TestConnectionsFlat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opened := make(sessions, 1000)
		server, err := engineio.New(engineio.Config{Open: opened.open})
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close(context.Background())
		connections := make(map[net.Conn]http.ConnState)
		var mu sync.Mutex
		c := wiretest.ServeWith(t, &http.Server{Handler: server, IdleTimeout: time.Minute, ConnState: func(conn net.Conn, state http.ConnState) {
			mu.Lock()
			defer mu.Unlock()
			connections[conn] = state
			if state == http.StateClosed {
				delete(connections, conn)
			}
		}}, wiretest.InMemory)
		for _, request := range []string{
			"Content-Type: application/octet-stream\r\nContent-Length: 2\r\n\r\n\x04x",
			"Content-Type: application/octet-stream\r\nContent-Length: 1000\r\n\r\n\x04x",
			"Content-Length: 2000000\r\n\r\n4x",
			"Content-Length: 100\r\n\r\n4x",
			"Content-Length: 2\r\n\r\n8x",
			"Content-Length: 0\r\n\r\n",
			"Expect: 100-continue\r\nContent-Length: 100\r\n\r\n",
			"Transfer-Encoding: chunked\r\n\r\n5\r\n4hel",
			"Transfer-Encoding: chunked\r\n\r\nno number\r\n",
		} {
			for range 20 {
				conn := c.Dial(t)
				go io.Copy(io.Discard, conn)
				fmt.Fprintf(conn, "POST %s?%s HTTP/1.1\r\nHost: x\r\n%s", c.Path, wiretest.Query("polling", c.Open(t)), request)
			}
		}
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if len(connections) > 0 {
			t.Errorf("%d connections are left", len(connections))
		}
		if n := server.Sessions(); n > 0 {
			t.Errorf("%d sessions are left", n)
		}
	})
}

// TestLargePostIsNotRead: the answer comes before the body.
func TestLargePostIsNotRead(t *testing.T) {
	inBubble(t, engineio.Config{}, func(t *testing.T, c *wiretest.Client, opened sessions) {
		sid := c.Open(t)
		conn := c.Dial(t)
		fmt.Fprintf(conn, "POST %s?%s HTTP/1.1\r\nHost: x\r\nContent-Length: 1000001\r\n\r\n", c.Path, wiretest.Query("polling", sid))
		reader := bufio.NewReader(conn)
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != 413 || !response.Close {
			t.Errorf("got %d, closed %t, want 413 and closed", response.StatusCode, response.Close)
		}
		c.Post(t, sid, "4x").Want(t, 200, "ok")
	})
}

// TestVanishedClients: whoever opens sessions and never comes back leaves
// nothing behind.
func TestVanishedClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, opened, server := serve(t, engineio.Config{}, wiretest.InMemory)
		for range 100 {
			c.Open(t)
		}
		if n := server.Sessions(); n != 100 {
			t.Errorf("got %d sessions, want 100", n)
		}
		time.Sleep(45 * time.Second)
		synctest.Wait()
		if n := server.Sessions(); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
		for range 100 {
			(<-opened).wantClosed(t, engineio.PingTimeout)
		}
	})
}

// TestProbeFlood: one session has one WebSocket beside it, whatever its client
// does; what is too much is closed at once.
func TestProbeFlood(t *testing.T) {
	inBubble(t, engineio.Config{}, func(t *testing.T, c *wiretest.Client, opened sessions) {
		sid := c.Open(t)
		session := <-opened
		first := c.WebSocket(t, sid)
		for range 50 {
			c.WebSocket(t, sid).WantClose(t, 1005)
		}
		first.Send(t, "2probe")
		first.Want(t, "3probe")
		first.Close()
		synctest.Wait()
		for _, packet := range []string{"5", "4x", "2", "2other", "7", "1"} { // before the probe
			ws := c.WebSocket(t, sid)
			ws.Send(t, packet)
			ws.WantClose(t, 1005)
		}
		ws := c.WebSocket(t, sid)
		ws.SendBinary(t, "x")
		ws.WantClose(t, 1005)
		if len(session.messages) != 0 {
			t.Error("a message was taken before the upgrade")
		}
		c.Post(t, sid, "4x").Want(t, 200, "ok") // polling goes on
		upgrade(t, c, sid)
	})
}

// TestEarlyFrames: a client that does not wait for the answer to its handshake
// loses nothing.
func TestEarlyFrames(t *testing.T) {
	c, opened, _ := serve(t, engineio.Config{}, wiretest.Loopback)
	conn := c.Dial(t)
	fmt.Fprintf(conn, "GET %s?%s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n%s%s",
		c.Path, wiretest.Query("websocket", ""), frame(wiretest.Text, "4early"), frame(wiretest.Binary, strings.Repeat("x", 5000)))
	session := <-opened
	session.want(t, "tearly", "b"+strings.Repeat("x", 5000))
}

func TestPanics(t *testing.T) {
	inBubble(t, engineio.Config{Open: func(s *engineio.Session) engineio.Handler { return panics{} }}, func(t *testing.T, c *wiretest.Client, _ sessions) {
		sid := c.Open(t)
		c.Post(t, sid, "4x").Want(t, 200, "ok")
		c.Poll(t, sid).WantStatus(t, 400)
		ws := c.WebSocket(t, "")
		ws.Read(t)
		ws.Send(t, "4x")
		ws.WantClose(t, 1005)
	})
}

type panics struct{}

func (panics) Message(engineio.Message) { panic("message") }
func (panics) Closed(engineio.Reason)   { panic("closed") }

// TestCutPoll: what a client got of a poll that it cut short is not known, so its
// session ends.
func TestCutPoll(t *testing.T) {
	inBubble(t, engineio.Config{}, func(t *testing.T, c *wiretest.Client, opened sessions) {
		sid := c.Open(t)
		session := <-opened
		ctx, cancel := context.WithCancel(t.Context())
		c.StartPoll(ctx, sid)
		synctest.Wait()
		cancel()
		session.wantClosed(t, engineio.TransportError)
		c.Poll(t, sid).Want(t, 400, `{"code":1,"message":"Session ID unknown"}`)
	})
}

// TestOpenEndsSessions: the user may end a session before it has begun.
func TestOpenEndsSessions(t *testing.T) {
	reasons := make(chan engineio.Reason, 2)
	cfg := engineio.Config{Open: func(s *engineio.Session) engineio.Handler {
		s.Send(text("bye"))
		s.Close("not wanted")
		return &recorder{s, nil, reasons}
	}}
	inBubble(t, cfg, func(t *testing.T, c *wiretest.Client, _ sessions) {
		sid := c.Open(t)
		c.Poll(t, sid).Want(t, 200, "4bye")
		c.Poll(t, sid).Want(t, 200, "1")
		ws := c.WebSocket(t, "")
		wiretest.ParseOpen(t, string(ws.Read(t).Payload))
		ws.Want(t, "4bye")
		ws.WantClose(t, 1005)
		for range 2 {
			if got := <-reasons; got != "not wanted" {
				t.Errorf("reason: got %q", got)
			}
		}
	})
	cfg.Open = func(*engineio.Session) engineio.Handler { panic("open") }
	inBubble(t, cfg, func(t *testing.T, c *wiretest.Client, _ sessions) {
		c.Poll(t, c.Open(t)).WantStatus(t, 400)
		c.WebSocket(t, "").WantClose(t, 1005)
	})
	cfg.Open = func(s *engineio.Session) engineio.Handler {
		for s.Send(text("x")) == nil { // more than may wait
		}
		return &recorder{s, nil, reasons}
	}
	inBubble(t, cfg, func(t *testing.T, c *wiretest.Client, _ sessions) {
		c.Poll(t, c.Open(t)).WantStatus(t, 400)
		c.WebSocket(t, "").WantClose(t, 1005)
	})
}

// TestServerTimeouts: an http.Server with timeouts shorter than
// a poll does not end it.
func TestServerTimeouts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		opened := make(sessions, 1)
		server, err := engineio.New(engineio.Config{Open: opened.open})
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close(context.Background())
		c := wiretest.ServeWith(t, &http.Server{Handler: server, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second}, wiretest.InMemory)
		sid := c.Open(t)
		session := <-opened
		for range 3 {
			c.Poll(t, sid).Want(t, 200, "2")
			c.Post(t, sid, "3").Want(t, 200, "ok")
		}
		ws := upgrade(t, c, sid)
		time.Sleep(20 * time.Second)
		session.Send(text("x"))
		ws.Want(t, "4x")
	})
}
