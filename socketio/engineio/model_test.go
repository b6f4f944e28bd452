package engineio_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/liaison-dev/liaison/socketio/engineio"
	"github.com/liaison-dev/liaison/socketio/internal/wiretest"
	"pgregory.net/rapid"
)

// TestExactlyOnceInOrder lets an honest client and a server do things in any
// order and at any time, and checks that each message arrives once and in order.
func TestExactlyOnceInOrder(t *testing.T) {
	cfg := engineio.Config{MaxPayload: 100}
	synctest.Test(t, func(t *testing.T) {
		c, opened, _ := serve(t, cfg, wiretest.InMemory)
		rapid.Check(timeless{t}, func(rt *rapid.T) {
			m := newModel(t, rt, c, opened)
			for range rapid.IntRange(1, 60).Draw(rt, "steps") {
				m.step()
			}
			m.finish()
		})
	})
}

// timeless is a test without a deadline, which cannot be asked for in a bubble.
type timeless struct{ testing.TB }

// model is a client, what it sent and got, and the session at the other end.
type model struct {
	t  *testing.T
	rt *rapid.T
	c  *wiretest.Client

	sid     string
	session *recorder
	poll    chan result
	post    chan result
	ws      *wiretest.WebSocket // that of the session, or one that is probed
	frames  chan wiretest.Frame
	probed  bool // no more polls and POSTs
	upgrade bool // the upgrade is complete

	sent, received         int // by the client
	served, servedToClient int // by the server
}

type result struct {
	answer wiretest.Answer
	err    error
}

func newModel(t *testing.T, rt *rapid.T, c *wiretest.Client, opened sessions) *model {
	m := &model{t: t, rt: rt, c: c}
	if rapid.IntRange(0, 4).Draw(rt, "WebSocket first") == 0 {
		m.dial("")
		m.sid = wiretest.ParseOpen(t, string((<-m.frames).Payload)).SID
		m.upgrade, m.probed = true, true
	} else {
		m.sid = c.Open(t)
	}
	m.session = <-opened
	return m
}

// name is the n-th message, as text or, for every third, as bytes.
func name(prefix string, n int) engineio.Message {
	return engineio.Message{Data: fmt.Appendf(nil, "%s%d", prefix, n), Binary: n%3 == 0}
}

func shown(m engineio.Message) string {
	if m.Binary {
		return "b" + string(m.Data)
	}
	return "t" + string(m.Data)
}

func (m *model) step() {
	switch rapid.IntRange(0, 9).Draw(m.rt, "step") {
	case 0, 1:
		m.serve()
	case 2:
		m.session.Barrier()
	case 3:
		m.startPoll()
	case 4:
		m.startPost()
	case 5:
		m.probe()
	case 6:
		m.abortProbe()
	case 7:
		m.sendFrame()
	case 8:
		time.Sleep(time.Duration(rapid.IntRange(1, 5000).Draw(m.rt, "ms")) * time.Millisecond)
	case 9:
		synctest.Wait()
	}
	m.collect()
}

// serve sends some messages from the server.
func (m *model) serve() {
	var batch []engineio.Message
	for range rapid.IntRange(1, 4).Draw(m.rt, "messages") {
		batch = append(batch, name("s", m.served))
		m.served++
	}
	if err := m.session.Send(batch...); err != nil {
		m.rt.Fatalf("send: %v", err)
	}
}

func (m *model) startPoll() {
	if m.poll == nil && !m.probed {
		m.poll = m.request("GET", "")
	}
}

func (m *model) startPost() {
	if m.post != nil || m.probed {
		return
	}
	var packets []string
	for range rapid.IntRange(1, 4).Draw(m.rt, "packets") {
		packets = append(packets, m.nextPacket())
	}
	m.post = m.request("POST", strings.Join(packets, "\x1e"))
}

func (m *model) nextPacket() string {
	message := name("c", m.sent)
	m.sent++
	if message.Binary {
		return "b" + base64.StdEncoding.EncodeToString(message.Data)
	}
	return "4" + string(message.Data)
}

func (m *model) request(method, body string) chan result {
	c := make(chan result, 1)
	go func() {
		answer, err := m.c.Send(m.t.Context(), method, wiretest.Query("polling", m.sid), nil, strings.NewReader(body))
		c <- result{answer, err}
	}()
	return c
}

func (m *model) dial(sid string) {
	m.ws = m.c.WebSocket(m.t, sid)
	frames, ws := make(chan wiretest.Frame, 1000), m.ws
	m.frames = frames
	go func() {
		defer close(frames)
		for {
			frame, err := ws.Next()
			if err != nil {
				return
			}
			frames <- frame
		}
	}()
}

func (m *model) probe() {
	if m.ws == nil {
		m.dial(m.sid)
		m.ws.Send(m.t, "2probe")
	}
}

// abortProbe gives up an upgrade before it is certain, as clients do whose
// network does not like WebSockets.
func (m *model) abortProbe() {
	if m.ws != nil && !m.probed {
		m.ws.Close()
		for range m.frames { // what is under way
		}
		m.ws, m.frames = nil, nil
		synctest.Wait() // the server has to notice before the next one
	}
}

func (m *model) sendFrame() {
	if !m.upgrade {
		return
	}
	message := name("c", m.sent)
	m.sent++
	opcode, text := wiretest.Text, "4"+string(message.Data)
	if message.Binary {
		opcode, text = wiretest.Binary, string(message.Data)
	}
	if err := m.ws.Put(opcode, text); err != nil {
		m.rt.Fatalf("frame: %v", err)
	}
}

// collect handles what has come, and completes an upgrade that can be.
func (m *model) collect() {
	select {
	case r := <-m.poll:
		m.poll = nil
		m.check(r, "")
		for packet := range strings.SplitSeq(r.answer.Body, "\x1e") {
			m.packet(packet)
		}
	default:
	}
	select {
	case r := <-m.post:
		m.post = nil
		m.check(r, "ok")
	default:
	}
	for more := m.frames != nil; more; {
		select {
		case frame, ok := <-m.frames:
			if !ok {
				m.lostWebSocket()
				return
			}
			m.frame(frame)
		default:
			more = false
		}
	}
	if m.probed && !m.upgrade && m.poll == nil && m.post == nil {
		m.ws.Send(m.t, "5")
		m.upgrade = true
	}
}

// lostWebSocket: a probe that took too long is closed by the server.
func (m *model) lostWebSocket() {
	if m.probed {
		m.rt.Fatal("the WebSocket of the session was closed")
	}
	m.ws.Close()
	m.ws, m.frames = nil, nil
}

func (m *model) check(r result, body string) {
	if r.err != nil || r.answer.Status != 200 || body != "" && r.answer.Body != body {
		m.rt.Fatalf("got %+v, %v", r.answer, r.err)
	}
}

func (m *model) frame(f wiretest.Frame) {
	switch {
	case f.Opcode == wiretest.Binary:
		m.got("b" + string(f.Payload))
	case string(f.Payload) == "3probe":
		m.probed = true
	case f.Opcode == wiretest.Close:
	default:
		m.packet(string(f.Payload))
	}
}

func (m *model) packet(packet string) {
	switch packet[0] {
	case 'b':
		data, err := base64.StdEncoding.DecodeString(packet[1:])
		if err != nil {
			m.rt.Fatal(err)
		}
		m.got("b" + string(data))
	case '4':
		m.got("t" + packet[1:])
	case '2':
		m.pong()
	case '6':
	default:
		m.rt.Fatalf("got packet %q", packet)
	}
}

func (m *model) got(message string) {
	if want := shown(name("s", m.received)); message != want {
		m.rt.Fatalf("the client got %q, want %q", message, want)
	}
	m.received++
}

func (m *model) pong() {
	switch {
	case m.upgrade:
		m.ws.Send(m.t, "3")
	case m.post == nil:
		m.post = m.request("POST", "3")
	default: // after the one that is under way
		m.check(<-m.post, "ok")
		m.post = m.request("POST", "3")
	}
}

// finish goes on until all has arrived, and ends the session.
func (m *model) finish() {
	for range 200 {
		m.drainSession()
		if m.received == m.served && m.servedToClient == m.sent && m.post == nil && m.probed == m.upgrade {
			break
		}
		m.startPoll()
		synctest.Wait()
		m.collect()
		time.Sleep(10 * time.Millisecond)
	}
	if m.received != m.served || m.servedToClient != m.sent {
		m.rt.Fatalf("the client got %d of %d messages, the server %d of %d", m.received, m.served, m.servedToClient, m.sent)
	}
	if err := m.session.Send(); err != nil && !errors.Is(err, engineio.ErrClosed) {
		m.rt.Fatal(err)
	}
	m.session.Close("")
	if m.ws != nil {
		m.ws.Close()
	}
	for m.poll != nil { // the farewell, or the noop of a probe before it
		<-m.poll
		m.poll = nil
	}
	synctest.Wait()
}

func (m *model) drainSession() {
	for {
		select {
		case got := <-m.session.messages:
			if want := shown(name("c", m.servedToClient)); got != want {
				m.rt.Fatalf("the server got %q, want %q", got, want)
			}
			m.servedToClient++
		default:
			return
		}
	}
}
