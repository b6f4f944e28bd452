package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/liaison-dev/liaison/socketio/internal/wiretest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// inBubble serves a mode in memory and in virtual time.
func inBubble(t *testing.T, mode string, test func(t *testing.T, c *wiretest.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		h, err := newHandler(mode, suiteTimes)
		if err != nil {
			t.Fatal(err)
		}
		c := wiretest.Serve(t, h, wiretest.InMemory)
		c.Path = "/" + strings.TrimSuffix(mode, "io") + ".io/"
		t.Cleanup(func() {
			if err := h.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
		test(t, c)
	})
}

// both runs a test of the transport with both modes.
func both(t *testing.T, test func(t *testing.T, c *wiretest.Client)) {
	t.Helper()
	for _, mode := range []string{"engineio", "socketio"} {
		t.Run(mode, func(t *testing.T) { inBubble(t, mode, test) })
	}
}

func wantHandshake(t *testing.T, got wiretest.Handshake, upgrades string) {
	t.Helper()
	if strings.Join(got.Upgrades, ",") != upgrades || got.PingInterval != 300 || got.PingTimeout != 200 || got.MaxPayload != 1_000_000 {
		t.Errorf("handshake: got %+v", got)
	}
}

func TestHandshakePolling(t *testing.T) {
	both(t, func(t *testing.T, c *wiretest.Client) {
		answer := c.Do(t, "GET", "EIO=4&transport=polling", "")
		answer.WantStatus(t, 200)
		wantHandshake(t, wiretest.ParseOpen(t, answer.Body), "websocket")
		for _, query := range []string{"transport=polling", "EIO=abc&transport=polling", "EIO=4", "EIO=4&transport=abc"} {
			c.Do(t, "GET", query, "").WantStatus(t, 400)
		}
		for _, method := range []string{"POST", "PUT"} {
			c.Do(t, method, "EIO=4&transport=polling", "").WantStatus(t, 400)
		}
	})
}

func TestHandshakeWebSocket(t *testing.T) {
	both(t, func(t *testing.T, c *wiretest.Client) {
		ws := c.WebSocket(t, "")
		wantHandshake(t, wiretest.ParseOpen(t, string(ws.Read(t).Payload)), "")
		ws.Close()
		for _, query := range []string{"transport=websocket", "EIO=abc&transport=websocket", "EIO=4", "EIO=4&transport=abc"} {
			if _, answer, err := c.DialWebSocket(query, nil); !errors.Is(err, wiretest.ErrStatus) || answer.Status != 400 {
				t.Errorf("?%s: got %d, %v, want 400", query, answer.Status, err)
			}
		}
	})
}

func TestMessagesPolling(t *testing.T) {
	inBubble(t, "engineio", func(t *testing.T, c *wiretest.Client) {
		for _, payload := range []string{"4hello", "4test1\x1e4test2\x1e4test3", "4hello\x1ebAQIDBA=="} {
			sid := c.Open(t)
			c.Post(t, sid, payload).Want(t, 200, "ok")
			c.Poll(t, sid).Want(t, 200, payload)
		}
		sid := c.Open(t)
		c.Post(t, sid, "abc").WantStatus(t, 400)
		c.Poll(t, sid).WantStatus(t, 400)
	})
}

func TestTwoPolls(t *testing.T) {
	inBubble(t, "engineio", func(t *testing.T, c *wiretest.Client) {
		sid := c.Open(t)
		first := c.StartPoll(t.Context(), sid)
		synctest.Wait()
		c.Poll(t, sid).Want(t, 400, "")
		first.Wait(t).Want(t, 200, "1")
		c.Poll(t, sid).WantStatus(t, 400)
	})
}

func TestCancelledPoll(t *testing.T) {
	inBubble(t, "engineio", func(t *testing.T, c *wiretest.Client) {
		sid := c.Open(t)
		ctx, cancel := context.WithCancel(t.Context())
		c.StartPoll(ctx, sid)
		synctest.Wait()
		cancel()
		c.Poll(t, sid).WantStatus(t, 400) // whether the server has noticed or not
		synctest.Wait()
		c.Poll(t, sid).WantStatus(t, 400)
	})
}

func TestMessagesWebSocket(t *testing.T) {
	inBubble(t, "engineio", func(t *testing.T, c *wiretest.Client) {
		ws := c.WebSocket(t, "")
		ws.Read(t) // the handshake
		ws.Send(t, "4hello")
		ws.Want(t, "4hello")
		ws.SendBinary(t, "\x01\x02\x03\x04")
		ws.WantBinary(t, "\x01\x02\x03\x04")
		ws.Send(t, "abc")
		ws.WantClose(t, 1005)
	})
}

func TestHeartbeatPolling(t *testing.T) {
	both(t, func(t *testing.T, c *wiretest.Client) {
		start := time.Now()
		sid := c.Open(t)
		for i := range 3 {
			c.Poll(t, sid).Want(t, 200, "2")
			if got, want := time.Since(start), time.Duration(i+1)*300*time.Millisecond; got != want {
				t.Errorf("ping %d: after %s, want %s", i, got, want)
			}
			c.Post(t, sid, "3").Want(t, 200, "ok")
		}

		sid = c.Open(t)
		time.Sleep(500*time.Millisecond - time.Nanosecond)
		synctest.Wait()
		c.Post(t, sid, "6").WantStatus(t, 200)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		c.Poll(t, sid).WantStatus(t, 400)
	})
}

func TestHeartbeatWebSocket(t *testing.T) {
	both(t, func(t *testing.T, c *wiretest.Client) {
		ws := c.WebSocket(t, "")
		ws.Read(t) // the handshake
		for range 3 {
			ws.Want(t, "2")
			ws.Send(t, "3")
		}

		start := time.Now()
		ws = c.WebSocket(t, "")
		ws.Read(t) // the handshake
		ws.Want(t, "2")
		ws.WantClose(t, 1005)
		if got := time.Since(start); got != 500*time.Millisecond {
			t.Errorf("ping timeout: after %s, want 500ms", got)
		}
	})
}

func TestClosePolling(t *testing.T) {
	both(t, func(t *testing.T, c *wiretest.Client) {
		sid := c.Open(t)
		poll := c.StartPoll(t.Context(), sid)
		synctest.Wait()
		c.Post(t, sid, "1").Want(t, 200, "ok")
		poll.Wait(t).Want(t, 200, "6")
		c.Poll(t, sid).WantStatus(t, 400)

		sid = c.Open(t) // the POST may overtake the poll
		c.Post(t, sid, "1").Want(t, 200, "ok")
		c.Poll(t, sid).Want(t, 200, "6")
		c.Poll(t, sid).WantStatus(t, 400)
	})
}

func TestCloseWebSocket(t *testing.T) {
	both(t, func(t *testing.T, c *wiretest.Client) {
		ws := c.WebSocket(t, "")
		ws.Read(t) // the handshake
		ws.Send(t, "1")
		ws.WantClose(t, 1005)
	})
}

func TestUpgrade(t *testing.T) {
	inBubble(t, "engineio", func(t *testing.T, c *wiretest.Client) {
		sid := c.Open(t)
		ws := c.WebSocket(t, sid)
		ws.Send(t, "2probe")
		ws.Want(t, "3probe")
		c.Poll(t, sid).Want(t, 200, "6")
		ws.Send(t, "5")
		ws.Send(t, "4hello")
		ws.Want(t, "4hello")
	})
}

func TestAfterUpgrade(t *testing.T) {
	both(t, func(t *testing.T, c *wiretest.Client) {
		sid := c.Open(t)
		ws := c.WebSocket(t, sid)
		ws.Send(t, "2probe")
		ws.Want(t, "3probe")
		ws.Send(t, "5")
		c.Poll(t, sid).WantStatus(t, 400)
		c.Post(t, sid, "4hello").WantStatus(t, 400)
		second := c.WebSocket(t, sid)
		second.WantClose(t, 1005)
		if c.Path == "/engine.io/" {
			ws.Send(t, "4hello")
			ws.Want(t, "4hello")
		}
	})
}

// connect returns a WebSocket that is connected to the main namespace.
func connect(t *testing.T, c *wiretest.Client) *wiretest.WebSocket {
	t.Helper()
	ws := c.WebSocket(t, "")
	ws.Read(t) // the handshake
	ws.Send(t, "40")
	ws.Read(t) // the sid
	ws.Want(t, `42["auth",{}]`)
	return ws
}

func TestConnect(t *testing.T) {
	for _, test := range []struct{ name, send, sid, auth string }{
		{"main namespace", "40", "40{", `42["auth",{}]`},
		{"main namespace with a payload", `40{"token":"123"}`, "40{", `42["auth",{"token":"123"}]`},
		{"custom namespace", "40/custom,", "40/custom,{", `42/custom,["auth",{}]`},
		{"custom namespace with a payload", `40/custom,{"token":"abc"}`, "40/custom,{", `42/custom,["auth",{"token":"abc"}]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, "socketio", func(t *testing.T, c *wiretest.Client) {
				ws := c.WebSocket(t, "")
				ws.Read(t) // the handshake
				ws.Send(t, test.send)
				got := ws.Read(t).String()
				if !strings.HasPrefix(got, "t"+test.sid+`"sid":"`) || !strings.HasSuffix(got, `"}`) {
					t.Errorf("got %q, want %s with a sid and nothing else", got, test.sid)
				}
				ws.Want(t, test.auth)
			})
		})
	}
}

func TestConnectRefused(t *testing.T) {
	inBubble(t, "socketio", func(t *testing.T, c *wiretest.Client) {
		ws := c.WebSocket(t, "")
		ws.Read(t) // the handshake
		ws.Send(t, "40/random")
		ws.Want(t, `44/random,{"message":"Invalid namespace"}`)
		ws.Send(t, `40/refused,{"a":1}`)
		ws.Want(t, `44/refused,{"message":"not you","data":{"auth":{"a":1},"code":7}}`)
		ws.Send(t, "4abc")
		ws.WantClose(t, 1005)
	})
}

func TestNoConnect(t *testing.T) {
	inBubble(t, "socketio", func(t *testing.T, c *wiretest.Client) {
		start := time.Now()
		ws := c.WebSocket(t, "")
		ws.Read(t) // the handshake
		for range 3 {
			ws.Want(t, "2")
			ws.Send(t, "3")
		}
		ws.WantClose(t, 1005)
		if got := time.Since(start); got != time.Second {
			t.Errorf("closed after %s, want 1s", got)
		}
	})
}

func TestDisconnect(t *testing.T) {
	inBubble(t, "socketio", func(t *testing.T, c *wiretest.Client) {
		ws := connect(t, c)
		ws.Send(t, "41")
		ws.Want(t, "2") // the connection lives on

		ws = connect(t, c)
		ws.Send(t, "40/custom")
		ws.Read(t)
		ws.Want(t, `42/custom,["auth",{}]`)
		ws.Send(t, "41/custom")
		ws.Send(t, `42["message","message to main namespace"]`)
		ws.Want(t, `42["message-back","message to main namespace"]`)
	})
}

func TestEvents(t *testing.T) {
	inBubble(t, "socketio", func(t *testing.T, c *wiretest.Client) {
		ws := connect(t, c)
		ws.Send(t, `42["message",1,"2",{"3":[true]}]`)
		ws.Want(t, `42["message-back",1,"2",{"3":[true]}]`)

		ws.Send(t, `452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`)
		ws.SendBinary(t, "\x01\x02\x03")
		ws.SendBinary(t, "\x04\x05\x06")
		ws.Want(t, `452-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`)
		ws.WantBinary(t, "\x01\x02\x03")
		ws.WantBinary(t, "\x04\x05\x06")

		ws.Send(t, `42456["message-with-ack",1,"2",{"3":[false]}]`)
		ws.Want(t, `43456[1,"2",{"3":[false]}]`)

		ws.Send(t, `452-789["message-with-ack",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`)
		ws.SendBinary(t, "\x01\x02\x03")
		ws.SendBinary(t, "\x04\x05\x06")
		ws.Want(t, `462-789[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]`)
		ws.WantBinary(t, "\x01\x02\x03")
		ws.WantBinary(t, "\x04\x05\x06")
	})
}

func TestInvalidPackets(t *testing.T) {
	for _, packet := range []string{"4abc", "42{}", `42abc["message-with-ack",1,"2",{"3":[false]}]`} {
		inBubble(t, "socketio", func(t *testing.T, c *wiretest.Client) {
			ws := connect(t, c)
			ws.Send(t, packet)
			ws.WantClose(t, 1005)
		})
	}
}

func TestProgram(t *testing.T) {
	if err := run(t.Context(), "127.0.0.1:0", "both", suiteTimes); err == nil {
		t.Error("unknown mode: got no error")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx, "127.0.0.1:0", "socketio", suiteTimes); err != nil {
		t.Error(err)
	}
}
