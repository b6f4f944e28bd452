package engineio_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/liaison-dev/liaison/socketio/engineio"
	"github.com/liaison-dev/liaison/socketio/internal/wiretest"
)

func TestMaxPayload(t *testing.T) {
	const limit = 100
	inBubble(t, engineio.Config{MaxPayload: limit}, func(t *testing.T, c *wiretest.Client, opened sessions) {
		sid := c.Open(t)
		session := <-opened
		for _, size := range []int{limit - 1, limit} {
			body := "4" + strings.Repeat("x", size-1)
			c.Post(t, sid, body).Want(t, 200, "ok")
			session.want(t, "t"+body[1:])
		}
		tooLarge := "4" + strings.Repeat("x", limit)
		answer := c.Post(t, sid, tooLarge)
		answer.Want(t, 413, "")
		if !answer.Closes {
			t.Error("the connection stays open")
		}
		// Without a Content-Length it shows only while it is read.
		answer, err := c.Send(t.Context(), "POST", wiretest.Query("polling", sid), nil, io.MultiReader(strings.NewReader(tooLarge)))
		if err != nil {
			t.Fatal(err)
		}
		answer.Want(t, 413, "")
		c.Post(t, sid, "4still here").Want(t, 200, "ok")
		session.want(t, "tstill here")

		for _, size := range []int{limit - 1, limit} {
			ws := c.WebSocket(t, "")
			wiretest.ParseOpen(t, string(ws.Read(t).Payload))
			session := <-opened
			body := strings.Repeat("x", size)
			ws.Send(t, "4"+body[1:])
			session.want(t, "t"+body[1:])
			ws.SendBinary(t, body)
			session.want(t, "b"+body)
		}
		for _, opcode := range []byte{wiretest.Text, wiretest.Binary} {
			ws := c.WebSocket(t, "")
			ws.Read(t)
			session := <-opened
			go ws.Put(opcode, tooLarge)
			if frame := ws.Read(t); frame.Opcode != wiretest.Close || string(frame.Payload[:2]) != "\x03\xf1" {
				t.Errorf("got frame %q, want close code 1009", frame)
			}
			session.wantClosed(t, engineio.TransportError)
		}
		// In parts, none of which is too large.
		ws := c.WebSocket(t, "")
		ws.Read(t)
		go func() {
			part := []byte("4" + strings.Repeat("x", limit/2))
			_, _ = ws.Write(wiretest.AppendFrame(wiretest.AppendFrame(nil, wiretest.Text, false, part), wiretest.Continuation, true, part))
		}()
		if frame := ws.Read(t); frame.Opcode != wiretest.Close || string(frame.Payload[:2]) != "\x03\xf1" {
			t.Errorf("got frame %q, want close code 1009", frame)
		}
	})
}

// TestAnswersKeepMaxPayload: what waits is spread over several poll answers.
func TestAnswersKeepMaxPayload(t *testing.T) {
	inBubble(t, engineio.Config{MaxPayload: 10}, func(t *testing.T, c *wiretest.Client, opened sessions) {
		sid := c.Open(t)
		session := <-opened
		session.Send(text("abc"), text("defg"), text("hi"), binary("\x00\x00"), text(strings.Repeat("x", 30)), text("j"))
		for _, want := range []string{"4abc\x1e4defg", "4hi\x1ebAAA=", "4" + strings.Repeat("x", 30), "4j"} {
			c.Poll(t, sid).Want(t, 200, want)
		}
	})
}

func TestMaxPackets(t *testing.T) {
	const limit = 5
	inBubble(t, engineio.Config{MaxPackets: limit}, func(t *testing.T, c *wiretest.Client, opened sessions) {
		sid := c.Open(t)
		session := <-opened
		for _, n := range []int{limit - 1, limit} {
			c.Post(t, sid, strings.TrimSuffix(strings.Repeat("4x\x1e", n), "\x1e")).Want(t, 200, "ok")
			if got := len(session.messages); got != n {
				t.Errorf("%d packets: got %d messages", n, got)
			}
			for range n {
				<-session.messages
			}
		}
		answer := c.Post(t, sid, strings.TrimSuffix(strings.Repeat("4x\x1e", limit+1), "\x1e"))
		answer.Want(t, 400, "")
		session.wantClosed(t, engineio.ParseError)
		if len(session.messages) != 0 {
			t.Error("a part of a payload that is too long was handled")
		}
	})
}

func TestSlowReaders(t *testing.T) {
	for _, test := range []struct {
		name    string
		cfg     engineio.Config
		message string
	}{
		{"messages", engineio.Config{MaxQueued: 10}, ""},
		{"bytes", engineio.Config{MaxQueuedBytes: 100}, "123456789"},
	} {
		t.Run(test.name, func(t *testing.T) {
			inBubble(t, test.cfg, func(t *testing.T, c *wiretest.Client, opened sessions) {
				sid := c.Open(t)
				polling := <-opened
				ws := c.WebSocket(t, "")
				ws.Read(t)
				socket := <-opened
				socket.Send(text("on its way out")) // a pipe has no buffer
				synctest.Wait()
				for _, session := range []*recorder{polling, socket} {
					for i := range 10 {
						if err := session.Send(text(test.message)); err != nil {
							t.Fatalf("%s, message %d: %v", session.Transport(), i, err)
						}
					}
					if err := session.Send(text(test.message)); !errors.Is(err, engineio.ErrSlowReader) {
						t.Errorf("%s, one more: got %v, want ErrSlowReader", session.Transport(), err)
					}
					session.wantClosed(t, engineio.SlowReader)
				}
				c.Poll(t, sid).WantStatus(t, 400)
				time.Sleep(time.Second) // the time of the last words
				synctest.Wait()
				if frame, err := ws.Next(); err == nil {
					t.Errorf("got frame %q, want the end", frame)
				}
			})
			inBubble(t, test.cfg, func(t *testing.T, c *wiretest.Client, opened sessions) {
				sid := c.Open(t)
				session := <-opened
				for range 3 { // all that fits, again and again
					for range 10 {
						session.Send(text(test.message))
					}
					c.Poll(t, sid).WantStatus(t, 200)
				}
				if err := session.Send(make([]engineio.Message, 11)...); test.cfg.MaxQueued > 0 && !errors.Is(err, engineio.ErrTooLarge) {
					t.Errorf("too many at once: got %v, want ErrTooLarge", err)
				}
				if err := session.Send(text(strings.Repeat("x", 100))); test.cfg.MaxQueuedBytes > 0 && !errors.Is(err, engineio.ErrTooLarge) {
					t.Errorf("too much at once: got %v, want ErrTooLarge", err)
				}
				c.Post(t, sid, "4x").Want(t, 200, "ok")
			})
		})
	}
}

func TestMaxSessions(t *testing.T) {
	const limit = 3
	asked := 0
	cfg := engineio.Config{MaxSessions: limit, Handshake: func(*http.Request, http.Header) (any, error) {
		asked++
		return nil, nil
	}}
	inBubble(t, cfg, func(t *testing.T, c *wiretest.Client, opened sessions) {
		for range limit {
			c.Open(t)
		}
		answer := c.Poll(t, "")
		answer.Want(t, 503, `{"code":3,"message":"Service unavailable"}`)
		if answer.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		_, answer, _ = c.DialWebSocket(wiretest.Query("websocket", ""), nil)
		answer.Want(t, 503, "Service unavailable")
		if asked != limit {
			t.Errorf("the hook was asked %d times, want %d", asked, limit)
		}
		(<-opened).Close("")
		synctest.Wait()
		c.Poll(t, "").WantStatus(t, 503) // its client may still fetch the last words
		time.Sleep(time.Hour)            // nobody polls
		synctest.Wait()
		c.Open(t)
	})
}

func TestUpgradeTimeout(t *testing.T) {
	inBubble(t, engineio.Config{UpgradeTimeout: 10 * time.Second}, func(t *testing.T, c *wiretest.Client, opened sessions) {
		sid := c.Open(t)
		session := <-opened
		start := time.Now()
		ws := c.WebSocket(t, sid)
		ws.Send(t, "2probe")
		ws.Want(t, "3probe")
		// Polls return, but not as fast as a client can send them.
		for i := range 3 {
			c.Poll(t, sid).Want(t, 200, "6")
			if got, want := time.Since(start), time.Duration(i+1)*100*time.Millisecond; got != want {
				t.Errorf("poll %d returned after %s, want %s", i, got, want)
			}
		}
		ws.WantClose(t, 1005)
		if got := time.Since(start); got != 10*time.Second {
			t.Errorf("closed after %s, want 10s", got)
		}
		session.Send(text("a"))
		c.Poll(t, sid).Want(t, 200, "4a")
		upgraded := upgrade(t, c, sid)
		session.Send(text("b"))
		upgraded.Want(t, "4b")
	})
}

func TestWriteTimeout(t *testing.T) {
	inBubble(t, engineio.Config{WriteTimeout: 3 * time.Second}, func(t *testing.T, c *wiretest.Client, opened sessions) {
		ws := c.WebSocket(t, "")
		ws.Read(t)
		session := <-opened
		synctest.Wait()
		start := time.Now()
		session.Send(text("not read"))
		session.wantClosed(t, engineio.TransportError)
		if got := time.Since(start); got > 4*time.Second || got < 2*time.Second {
			t.Errorf("closed after %s, want some 3s, and 1s for the last words", got)
		}
	})
}
