package socketio_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/liaison-dev/liaison/socketio"
	"github.com/liaison-dev/liaison/socketio/engineio"
	"github.com/liaison-dev/liaison/socketio/internal/wiretest"
)

func TestEventsAsTheyCame(t *testing.T) {
	events := make(chan *socketio.Event, 10)
	onConnect := func(s *socketio.Socket) error {
		s.On("own", func(e *socketio.Event) { t.Errorf("own handler was replaced, but got %s", e.Name) })
		s.On("own", func(e *socketio.Event) { events <- e })
		s.OnEvent(func(e *socketio.Event) { events <- e })
		return nil
	}
	inBubble(t, socketio.Config{}, onConnect, func(t *testing.T, c *wiretest.Client, _ *socketio.Server) {
		ws := connect(t, c)
		ws.Send(t, `42[ "own" , 1.0 ,"\u0041<", {"b":[ ],"a" : null} ]`)
		e := within(t, events)
		if e.Name != "own" || e.HasAck() || len(e.Args) != 3 {
			t.Fatalf("got %+v", e)
		}
		for i, want := range []string{"1.0", `"\u0041<"`, `{"b":[ ],"a" : null}`} {
			if string(e.Args[i].JSON) != want {
				t.Errorf("argument %d: got %s, want %s", i, e.Args[i].JSON, want)
			}
		}
		if err := e.Ack(); !errors.Is(err, socketio.ErrNoAck) {
			t.Errorf("ack of an event without id: got %v", err)
		}
		var text string
		if err := e.Args[1].Decode(&text); err != nil || text != "A<" {
			t.Errorf("decode: got %q, %v", text, err)
		}
		// Unaltered when it is relayed.
		if err := e.Socket().Emit("relayed", socketio.Args(e.Args)...); err != nil {
			t.Fatal(err)
		}
		ws.Want(t, `42["relayed",1.0,"\u0041<",{"b":[ ],"a" : null}]`)

		ws.Send(t, `453-7["other",{"_placeholder":true,"num":2},{"x":[{"num":0,"_placeholder":true}]},"plain"]`)
		ws.SendBinary(t, "zero")
		ws.SendBinary(t, "one")
		ws.SendBinary(t, "two")
		e = within(t, events)
		if data, ok := e.Args[0].Bytes(); !ok || string(data) != "two" {
			t.Errorf("bytes: got %q, %t", data, ok)
		}
		for _, i := range []int{1, 2} {
			if _, ok := e.Args[i].Bytes(); ok {
				t.Errorf("argument %d is not bytes", i)
			}
		}
		// Only what is referred to, renumbered; the rest as it came.
		if err := e.Socket().Emit("relayed", []byte("new"), e.Args[1], e.Args[0]); err != nil {
			t.Fatal(err)
		}
		ws.Want(t, `453-["relayed",{"_placeholder":true,"num":0},{"x":[{"num":1,"_placeholder":true}]},{"_placeholder":true,"num":2}]`)
		ws.WantBinary(t, "new")
		ws.WantBinary(t, "zero")
		ws.WantBinary(t, "two")
		if err := e.Ack(e.Args[0], 1); err != nil {
			t.Fatal(err)
		}
		ws.Want(t, `461-7[{"_placeholder":true,"num":0},1]`)
		ws.WantBinary(t, "two")
		if err := e.Ack(); !errors.Is(err, socketio.ErrAcknowledged) {
			t.Errorf("second ack: got %v", err)
		}
	})
}

func TestIgnoredPackets(t *testing.T) {
	events := make(chan string, 10)
	onConnect := func(s *socketio.Socket) error {
		s.OnEvent(func(e *socketio.Event) { events <- e.Name })
		return nil
	}
	inBubble(t, socketio.Config{}, onConnect, func(t *testing.T, c *wiretest.Client, _ *socketio.Server) {
		ws := connect(t, c)
		for _, packet := range []string{"42", "421", "42[1]", "42[-1.5,2]", "4399[]", "430[1]", "43" + "9007199254740991[]", "40"} {
			ws.Send(t, packet)
		}
		for _, name := range []string{"__proto__", "constructor", "toString", "hasOwnProperty", "", "\U0001f600"} {
			data, _ := json.Marshal([]string{name})
			ws.Send(t, "42"+string(data))
			if got := within(t, events); got != name {
				t.Errorf("event: got %q, want %q", got, name)
			}
		}
		ws.Send(t, "450-"+`["without attachments"]`)
		if got := within(t, events); got != "without attachments" {
			t.Errorf("event: got %q", got)
		}
	})
}

func TestRefusedPackets(t *testing.T) {
	deep := func(n int) string { return `42["x",` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + "]" }
	for _, test := range []struct {
		name    string
		packets []string
	}{
		{"empty", []string{"4"}},
		{"unknown type", []string{"47"}},
		{"unknown type 9", []string{"49[]"}},
		{"half an array", []string{"42["}},
		{"object", []string{"42{}"}},
		{"no name", []string{"42[]"}},
		{"null as name", []string{"42[null]"}},
		{"object as name", []string{"42[{}]"}},
		{"rest after JSON", []string{`42["a"]x`}},
		{"two arrays", []string{`42["a"]["b"]`}},
		{"connect", []string{`42["connect"]`}},
		{"connect with escapes", []string{`42["c\u006fnnect"]`}},
		{"connect_error", []string{`42["connect_error"]`}},
		{"disconnect", []string{`42["disconnect"]`}},
		{"disconnecting", []string{`42["disconnecting"]`}},
		{"newListener", []string{`42["newListener"]`}},
		{"removeListener", []string{`42["removeListener"]`}},
		{"array as auth", []string{"40/x,[]"}},
		{"string as auth", []string{`40/x,"x"`}},
		{"connect with an id", []string{"40/x,1{}"}},
		{"disconnect with data", []string{"41{}"}},
		{"error from a client", []string{`44{"message":"x"}`}},
		{"event of a namespace without connect", []string{`42/x,["a"]`}},
		{"ack of a namespace without connect", []string{`43/x,1[]`}},
		{"disconnect without connect", []string{`41/x,`}},
		{"ack without id", []string{"43[]"}},
		{"ack without data", []string{"431"}},
		{"ack with an object", []string{"431{}"}},
		{"id of 2^53", []string{`429007199254740992["a"]`}},
		{"id of many digits", []string{`42` + strings.Repeat("1", 400_000) + `["a"]`}},
		{"namespace too long", []string{"40/" + strings.Repeat("x", 255) + ","}},
		{"control character in a namespace", []string{"40/a\x1eb,"}},
		{"depth", []string{deep(129)}},
		{"absurd depth", []string{deep(100_000)}},
		{"absurd depth, not closed", []string{`42["x",` + strings.Repeat("[", 400_000)}},
		{"stray binary", []string{"b"}},
		{"text amid attachments", []string{`451-["a",{"_placeholder":true,"num":0}]`, `42["b"]`}},
		{"one attachment too many", []string{`451-["a",{"_placeholder":true,"num":0}]`, "b", "b"}},
		{"17 attachments", []string{`4517-["a"]`}},
		{"absurdly many attachments", []string{`451-999999999["a"]`[:3] + `999999999-["a"]`}},
		{"many digits of attachments", []string{`45` + strings.Repeat("9", 400_000) + `-["a"]`}},
		{"no number of attachments", []string{`45["a"]`}},
		{"no dash", []string{`451["a"]`}},
		{"negative attachments", []string{`45-1-["a"]`}},
		{"placeholder out of range", []string{`451-["a",{"_placeholder":true,"num":1}]`}},
		{"negative placeholder", []string{`451-["a",{"_placeholder":true,"num":-1}]`}},
		{"fractional placeholder", []string{`451-["a",{"_placeholder":true,"num":0.5}]`}},
		{"placeholder without number", []string{`451-["a",{"_placeholder":true}]`}},
		{"placeholder with escapes", []string{`451-["a",{"\u005fplaceholder":true,"num":9}]`}},
		{"placeholder with a name for a number", []string{`451-["a",{"_placeholder":true,"num":"splice"}]`}},
		{"binary ack without id", []string{"461-[]"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			sockets := make(chan *socketio.Socket, 2)
			inBubble(t, socketio.Config{}, accept(sockets), func(t *testing.T, c *wiretest.Client, s *socketio.Server) {
				s.Of("/x")
				ws := connect(t, c)
				reasons := make(chan socketio.Reason, 2)
				socket := within(t, sockets)
				socket.OnEvent(func(e *socketio.Event) {})
				socket.OnDisconnect(func(r socketio.Reason) { reasons <- r })
				for _, packet := range test.packets {
					if packet == "b" {
						ws.SendBinary(t, "x")
					} else {
						ws.Send(t, packet)
					}
				}
				if before := ws.WantClose(t, 1005); len(before) > 0 {
					t.Errorf("got %q before the end", before)
				}
				if got := within(t, reasons); got != socketio.ParseError {
					t.Errorf("reason: got %q", got)
				}
				if len(reasons) > 0 {
					t.Error("told twice")
				}
			})
		})
	}
}

func TestEventBeforeConnect(t *testing.T) {
	for _, packet := range []string{`42["a"]`, "41", "431[]"} {
		inBubble(t, socketio.Config{}, nil, func(t *testing.T, c *wiretest.Client, _ *socketio.Server) {
			ws := c.WebSocket(t, "")
			ws.Read(t)
			ws.Send(t, packet)
			ws.WantClose(t, 1005)
		})
	}
}

func TestLimits(t *testing.T) {
	events := make(chan *socketio.Event, 10)
	onConnect := func(s *socketio.Socket) error {
		s.OnEvent(func(e *socketio.Event) { events <- e })
		return nil
	}
	nested := func(n int) string { return `42["x",` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + "]" }
	attached := func(n int) string { return fmt.Sprintf(`45%d-["x"]`, n) }
	cfg := socketio.Config{MaxDepth: 5, MaxAttachments: 3, MaxPacketBytes: 30}
	for _, test := range []struct {
		name    string
		text    string
		binary  []string
		refused bool
	}{
		{"depth-1", nested(4), nil, false},
		{"depth", nested(5), nil, false},
		{"depth+1", nested(6), nil, true},
		{"attachments-1", attached(2), []string{"", ""}, false},
		{"attachments", attached(3), []string{"", "", ""}, false},
		{"attachments+1", attached(4), nil, true},
		{"bytes-1", attached(2), []string{strings.Repeat("x", 10), strings.Repeat("x", 11)}, false},
		{"bytes", attached(2), []string{strings.Repeat("x", 10), strings.Repeat("x", 12)}, false},
		{"bytes+1", attached(2), []string{strings.Repeat("x", 10), strings.Repeat("x", 13)}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, cfg, onConnect, func(t *testing.T, c *wiretest.Client, _ *socketio.Server) {
				ws := connect(t, c)
				ws.Send(t, test.text)
				for _, data := range test.binary {
					ws.SendBinary(t, data)
				}
				if test.refused {
					ws.WantClose(t, 1005)
					return
				}
				within(t, events)
			})
		})
	}
}

func TestMaxNamespaces(t *testing.T) {
	inBubble(t, socketio.Config{MaxNamespaces: 3}, nil, func(t *testing.T, c *wiretest.Client, s *socketio.Server) {
		for i := range 5 {
			s.Of(fmt.Sprint("/", i))
		}
		ws := connect(t, c)
		for _, name := range []string{"/0", "/1"} {
			ws.Send(t, "40"+name)
			wantConnected(t, ws, name+",")
		}
		ws.Send(t, "40/2")
		ws.Want(t, `44/2,{"message":"Too many namespaces"}`)
		ws.Send(t, "41/0,")
		ws.Send(t, "40/2,")
		wantConnected(t, ws, "/2,")
	})
}

// TestInvalidNamespaceFlood: the answers wait for a client that does not read
// them, and end its connection when they are too many.
func TestInvalidNamespaceFlood(t *testing.T) {
	cfg := socketio.Config{Engine: engineio.Config{MaxQueued: 100}}
	inBubble(t, cfg, nil, func(t *testing.T, c *wiretest.Client, s *socketio.Server) {
		sid := c.Open(t)
		c.Post(t, sid, strings.TrimSuffix(strings.Repeat("40/x\x1e", 100), "\x1e")).Want(t, 200, "ok")
		c.Post(t, sid, "40/x").Want(t, 200, "ok")
		c.Poll(t, sid).WantStatus(t, 400)
	})
}

func TestOnConnectOrder(t *testing.T) {
	onConnect := func(s *socketio.Socket) error {
		s.Emit("first")
		s.Barrier()
		s.Emit("second", []byte{1})
		s.On("early", func(e *socketio.Event) { e.Ack() })
		return nil
	}
	inBubble(t, socketio.Config{}, onConnect, func(t *testing.T, c *wiretest.Client, _ *socketio.Server) {
		sid := c.Open(t)
		c.Post(t, sid, "40\x1e420[\"early\"]").Want(t, 200, "ok")
		synctest.Wait()
		answer := c.Poll(t, sid)
		if !strings.HasPrefix(answer.Body, `40{"sid":"`) || !strings.HasSuffix(answer.Body, "\x1e42[\"first\"]") {
			t.Errorf("first poll: got %q", answer.Body)
		}
		c.Poll(t, sid).Want(t, 200, "451-[\"second\",{\"_placeholder\":true,\"num\":0}]\x1ebAQ==\x1e430[]")
	})
}

func TestStagedLimit(t *testing.T) {
	errs := make(chan error, 300)
	onConnect := func(s *socketio.Socket) error {
		for range 257 {
			errs <- s.Emit("x")
		}
		return nil
	}
	inBubble(t, socketio.Config{}, onConnect, func(t *testing.T, c *wiretest.Client, _ *socketio.Server) {
		ws := connect(t, c)
		for range 256 {
			ws.Want(t, `42["x"]`)
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
		}
		if err := <-errs; !errors.Is(err, socketio.ErrTooLarge) {
			t.Errorf("one more: got %v", err)
		}
	})
}

func TestConnectErrors(t *testing.T) {
	var answer error
	var disconnected bool
	onConnect := func(s *socketio.Socket) error {
		s.Emit("never")
		s.OnEvent(func(*socketio.Event) { t.Error("an event of a client that was refused") })
		s.OnDisconnect(func(socketio.Reason) { disconnected = true })
		return answer
	}
	inBubble(t, socketio.Config{}, onConnect, func(t *testing.T, c *wiretest.Client, _ *socketio.Server) {
		ws := c.WebSocket(t, "")
		ws.Read(t)
		for _, test := range []struct {
			err  error
			want string
		}{
			{errors.New("database password is wrong"), `44{"message":"Connection refused"}`},
			{&socketio.ConnectError{Message: "not <you>"}, `44{"message":"not <you>"}`},
			{fmt.Errorf("wrapped: %w", &socketio.ConnectError{Message: "no", Data: map[string]int{"code": 7}}), `44{"message":"no","data":{"code":7}}`},
			{&socketio.ConnectError{Message: "no", Data: func() {}}, `44{"message":"no"}`},
		} {
			answer = test.err
			ws.Send(t, "40")
			ws.Want(t, test.want)
			ws.Send(t, `42["dropped"]`) // sent before the refusal came
		}
		answer = nil
		ws.Send(t, "40")
		wantConnected(t, ws, "")
		ws.Want(t, `42["never"]`)
		if disconnected {
			t.Error("OnDisconnect was called for a client that was refused")
		}
	})
}

func TestAuth(t *testing.T) {
	sockets := make(chan *socketio.Socket, 2)
	cfg := socketio.Config{Engine: engineio.Config{Handshake: func(r *http.Request, h http.Header) (any, error) {
		return "session of " + r.Header.Get("Cookie"), nil
	}}}
	inBubble(t, cfg, accept(sockets), func(t *testing.T, c *wiretest.Client, s *socketio.Server) {
		s.Of("/a").OnConnect(accept(sockets))
		ws, _, err := c.DialWebSocket(wiretest.Query("websocket", ""), http.Header{"Cookie": {"me"}})
		if err != nil {
			t.Fatal(err)
		}
		sid := wiretest.ParseOpen(t, string(ws.Read(t).Payload)).SID
		ws.Send(t, `40{"token": "x"}`)
		ws.Send(t, `40/a,`)
		main, other := within(t, sockets), within(t, sockets)
		if string(main.Auth()) != `{"token": "x"}` || other.Auth() != nil {
			t.Errorf("auth: got %s, %s", main.Auth(), other.Auth())
		}
		if main.Value() != "session of me" || other.Value() != "session of me" || main.Session() != other.Session() || main.Session().ID() != sid {
			t.Error("the two do not share their connection")
		}
		if main.ID() == other.ID() || main.ID() == sid || main.Namespace().Name() != "/" || other.Namespace().Name() != "/a" {
			t.Errorf("ids %q, %q of %q, %q", main.ID(), other.ID(), main.Namespace().Name(), other.Namespace().Name())
		}
	})
}

func TestConnectTimeout(t *testing.T) {
	cfg := socketio.Config{ConnectTimeout: 10 * time.Second, Engine: engineio.Config{PingInterval: time.Hour}}
	inBubble(t, cfg, nil, func(t *testing.T, c *wiretest.Client, _ *socketio.Server) {
		start := time.Now()
		ws := c.WebSocket(t, "")
		ws.Read(t)
		ws.WantClose(t, 1005)
		if got := time.Since(start); got != 10*time.Second {
			t.Errorf("without CONNECT closed after %s, want 10s", got)
		}

		ws = connect(t, c)
		time.Sleep(20 * time.Second)
		ws.Send(t, "41")
		synctest.Wait()
		start = time.Now()
		time.Sleep(9 * time.Second)
		ws.Send(t, "40")
		wantConnected(t, ws, "")
		ws.Send(t, "41")
		ws.WantClose(t, 1005)
		if got := time.Since(start); got != 19*time.Second {
			t.Errorf("after the last namespace closed after %s, want 19s", got)
		}
	})
}

func TestDisconnectByClient(t *testing.T) {
	log := make(chan string, 10)
	onConnect := func(s *socketio.Socket) error {
		s.OnEvent(func(e *socketio.Event) { log <- e.Name })
		s.OnDisconnect(func(r socketio.Reason) { log <- string(r) })
		s.OnDisconnect(func(r socketio.Reason) { log <- fmt.Sprint("emit: ", s.Emit("x")) })
		return nil
	}
	inBubble(t, socketio.Config{}, onConnect, func(t *testing.T, c *wiretest.Client, _ *socketio.Server) {
		ws := connect(t, c)
		ws.Send(t, `42["last words"]`)
		ws.Send(t, "41")
		for _, want := range []string{"last words", "client namespace disconnect", "emit: socket is disconnected"} {
			if got := within(t, log); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		ws.Send(t, "40") // the connection lives on
		wantConnected(t, ws, "")
		ws.Send(t, `42["last words"]`)
		ws.Put(wiretest.Close, "")
		for _, want := range []string{"last words", "transport close"} {
			if got := within(t, log); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		}
	})
}

func TestDisconnectByServer(t *testing.T) {
	sockets := make(chan *socketio.Socket, 3)
	inBubble(t, socketio.Config{}, accept(sockets), func(t *testing.T, c *wiretest.Client, s *socketio.Server) {
		s.Of("/a").OnConnect(accept(sockets))
		ws := connect(t, c)
		main := within(t, sockets)
		ws.Send(t, "40/a")
		wantConnected(t, ws, "/a,")
		other := within(t, sockets)
		reasons := make(chan socketio.Reason, 3)
		other.OnDisconnect(func(r socketio.Reason) { reasons <- r })
		other.OnEvent(func(*socketio.Event) { t.Error("an event after Disconnect") })
		other.Emit("bye")
		other.Disconnect(false)
		other.Disconnect(false)
		ws.Want(t, `42/a,["bye"]`)
		ws.Want(t, `41/a,`)
		if got := within(t, reasons); got != socketio.ServerDisconnect {
			t.Errorf("reason: got %q", got)
		}
		<-other.Done()
		ws.Send(t, `42/a,["sent before it knew"]`)
		ws.Send(t, "40/a")
		wantConnected(t, ws, "/a,")
		other = within(t, sockets)
		other.OnDisconnect(func(r socketio.Reason) { reasons <- r })
		main.OnDisconnect(func(r socketio.Reason) { reasons <- r })
		main.Disconnect(true)
		ws.Want(t, "41")
		ws.Want(t, "41/a,")
		ws.WantClose(t, 1005)
		for range 2 {
			if got := within(t, reasons); got != socketio.ServerDisconnect {
				t.Errorf("reason: got %q", got)
			}
		}
	})
}

func TestDisconnectWithinOnConnect(t *testing.T) {
	onConnect := func(s *socketio.Socket) error {
		s.Disconnect(false)
		return nil
	}
	inBubble(t, socketio.Config{}, onConnect, func(t *testing.T, c *wiretest.Client, _ *socketio.Server) {
		ws := c.WebSocket(t, "")
		ws.Read(t)
		ws.Send(t, "40")
		ws.Want(t, `44{"message":"Connection refused"}`)
	})
}

func TestEmitAck(t *testing.T) {
	sockets := make(chan *socketio.Socket, 3)
	cfg := socketio.Config{MaxPendingAcks: 2, MaxWaitingEvents: 1}
	inBubble(t, cfg, accept(sockets), func(t *testing.T, c *wiretest.Client, _ *socketio.Server) {
		ws := connect(t, c)
		socket := within(t, sockets)
		type result struct {
			args []socketio.Arg
			err  error
		}
		ask := func(ctx context.Context) chan result {
			answer := make(chan result, 1)
			go func() {
				args, err := socket.EmitAck(ctx, "q", 1, []byte("x"))
				answer <- result{args, err}
			}()
			synctest.Wait()
			return answer
		}
		first, second := ask(t.Context()), ask(t.Context())
		if got := within(t, ask(t.Context())); !errors.Is(got.err, socketio.ErrPendingAcks) {
			t.Errorf("one more: got %v", got.err)
		}
		for i := range 2 {
			ws.Want(t, fmt.Sprintf(`451-%d["q",1,{"_placeholder":true,"num":0}]`, i+1))
			ws.WantBinary(t, "x")
		}
		ws.Send(t, "432[]")
		ws.Send(t, "432[1]")
		ws.Send(t, `461-1["a",{"_placeholder":true,"num":0}]`)
		ws.SendBinary(t, "y")
		if got := within(t, second); got.err != nil || len(got.args) != 0 {
			t.Errorf("empty ack: got %+v", got)
		}
		got := within(t, first)
		if got.err != nil || len(got.args) != 2 || string(got.args[0].JSON) != `"a"` {
			t.Fatalf("ack: got %+v", got)
		}
		if data, ok := got.args[1].Bytes(); !ok || string(data) != "y" {
			t.Errorf("ack: got %q", data)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		late := ask(ctx)
		if got := within(t, late); !errors.Is(got.err, context.DeadlineExceeded) {
			t.Errorf("no answer: got %v", got.err)
		}
		ws.Read(t)
		ws.Read(t)
		ws.Send(t, "433[]") // too late, and ignored
		pending := ask(t.Context())
		ws.Conn.Close()
		if got := within(t, pending); !errors.Is(got.err, socketio.ErrDisconnected) {
			t.Errorf("connection gone: got %v", got.err)
		}
		if got := within(t, ask(t.Context())); !errors.Is(got.err, socketio.ErrDisconnected) {
			t.Errorf("after the end: got %v", got.err)
		}
	})
}

// TestEmitAckInHandler: the handler waits, and its acknowledgement is read
// although events wait for the handler.
func TestEmitAckInHandler(t *testing.T) {
	onConnect := func(s *socketio.Socket) error {
		s.On("ask", func(e *socketio.Event) {
			answer, err := s.EmitAck(context.Background(), "question")
			if err == nil {
				e.Ack(socketio.Args(answer)...)
			}
		})
		s.On("next", func(e *socketio.Event) { e.Ack("next") })
		return nil
	}
	inBubble(t, socketio.Config{}, onConnect, func(t *testing.T, c *wiretest.Client, _ *socketio.Server) {
		ws := connect(t, c)
		ws.Send(t, `425["ask"]`)
		ws.Send(t, `426["next"]`)
		ws.Want(t, `421["question"]`)
		ws.Send(t, `431["answer"]`)
		ws.Want(t, `435["answer"]`)
		ws.Want(t, `436["next"]`)
	})
}

// TestBackpressure: a client whose events are handled slowly is not read
// further, and its connection can end all the same.
func TestBackpressure(t *testing.T) {
	// Made in the bubble, so that time goes on while the handler waits.
	slow := func(s *socketio.Server) (release chan struct{}, handled chan string) {
		release, handled = make(chan struct{}), make(chan string, 20)
		s.Of("/").OnConnect(func(socket *socketio.Socket) error {
			socket.OnEvent(func(e *socketio.Event) {
				<-release
				handled <- e.Name
			})
			return nil
		})
		return release, handled
	}
	inBubble(t, socketio.Config{MaxWaitingEvents: 3}, nil, func(t *testing.T, c *wiretest.Client, s *socketio.Server) {
		release, handled := slow(s)
		ws := connect(t, c)
		sent := 0
		_ = ws.SetWriteDeadline(time.Now().Add(time.Second))
		for i := range 20 {
			if ws.Put(wiretest.Text, fmt.Sprintf(`42["%d"]`, i)) != nil {
				break
			}
			sent++
		}
		if sent != 5 { // one is handled, three wait, one is in the reader's hands
			t.Errorf("the server took %d events, want 5", sent)
		}
		close(release)
		for i := range sent {
			if got := within(t, handled); got != fmt.Sprint(i) {
				t.Errorf("event %d: got %s", i, got)
			}
		}
	})
	inBubble(t, socketio.Config{MaxPacketBytes: 3000}, nil, func(t *testing.T, c *wiretest.Client, s *socketio.Server) {
		release, _ := slow(s)
		ws := connect(t, c)
		sent := 0
		_ = ws.SetWriteDeadline(time.Now().Add(time.Second))
		for ws.Put(wiretest.Text, `42["x","`+strings.Repeat("x", 1000)+`"]`) == nil {
			sent++
		}
		if sent != 5 { // one is handled, three wait, one is in the reader's hands
			t.Errorf("the server took %d large events, want 5", sent)
		}
		close(release)
	})
	inBubble(t, socketio.Config{MaxWaitingEvents: 1}, nil, func(t *testing.T, c *wiretest.Client, s *socketio.Server) {
		release, _ := slow(s)
		sid := c.Open(t)
		start := time.Now()
		c.Post(t, sid, "40\x1e42[\"a\"]\x1e42[\"b\"]\x1e42[\"c\"]\x1e42[\"d\"]").WantStatus(t, 200)
		if got := time.Since(start); got != 45*time.Second { // when the session ends
			t.Errorf("answered after %s", got)
		}
		close(release)
	})
}

func TestAdmit(t *testing.T) {
	var tokens int
	handled := make(chan string, 10)
	cfg := socketio.Config{Admit: func(e *socketio.Event) bool {
		if tokens--; tokens < -1 {
			e.Socket().Disconnect(true)
		}
		return tokens >= 0
	}}
	onConnect := func(s *socketio.Socket) error {
		tokens = 2
		s.OnEvent(func(e *socketio.Event) { handled <- e.Name })
		return nil
	}
	inBubble(t, cfg, onConnect, func(t *testing.T, c *wiretest.Client, _ *socketio.Server) {
		ws := connect(t, c)
		for i := range 4 {
			ws.Send(t, fmt.Sprintf(`42["%d"]`, i))
		}
		ws.Want(t, "41")
		ws.WantClose(t, 1005)
		if len(handled) != 2 {
			t.Errorf("%d events were admitted, want 2", len(handled))
		}
	})
}

func TestHandlerPanics(t *testing.T) {
	reasons := make(chan socketio.Reason, 2)
	onConnect := func(s *socketio.Socket) error {
		s.OnEvent(func(e *socketio.Event) { panic(e.Name) })
		s.OnDisconnect(func(r socketio.Reason) { panic(r) })
		s.OnDisconnect(func(r socketio.Reason) { reasons <- r })
		return nil
	}
	inBubble(t, socketio.Config{}, onConnect, func(t *testing.T, c *wiretest.Client, _ *socketio.Server) {
		bystander := connect(t, c)
		ws := connect(t, c)
		ws.Send(t, `42["x"]`)
		ws.WantClose(t, 1005)
		if got := within(t, reasons); got != socketio.ServerError {
			t.Errorf("reason: got %q", got)
		}
		bystander.Want(t, "2")
	})
}

func TestEmitErrors(t *testing.T) {
	sockets := make(chan *socketio.Socket, 1)
	inBubble(t, socketio.Config{}, accept(sockets), func(t *testing.T, c *wiretest.Client, _ *socketio.Server) {
		ws := connect(t, c)
		socket := within(t, sockets)
		raw := func(s string) json.RawMessage { return json.RawMessage(s) }
		for _, test := range []struct {
			name string
			args []any
			want error
		}{
			{"connect", nil, socketio.ErrReserved},
			{"disconnect", nil, socketio.ErrReserved},
			{"x", []any{func() {}}, socketio.ErrArgument},
			{"x", []any{raw("")}, socketio.ErrArgument},
			{"x", []any{raw("1,2")}, socketio.ErrArgument},
			{"x", []any{raw(`"` + "\xff" + `"`)}, socketio.ErrArgument},
			{"x", []any{raw(`"` + "\x1e" + `"`)}, socketio.ErrArgument},
			{"x", []any{socketio.Arg{JSON: raw(`{"_placeholder":true,"num":1}`), Attachments: [][]byte{nil}}}, socketio.ErrPlaceholder},
			{"x", []any{socketio.Arg{JSON: raw(`{"_placeholder":true}`), Attachments: [][]byte{nil}}}, socketio.ErrPlaceholder},
			// Bytes of one argument must not appear in another.
			{"x", []any{[]byte("secret"), raw(`{"_placeholder":true,"num":0}`)}, socketio.ErrPlaceholder},
			{"x", []any{raw(`[{"\u005fplaceholder":true,"num":0}]`), []byte("secret")}, socketio.ErrPlaceholder},
			{"x", []any{[]byte("secret"), map[string]any{"_placeholder": true, "num": 0}}, socketio.ErrPlaceholder},
			{"x", []any{strings.Repeat("x", 5<<20)}, socketio.ErrTooLarge},
		} {
			if err := socket.Emit(test.name, test.args...); !errors.Is(err, test.want) {
				t.Errorf("emit %s %.40v: got %v, want %v", test.name, test.args, err, test.want)
			}
			if _, err := socket.EmitAck(t.Context(), test.name, test.args...); !errors.Is(err, test.want) {
				t.Errorf("emit %s %.40v with ack: got %v, want %v", test.name, test.args, err, test.want)
			}
		}
		socket.Emit("<&>", "<&>", nil, json.RawMessage(nil), []byte(nil), struct{ A int }{1}, "\xff")
		ws.Want(t, `451-["<&>","<&>",null,null,{"_placeholder":true,"num":0},{"A":1},"`+"\\ufffd"+`"]`)
		ws.WantBinary(t, "")
		// Without bytes a placeholder is an object like any other.
		socket.Emit("x", raw(`{"_placeholder":true,"num":0}`))
		ws.Want(t, `42["x",{"_placeholder":true,"num":0}]`)
	})
}

// TestNestedPlaceholders: one inside of another has no sense, and does no harm.
func TestNestedPlaceholders(t *testing.T) {
	onConnect := func(s *socketio.Socket) error {
		s.OnEvent(func(e *socketio.Event) { s.Emit("back", append([]any{[]byte("mine")}, socketio.Args(e.Args)...)...) })
		return nil
	}
	inBubble(t, socketio.Config{}, onConnect, func(t *testing.T, c *wiretest.Client, _ *socketio.Server) {
		ws := connect(t, c)
		ws.Send(t, `452-["x",{"_placeholder":true,"num":0,"a":{"num":1,"_placeholder":true},"num":1}]`)
		ws.SendBinary(t, "zero")
		ws.SendBinary(t, "one")
		ws.Want(t, `452-["back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0,"a":{"num":1,"_placeholder":true},"num":1}]`)
		ws.WantBinary(t, "mine")
		ws.WantBinary(t, "one")
	})
}

func TestServerClose(t *testing.T) {
	reasons := make(chan socketio.Reason, 2)
	onConnect := func(s *socketio.Socket) error {
		s.On("wait", func(*socketio.Event) { <-s.Done() })
		s.OnDisconnect(func(r socketio.Reason) { reasons <- r })
		return nil
	}
	inBubble(t, socketio.Config{}, onConnect, func(t *testing.T, c *wiretest.Client, s *socketio.Server) {
		ws := connect(t, c)
		ws.Send(t, `42["wait"]`)
		synctest.Wait()
		closed := make(chan error)
		go func() { closed <- s.Close(t.Context()) }()
		if before := ws.WantClose(t, 1005); len(before) > 0 {
			t.Errorf("got %q: clients that are told to disconnect do not come back", before)
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if got := within(t, reasons); got != socketio.ServerShutdown {
			t.Errorf("reason: got %q", got)
		}
	})
}

func TestConfigChecks(t *testing.T) {
	for name, cfg := range map[string]socketio.Config{
		"Open is set":      {Engine: engineio.Config{Open: func(*engineio.Session) engineio.Handler { return nil }}},
		"engine is wrong":  {Engine: engineio.Config{MaxPackets: -1}},
		"negative limit":   {MaxDepth: -1},
		"negative timeout": {ConnectTimeout: -1},
	} {
		if _, err := socketio.New(cfg); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	server, err := socketio.New(socketio.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", "x", "/a,b", "/a\x1e", "/" + strings.Repeat("x", 255)} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("namespace %q: no panic", name)
				}
			}()
			server.Of(name)
		}()
	}
	if first, second := server.Of("/a"), server.Of("/a"); first != second {
		t.Error("two namespaces of one name")
	}
}
