package engineio_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/liaison-dev/liaison/socketio/engineio"
	"github.com/liaison-dev/liaison/socketio/internal/wiretest"
)

func text(s string) engineio.Message   { return engineio.Message{Data: []byte(s)} }
func binary(s string) engineio.Message { return engineio.Message{Data: []byte(s), Binary: true} }

func TestErrorAnswers(t *testing.T) {
	inBubble(t, engineio.Config{}, func(t *testing.T, c *wiretest.Client, opened sessions) {
		sid := c.Open(t)
		for _, test := range []struct{ method, query, body string }{
			{"GET", "EIO=4", `{"code":0,"message":"Transport unknown"}`},
			{"GET", "EIO=4&transport=<b>", `{"code":0,"message":"Transport unknown"}`},
			{"GET", "EIO=4&transport=polling&sid=unknown", `{"code":1,"message":"Session ID unknown"}`},
			{"POST", "EIO=4&transport=polling&sid=__proto__", `{"code":1,"message":"Session ID unknown"}`},
			{"POST", "EIO=4&transport=polling", `{"code":2,"message":"Bad handshake method"}`},
			{"HEAD", "EIO=4&transport=polling", ""},
			{"GET", "EIO=4&transport=websocket", `{"code":3,"message":"Bad request"}`},
			{"GET", "EIO=4&transport=websocket&sid=" + sid, `{"code":3,"message":"Bad request"}`},
			{"PUT", "EIO=4&transport=polling&sid=" + sid, `{"code":3,"message":"Bad request"}`},
			{"GET", "EIO=3&transport=polling", `{"code":5,"message":"Unsupported protocol version"}`},
		} {
			answer := c.Do(t, test.method, test.query, "")
			answer.Want(t, 400, test.body)
			if got := answer.Header.Get("Content-Type"); got != "application/json" {
				t.Errorf("%s ?%s: content type %q", test.method, test.query, got)
			}
			if got := answer.Header.Get("Access-Control-Allow-Origin"); got != "*" {
				t.Errorf("%s ?%s: allowed origin %q", test.method, test.query, got)
			}
		}
		for query, body := range map[string]string{
			"EIO=4&transport=websocket&sid=unknown": "Session ID unknown",
			"EIO=3&transport=websocket":             "Unsupported protocol version",
			"EIO=4&transport=polling":               "Bad request",
		} {
			_, answer, err := c.DialWebSocket(query, nil)
			if !errors.Is(err, wiretest.ErrStatus) || answer.Status != 400 || answer.Body != body ||
				answer.Header.Get("Content-Type") != "text/html" || !answer.Closes {
				t.Errorf("WebSocket ?%s: got %d %q %v, want 400 %q", query, answer.Status, answer.Body, answer.Header, body)
			}
		}
		for _, h := range []http.Header{
			header("Sec-WebSocket-Version", "12"), header("Connection", "close"), header("Upgrade", "h2c"),
		} {
			if _, answer, err := c.DialWebSocket("EIO=4&transport=websocket", h); err == nil || answer.Status != 400 {
				t.Errorf("handshake with %v: got %d, want 400", h, answer.Status)
			}
		}
	})
}

func TestPath(t *testing.T) {
	for _, test := range []struct {
		cfg    engineio.Config
		path   string
		status int
	}{
		{engineio.Config{}, "/engine.io/", 200},
		{engineio.Config{}, "/engine.io", 404},
		{engineio.Config{}, "/engine.io/x", 404},
		{engineio.Config{WithoutSlash: true}, "/engine.io", 200},
		{engineio.Config{WithoutSlash: true}, "/engine.io/", 200},
		{engineio.Config{Path: "/a/b/"}, "/a/b/", 200},
		{engineio.Config{Path: "/a/b/"}, "/engine.io/", 404},
	} {
		inBubble(t, test.cfg, func(t *testing.T, c *wiretest.Client, _ sessions) {
			c.Path = test.path
			if answer := c.Poll(t, ""); answer.Status != test.status {
				t.Errorf("%+v %s: got %d, want %d", test.cfg, test.path, answer.Status, test.status)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	inBubble(t, engineio.Config{}, func(t *testing.T, c *wiretest.Client, opened sessions) {
		sid := c.Open(t)
		if len(sid) < 22 {
			t.Errorf("sid %q has less than 128 bit", sid)
		}
		post := c.Post(t, sid, "4x")
		(<-opened).Send(text("y"))
		poll := c.Poll(t, sid)
		preflight, err := c.Send(t.Context(), "OPTIONS", wiretest.Query("polling", sid),
			header("Access-Control-Request-Headers", "content-type,x-y", "Origin", "https://elsewhere.example"), nil)
		if err != nil {
			t.Fatal(err)
		}
		preflight.Want(t, 204, "")
		for _, test := range []struct {
			name, header string
			answer       wiretest.Answer
			want         string
		}{
			{"poll", "Content-Type", poll, "text/plain; charset=UTF-8"},
			{"poll", "Cache-Control", poll, "no-store"},
			{"poll", "Access-Control-Allow-Origin", poll, "*"},
			{"poll", "Access-Control-Allow-Credentials", poll, ""},
			{"poll", "Content-Encoding", poll, ""},
			{"post", "Content-Type", post, "text/html"},
			{"post", "Cache-Control", post, "no-store"},
			{"post", "Access-Control-Allow-Origin", post, "*"},
			{"preflight", "Access-Control-Allow-Origin", preflight, "*"},
			{"preflight", "Access-Control-Allow-Credentials", preflight, ""},
			{"preflight", "Access-Control-Allow-Methods", preflight, "GET,HEAD,PUT,PATCH,POST,DELETE"},
			{"preflight", "Access-Control-Allow-Headers", preflight, "content-type,x-y"},
			{"preflight", "Vary", preflight, "Access-Control-Request-Headers"},
		} {
			if got := test.answer.Header.Get(test.header); got != test.want {
				t.Errorf("%s: %s is %q, want %q", test.name, test.header, got, test.want)
			}
		}
		_, answer, err := c.DialWebSocket(wiretest.Query("websocket", ""), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := answer.Header.Get("Sec-WebSocket-Extensions"); got != "" {
			t.Errorf("compression was accepted: %q", got)
		}
		if got := answer.Header.Get("Sec-WebSocket-Accept"); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
			t.Errorf("Sec-WebSocket-Accept: got %q", got)
		}
	})
}

// TestUnknownParameters: iOS sends b64, old pages a jsonp index, browsers a time.
func TestUnknownParameters(t *testing.T) {
	inBubble(t, engineio.Config{}, func(t *testing.T, c *wiretest.Client, _ sessions) {
		answer := c.Do(t, "GET", "transport=polling&b64=1&EIO=4&t=abc&j=0", "")
		answer.WantStatus(t, 200)
		wiretest.ParseOpen(t, answer.Body)
	})
}

func TestHandshakeHook(t *testing.T) {
	hook := func(r *http.Request, h http.Header) (any, error) {
		switch r.Header.Get("Origin") {
		case "https://evil.example":
			return nil, errors.New("internal: " + r.Header.Get("Origin"))
		case "https://busy.example":
			return nil, &engineio.Refusal{Status: 429, Message: "later"}
		}
		h.Add("Set-Cookie", "a=1; Path=/")
		h.Add("Set-Cookie", "b=2")
		h.Set("X-Bad", "1\r\nX-Injected: 2")
		h.Set("Sec-WebSocket-Extensions", "permessage-deflate")
		return "value of " + r.URL.Query().Get("transport"), nil
	}
	var refused []int
	cfg := engineio.Config{Handshake: hook, Refused: func(r *http.Request, h http.Header, status int) {
		h.Set("Set-Cookie", "refused=1")
		refused = append(refused, status)
	}}
	inBubble(t, cfg, func(t *testing.T, c *wiretest.Client, opened sessions) {
		poll := c.Poll(t, "")
		ws, upgraded, err := c.DialWebSocket(wiretest.Query("websocket", ""), nil)
		if err != nil {
			t.Fatal(err)
		}
		wiretest.ParseOpen(t, string(ws.Read(t).Payload))
		for transport, answer := range map[string]wiretest.Answer{"polling": poll, "websocket": upgraded} {
			if got := answer.Header.Values("Set-Cookie"); len(got) != 2 || got[0] != "a=1; Path=/" || got[1] != "b=2" {
				t.Errorf("%s: cookies %q", transport, got)
			}
			if answer.Header.Get("X-Injected") != "" {
				t.Errorf("%s: a header was injected", transport)
			}
		}
		if upgraded.Header.Get("Sec-WebSocket-Extensions") != "" {
			t.Error("the hook changed the handshake of WebSocket")
		}
		for _, want := range []string{"value of polling", "value of websocket"} {
			if got := (<-opened).Value(); got != want {
				t.Errorf("value: got %v, want %s", got, want)
			}
		}
		for _, test := range []struct {
			origin string
			status int
			body   string
			plain  string
		}{
			{"https://evil.example", 403, `{"code":4,"message":"Forbidden"}`, "Forbidden"},
			{"https://busy.example", 429, `{"code":4,"message":"later"}`, "later"},
		} {
			answer, err := c.Send(t.Context(), "GET", wiretest.Query("polling", ""), header("Origin", test.origin), nil)
			if err != nil {
				t.Fatal(err)
			}
			answer.Want(t, test.status, test.body)
			_, answer, _ = c.DialWebSocket(wiretest.Query("websocket", ""), header("Origin", test.origin))
			answer.Want(t, test.status, test.plain)
			if got := answer.Header.Get("Set-Cookie"); got != "refused=1" {
				t.Errorf("refusal: cookie %q", got)
			}
		}
		answer := c.Poll(t, "unknown")
		answer.WantStatus(t, 400)
		if got := answer.Header.Get("Set-Cookie"); got != "refused=1" {
			t.Errorf("unknown session: cookie %q", got)
		}
		if len(refused) != 5 {
			t.Errorf("refused: got %v", refused)
		}
		if len(opened) != 0 {
			t.Error("a refused client got a session")
		}
	})
}

func TestRequestHook(t *testing.T) {
	type seen struct{ method, transport string }
	requests := make(chan seen, 10)
	cfg := engineio.Config{Request: func(s *engineio.Session, r *http.Request, h http.Header) error {
		requests <- seen{r.Method, r.URL.Query().Get("transport")}
		h.Set("X-Session", s.ID())
		if r.Header.Get("Origin") != "" {
			return &engineio.Refusal{Status: 403}
		}
		return nil
	}}
	inBubble(t, cfg, func(t *testing.T, c *wiretest.Client, opened sessions) {
		sid := c.Open(t)
		if len(requests) != 0 {
			t.Error("the handshake counts as a later request")
		}
		session := <-opened
		session.Send(text("x"))
		answer := c.Poll(t, sid)
		answer.Want(t, 200, "4x")
		if answer.Header.Get("X-Session") != sid {
			t.Error("the hook's header is missing")
		}
		c.Post(t, sid, "4y").Want(t, 200, "ok")
		session.want(t, "ty")
		answer, err := c.Send(t.Context(), "POST", wiretest.Query("polling", sid), header("Origin", "https://evil.example"), strings.NewReader("4evil"))
		if err != nil {
			t.Fatal(err)
		}
		answer.Want(t, 403, `{"code":4,"message":"Forbidden"}`)
		_, answer, _ = c.DialWebSocket(wiretest.Query("websocket", sid), header("Origin", "https://evil.example"))
		answer.Want(t, 403, "Forbidden")
		ws := upgrade(t, c, sid)
		ws.Send(t, "4z")
		session.want(t, "tz")
		for _, want := range []seen{{"GET", "polling"}, {"POST", "polling"}, {"POST", "polling"}, {"GET", "websocket"}, {"GET", "websocket"}} {
			if got := <-requests; got != want {
				t.Errorf("hook: got %v, want %v", got, want)
			}
		}
	})
}

func TestSend(t *testing.T) {
	inBubble(t, engineio.Config{}, func(t *testing.T, c *wiretest.Client, opened sessions) {
		sid := c.Open(t)
		session := <-opened
		if err := session.Send(text("a"), binary("\x00\xff"), text("")); err != nil {
			t.Fatal(err)
		}
		c.Poll(t, sid).Want(t, 200, "4a\x1ebAP8=\x1e4")
		for _, bad := range []string{"\xff", "a\x1eb"} {
			if err := session.Send(text("good"), text(bad)); !errors.Is(err, engineio.ErrText) {
				t.Errorf("send %q: got %v, want ErrText", bad, err)
			}
		}
		ws := upgrade(t, c, sid)
		session.Send(text("a"), binary("\x00\xff"))
		ws.Want(t, "4a")
		ws.WantBinary(t, "\x00\xff")
		session.Close("")
		if err := session.Send(text("late")); !errors.Is(err, engineio.ErrClosed) {
			t.Errorf("send after close: got %v, want ErrClosed", err)
		}
		ws.WantClose(t, 1005)
		session.wantClosed(t, engineio.ForcedClose)
	})
}

func TestBarrier(t *testing.T) {
	inBubble(t, engineio.Config{}, func(t *testing.T, c *wiretest.Client, opened sessions) {
		sid := c.Open(t)
		session := <-opened
		session.Barrier()
		session.Send(text("a"))
		session.Send(text("b"))
		session.Barrier()
		session.Barrier()
		session.Send(text("c"))
		session.Barrier()
		c.Poll(t, sid).Want(t, 200, "4a\x1e4b")
		c.Poll(t, sid).Want(t, 200, "4c")
		pending := c.StartPoll(t.Context(), sid)
		synctest.Wait()
		session.Barrier()
		session.Send(text("d"))
		session.Send(text("e"))
		pending.Wait(t).Want(t, 200, "4d")
		session.Barrier()
		session.Send(text("f"))
		ws := upgrade(t, c, sid)
		ws.Want(t, "4e")
		ws.Want(t, "4f")
	})
}

func TestCloseFlushes(t *testing.T) {
	inBubble(t, engineio.Config{}, func(t *testing.T, c *wiretest.Client, opened sessions) {
		sid := c.Open(t)
		session := <-opened
		session.Send(text("a"))
		session.Barrier()
		session.Send(text("b"))
		session.Close("")
		session.wantClosed(t, engineio.ForcedClose)
		c.Post(t, sid, "4late").Want(t, 200, "ok") // no error before the last words
		c.Poll(t, sid).Want(t, 200, "4a")
		c.Poll(t, sid).Want(t, 200, "4b")
		c.Poll(t, sid).Want(t, 200, "1")
		c.Poll(t, sid).WantStatus(t, 400)
		if len(session.messages) != 0 {
			t.Error("a message was received after Close")
		}

		sid = c.Open(t)
		session = <-opened
		pending := c.StartPoll(t.Context(), sid)
		synctest.Wait()
		session.Close("my own reason")
		pending.Wait(t).Want(t, 200, "1")
		session.wantClosed(t, "my own reason")

		sid = c.Open(t)
		session = <-opened
		session.Send(text("never fetched"))
		session.Close("")
		time.Sleep(20*time.Second - time.Nanosecond)
		synctest.Wait()
		c.Post(t, sid, "6").WantStatus(t, 200)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		c.Poll(t, sid).WantStatus(t, 400)
	})
}

// TestCloseDuringUpgrade: the client polls no more, and gets what was sent, and
// the end, over its WebSocket.
func TestCloseDuringUpgrade(t *testing.T) {
	inBubble(t, engineio.Config{}, func(t *testing.T, c *wiretest.Client, opened sessions) {
		sid := c.Open(t)
		session := <-opened
		ws := c.WebSocket(t, sid)
		ws.Send(t, "2probe")
		ws.Want(t, "3probe")
		c.Poll(t, sid).Want(t, 200, "6")
		session.Send(text("last words"))
		session.Close("")
		session.wantClosed(t, engineio.ForcedClose)
		ws.Send(t, "5")
		ws.Want(t, "4last words")
		ws.WantClose(t, 1005)
		c.Poll(t, sid).WantStatus(t, 400)
	})
}

func TestServerClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, opened, server := serve(t, engineio.Config{}, wiretest.InMemory)
		waiting := c.Open(t)
		pending := c.StartPoll(t.Context(), waiting)
		away := c.Open(t)
		ws := c.WebSocket(t, "")
		ws.Read(t)
		synctest.Wait()
		closed := make(chan error)
		go func() { closed <- server.Close(context.Background()) }()
		pending.Wait(t).Want(t, 200, "1")
		ws.WantClose(t, 1005)
		if err := <-closed; err != nil {
			t.Error(err)
		}
		for range 3 {
			(<-opened).wantClosed(t, engineio.ServerShutdown)
		}
		c.Poll(t, away).WantStatus(t, 400)
		c.Poll(t, "").Want(t, 503, `{"code":3,"message":"Service unavailable"}`)
		if n := server.Sessions(); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
	})
}

// TestServerCloseCuts: a client that reads nothing does not hold up the end for
// longer than the context.
func TestServerCloseCuts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, opened, server := serve(t, engineio.Config{}, wiretest.InMemory)
		ws := c.WebSocket(t, "")
		ws.Read(t)
		session := <-opened
		session.Send(text("not read")) // a pipe has no buffer
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := server.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
		session.wantClosed(t, engineio.ServerShutdown)
	})
}

func TestConfigChecks(t *testing.T) {
	open := make(sessions).open
	for name, cfg := range map[string]engineio.Config{
		"no Open":             {},
		"path without slash":  {Open: open, Path: "/engine.io"},
		"relative path":       {Open: open, Path: "engine.io/"},
		"negative interval":   {Open: open, PingInterval: -1},
		"interval below 1 ms": {Open: open, PingInterval: time.Microsecond},
		"timeout below 1 ms":  {Open: open, PingTimeout: time.Microsecond},
		"negative limit":      {Open: open, MaxPackets: -1},
	} {
		if _, err := engineio.New(cfg); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}
