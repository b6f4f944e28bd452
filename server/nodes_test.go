package server_test

import (
	"testing"

	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
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

// TestLogoutOnAnotherNode closes sockets wherever they are.
func TestLogoutOnAnotherNode(t *testing.T) {
	nodes := liaisontest.NewNodes(t, 2)
	p := newPair(t, nodes[0], testKey(t, 1))
	socket := p.site.dial()
	p.site.server = nodes[1].Origin
	want[any](t, p.site.call("DELETE", protocol.PathSession, nil))
	socket.expectClose(protocol.SessionRotated)
}
