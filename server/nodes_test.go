package server_test

import (
	"sync/atomic"
	"testing"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// TestTwoNodes plays the whole flow with the site at one node and the wallet at
// the other.
func TestTwoNodes(t *testing.T) {
	nodes := liaisontest.NewNodes(t, 2)
	site, wallet, key := newPeer(t, nodes[0]), newPeer(t, nodes[1]), testKey(t, 1)
	c := site.challenge()
	site.dial().subscribe(protocol.TopicLink, c.RequestID, 0)

	wallet.join(c.RequestID)
	site.socket.expectFrame(hello)
	want[any](t, site.call("POST", linkPath(c.RequestID, "/offer"), welcomeTo(c.RequestID)))
	wallet.dial().subscribe(protocol.TopicJoin, c.RequestID, 0)
	wallet.socket.expectFrame(welcome)
	site.socket.expect(func(m protocol.ServerMessage) bool { return m.Op == protocol.OpPeer && m.State == protocol.PeerHere })
	want[any](t, wallet.call("POST", linkPath(c.RequestID, ""), signed(t, key, c.SignIn, c.RequestID)))
	if m := site.socket.expectOp(protocol.OpLink); m.Answer == nil || *m.Answer != answer {
		t.Fatalf("link = %+v, want the answer too", m)
	}
	want[any](t, site.call("POST", protocol.PathSession, protocol.NewCollection(c.RequestID)))
	site.socket.subscribe(protocol.AnswerTopic(key.Address()), c.RequestID, 1)
	site.socket.expectFrame(answer)
	wallet.socket.subscribe(protocol.OfferTopic(key.Address()), c.RequestID, 1)
	site.socket.sendFrame(c.RequestID, frame(1, "candidate"))
	wallet.socket.expectFrame(frame(1, "candidate"))
	wallet.socket.ack(c.RequestID, 2)
	site.socket.expect(func(m protocol.ServerMessage) bool { return m.Op == protocol.OpAcked && m.Next == 2 })

	// A second wallet at either node, and the news of it.
	wantProblem(t, newPeer(t, nodes[1]).call("POST", linkPath(c.RequestID, "/join"), newJoin()), protocol.LinkTaken)
	site.socket.expectOp(protocol.OpNotice)

	// The wallet moves to the site's node; its socket at the other is let go.
	old := wallet.socket
	wallet.server = nodes[0].Origin
	wallet.dial().subscribe(protocol.OfferTopic(key.Address()), c.RequestID, 2)
	if m := old.expectOp(protocol.OpClosed); m.Code != protocol.Replaced {
		t.Fatalf("closed = %+v, want %s", m, protocol.Replaced)
	}
	site.socket.sendFrame(c.RequestID, frame(2, "after the move"))
	wallet.socket.expectFrame(frame(2, "after the move"))

	want[any](t, wallet.call("DELETE", linkPath(c.RequestID, ""), nil))
	if m := site.socket.expectOp(protocol.OpClosed); m.Code != protocol.LinkClosed {
		t.Fatalf("closed = %+v, want %s", m, protocol.LinkClosed)
	}
}

// askingBus counts how often its node asks another for frames.
type askingBus struct {
	liaison.Bus
	asked *atomic.Int64
}

func (b askingBus) Publish(subject liaison.Subject, signal liaison.Signal) {
	if signal.Kind == liaison.SignalWant {
		b.asked.Add(1)
	}
	b.Bus.Publish(subject, signal)
}

// TestFullMailboxOfAnotherNode: what a socket has no room for yet is here, and is
// not asked for again.
func TestFullMailboxOfAnotherNode(t *testing.T) {
	var asked atomic.Int64
	nodes := liaisontest.NewNodes(t, 2, liaisontest.Unlimited, func(cfg *server.Config) {
		cfg.Limits.OutboundMessages, cfg.Bus = 8, askingBus{cfg.Bus, &asked}
	})
	p := newPair(t, nodes[0], testKey(t, 1))
	p.fillMailbox(waiting)
	p.wallet.server = nodes[1].Origin
	before := asked.Load()
	p.wallet.dial().subscribe(protocol.OfferTopic(p.address), p.id, first)
	for n := range protocol.MailboxFrames {
		p.wallet.socket.expectFrame(waiting(n))
	}
	p.wallet.socket.ack(p.id, first+protocol.MailboxFrames)
	p.site.socket.expectAcked(first + protocol.MailboxFrames)
	if n := asked.Load() - before; n != 1 {
		t.Errorf("frames were asked for %d times, want once", n)
	}
}

// losingBus loses one frame.
type losingBus struct {
	liaison.Bus
	n     uint64
	armed *atomic.Bool
}

func (b losingBus) Publish(subject liaison.Subject, signal liaison.Signal) {
	if signal.Kind == liaison.SignalFrame && signal.Frame.N == b.n && b.armed.CompareAndSwap(true, false) {
		return
	}
	b.Bus.Publish(subject, signal)
}

// TestLostFrameBehindAFullQueue: what got lost between nodes is asked for again, also
// while what is before it waits for room.
func TestLostFrameBehindAFullQueue(t *testing.T) {
	var armed atomic.Bool
	nodes := liaisontest.NewNodes(t, 2, liaisontest.Unlimited, func(cfg *server.Config) {
		cfg.Limits.OutboundMessages, cfg.Bus = 8, losingBus{cfg.Bus, first + protocol.MailboxFrames - 2, &armed}
	})
	p := newPair(t, nodes[0], testKey(t, 1))
	p.fillMailbox(waiting)
	p.wallet.server = nodes[1].Origin
	armed.Store(true)
	p.wallet.dial().subscribe(protocol.OfferTopic(p.address), p.id, first)
	for n := range protocol.MailboxFrames {
		p.wallet.socket.expectFrame(waiting(n))
	}
}

// TestLogoutOnAnotherNode closes sockets wherever they are.
func TestLogoutOnAnotherNode(t *testing.T) {
	nodes := liaisontest.NewNodes(t, 2)
	p := newPair(t, nodes[0], testKey(t, 1))
	socket := p.site.dial()
	p.site.server = nodes[1].Origin
	want[any](t, p.site.call("DELETE", protocol.PathSession, nil))
	socket.expectClose(protocol.SessionRotated)
}
