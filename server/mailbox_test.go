package server_test

import (
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// TestResume: a wallet whose socket drops gets what it missed, once and in
// order, and what it has received not again.
func TestResume(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	p := newPair(t, srv, testKey(t, 1))
	p.subscribe()
	for n := first; n < first+3; n++ {
		p.site.socket.sendFrame(p.id, frame(n, "early"))
		p.wallet.socket.expectFrame(frame(n, "early"))
	}
	p.wallet.socket.ack(p.id, first+2) // the third arrived, and its acknowledgement was lost
	p.site.socket.expectAcked(first + 2)
	p.wallet.socket.conn.NetConn().Close()
	p.site.socket.expect(peerGone)
	for n := first + 3; n < first+6; n++ {
		p.site.socket.sendFrame(p.id, frame(n, "missed"))
	}
	p.wallet.dial().subscribe(protocol.OfferTopic(p.address), p.id, first+3)
	p.site.socket.expect(func(m protocol.ServerMessage) bool { return m.Op == protocol.OpPeer && m.State == protocol.PeerHere })
	for n := first + 3; n < first+6; n++ {
		p.wallet.socket.expectFrame(frame(n, "missed"))
	}
	p.wallet.socket.settle()
	p.wallet.socket.quiet(protocol.OpFrame)
	if m := p.site.dial().subscribe(protocol.AnswerTopic(p.address), p.id, first); m.Next != first+3 {
		t.Fatalf("acknowledged = %d, want %d, with which the wallet subscribed", m.Next, first+3)
	}
}

// TestRestart: the frames that a node had when it died are healed by clients
// that send again what was not acknowledged, however far they had counted.
func TestRestart(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	p := newPair(t, srv, testKey(t, 1))
	p.subscribe()
	const sent = 200 // more than one mailbox
	for n := first; n < sent; n++ {
		p.site.socket.sendFrame(p.id, frame(n, "before"))
		p.wallet.socket.expectFrame(frame(n, "before"))
		p.wallet.socket.ack(p.id, n+1)
		p.site.socket.expectAcked(n + 1)
	}
	p.wallet.socket.conn.NetConn().Close()
	p.site.socket.sendFrame(p.id, frame(sent, "lost with the node"))
	p.site.socket.settle()
	srv.Stop()
	srv.Start()
	p.wallet.dial().subscribe(protocol.OfferTopic(p.address), p.id, sent)
	p.site.dial().send(protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: protocol.AnswerTopic(p.address), RequestID: p.id, Next: sent})
	p.site.socket.sendFrame(p.id, frame(sent, "lost with the node"))
	p.wallet.socket.expectFrame(frame(sent, "lost with the node"))
}

// TestFrames: what is refused, and that it loses nothing.
func TestFrames(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	p := newPair(t, srv, testKey(t, 1))
	p.subscribe()
	p.wallet.socket.conn.NetConn().Close()
	p.site.socket.expect(peerGone)
	p.site.socket.sendFrame(p.id, frame(first, "first"))
	p.site.socket.sendFrame(p.id, frame(first, "first")) // again: no harm
	p.site.socket.sendFrame(p.id, frame(first, "other"))
	p.site.socket.expectError(protocol.FrameConflict)
	p.site.socket.sendFrame(p.id, frame(first+protocol.MailboxFrames, "too far ahead"))
	p.site.socket.expectError(protocol.MailboxFull)
	big := func(n int) protocol.Frame {
		return protocol.Frame{N: uint64(first + n), D: strings.Repeat("A", protocol.MaxFrameBytes)}
	}
	for n := 1; n <= 4; n++ {
		p.site.socket.sendFrame(p.id, big(n))
	}
	p.site.socket.sendFrame(p.id, big(5))
	p.site.socket.expectError(protocol.MailboxFull)
	wantProblem(t, p.site.call("POST", linkPath(p.id, "/offer"), big(5)), protocol.MailboxFull)

	p.wallet.dial().subscribe(protocol.OfferTopic(p.address), p.id, first)
	p.wallet.socket.expectFrame(frame(first, "first"))
	for n := 1; n <= 4; n++ {
		p.wallet.socket.expectFrame(big(n))
	}
	p.wallet.socket.ack(p.id, first+5)
	p.site.socket.expectAcked(first + 5)
	p.site.socket.sendFrame(p.id, big(5))
	p.wallet.socket.expectFrame(big(5))
}

// fillMailbox has the wallet leave, and the site send it as many frames as can wait.
func (p pair) fillMailbox(nth func(n int) protocol.Frame) {
	p.site.t.Helper()
	p.subscribe()
	p.wallet.socket.conn.NetConn().Close()
	p.site.socket.expect(peerGone)
	for n := range protocol.MailboxFrames {
		p.site.socket.sendFrame(p.id, nth(n))
	}
	p.site.socket.settle()
}

func waiting(n int) protocol.Frame { return frame(first+n, "waits") }

// TestFullMailbox: who comes back to a full mailbox is no slow reader, however
// little may wait for one socket; nor is one that is acknowledged much at once.
func TestFullMailbox(t *testing.T) {
	for _, queue := range []int{8, 64} {
		t.Run(fmt.Sprint(queue), func(t *testing.T) {
			srv := liaisontest.NewServer(t, liaisontest.Unlimited, func(cfg *server.Config) { cfg.Limits.OutboundMessages = queue })
			p := newPair(t, srv, testKey(t, 1))
			full := func(n int) protocol.Frame {
				return protocol.Frame{N: uint64(first + n), D: strings.Repeat("A", protocol.MailboxBytes/protocol.MailboxFrames)}
			}
			p.fillMailbox(full)
			p.wallet.dial().subscribe(protocol.OfferTopic(p.address), p.id, first)
			for n := range protocol.MailboxFrames {
				p.wallet.socket.expectFrame(full(n))
			}
			for n := range protocol.MailboxFrames {
				p.wallet.socket.ack(p.id, first+n+1)
			}
			p.site.socket.expectAcked(first + protocol.MailboxFrames)
			p.site.socket.sendFrame(p.id, full(protocol.MailboxFrames))
			p.wallet.socket.expectFrame(full(protocol.MailboxFrames))
		})
	}
}

// TestNewerSocket takes the place of an older one of the same side.
func TestNewerSocket(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := newPair(t, srv, testKey(t, 1))
	p.subscribe()
	older := p.wallet.socket
	p.wallet.dial().subscribe(protocol.OfferTopic(p.address), p.id, first)
	older.expectClosed(protocol.Replaced)
	p.site.socket.sendFrame(p.id, frame(first, "to the newer"))
	p.wallet.socket.expectFrame(frame(first, "to the newer"))
	older.settle()
	older.quiet(protocol.OpFrame)
}

// TestIsolation lets 200 sockets of many links and resumptions, some of one
// account, do random things, from the handshake on, and compares all that is
// delivered with a model: each frame reaches the other side of its link, once
// and in order, and nobody else.
func TestIsolation(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	nodes := liaisontest.NewNodes(t, 2, liaisontest.Unlimited, func(cfg *server.Config) { cfg.Limits.OutboundMessages = 24 })
	const links, rounds = 100, 4000
	world := make([]*modelLink, links)
	for i := range world {
		world[i] = newModelLink(t, nodes, i, random)
	}
	for range rounds {
		world[random.IntN(links)].step(random)
	}
	claimed, resumed := 0, 0
	var wg sync.WaitGroup
	for _, l := range world {
		wg.Go(l.finish)
		if l.claimed {
			claimed++
		}
		if l.resumption {
			resumed++
		}
	}
	wg.Wait()
	for _, l := range world {
		l.check()
	}
	if claimed < links/4 || resumed < links/10 {
		t.Errorf("%d links were claimed and %d are resumptions; the test does not test much any more", claimed, resumed)
	}
}

// modelLink is a link or a resumption, and what was sent on it.
type modelLink struct {
	t                   *testing.T
	nodes               []*liaisontest.Server
	name                string
	pair                pair
	resumption, claimed bool
	sides               [2]modelSide // by protocol.Side
}

type modelSide struct {
	side     protocol.Side
	peer     *peer
	sent     int           // frames sent, numbered from 0
	got      int           // frames received in order
	acked    int           // own frames known to be acknowledged
	sockets  []*testSocket // all it ever had
	received []protocol.Frame
}

func newModelLink(t *testing.T, nodes []*liaisontest.Server, i int, random *rand.Rand) *modelLink {
	node := nodes[random.IntN(len(nodes))]
	l := &modelLink{t: t, nodes: nodes, name: fmt.Sprintf("link %d", i), resumption: i%4 == 0}
	if l.resumption {
		l.pair = pair{site: newPeer(t, node), wallet: newPeer(t, node), id: someResumption()}
		l.pair.site.resume(l.pair.id)
	} else {
		l.pair = opened(t, node, testKey(t, byte(i%7))) // seven accounts share the links
	}
	for side, end := range []*peer{l.pair.site, l.pair.wallet} {
		l.sides[side] = modelSide{side: protocol.Side(side), peer: end}
	}
	site, wallet := &l.sides[protocol.SiteSide], &l.sides[protocol.WalletSide]
	join := protocol.Join{Frame: l.frame(wallet, 0), Key: protocol.NewNonce()}
	want[protocol.Joined](t, wallet.peer.call("POST", linkPath(l.pair.id, "/join"), join))
	wallet.sent = 1
	l.connect(site, random)
	l.connect(wallet, random)
	return l
}

// topic brings a side its frames now.
func (l *modelLink) topic(s *modelSide) protocol.Topic {
	switch {
	case l.claimed:
		return s.side.Topic(l.pair.address)
	case s.side == protocol.SiteSide:
		return protocol.TopicLink
	}
	return protocol.TopicJoin
}

// connect attaches a side to any of the nodes.
func (l *modelLink) connect(s *modelSide, random *rand.Rand) {
	s.peer.server = l.nodes[random.IntN(len(l.nodes))].Origin
	s.sockets = append(s.sockets, s.peer.dial())
	l.subscribe(s)
}

// subscribe asks for what the side has not got, and sends again what was not
// acknowledged.
func (l *modelLink) subscribe(s *modelSide) {
	topic := l.topic(s)
	s.peer.socket.send(protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: topic, RequestID: l.pair.id, Since: uint64(s.got), Next: uint64(s.acked)})
	s.peer.socket.expect(func(m protocol.ServerMessage) bool { return m.Op == protocol.OpSubscribed && m.Topic == topic })
	for n := s.acked; n < s.sent; n++ {
		s.peer.socket.sendFrame(l.pair.id, l.frame(s, n))
	}
}

func (l *modelLink) frame(s *modelSide, n int) protocol.Frame {
	return frame(n, fmt.Sprintf("%s %s %d", l.name, s.side, n))
}

// step does one random thing.
func (l *modelLink) step(random *rand.Rand) {
	s := &l.sides[random.IntN(2)]
	socket := s.peer.socket
	switch k := random.IntN(12); {
	case k < 6 && s.sent-s.acked < protocol.MailboxFrames && l.maySend(s):
		l.send(s)
	case k == 6 && s.sent > 0:
		socket.sendFrame(l.pair.id, l.frame(s, random.IntN(s.sent))) // again
	case k == 7:
		socket.conn.NetConn().Close()
		l.take(s)
		l.connect(s, random)
	case k == 8 && random.IntN(4) == 0:
		l.connect(s, random) // a newer socket beside the older
	case k > 9 && l.sides[protocol.SiteSide].sent > 0 && !l.claimed && !l.resumption:
		l.claim(random)
	default:
		l.take(s)
		socket.ack(l.pair.id, s.got)
	}
}

// maySend says whether the side may have another frame now.
func (l *modelLink) maySend(s *modelSide) bool { return l.claimed || l.resumption || s.sent == 0 }

func (l *modelLink) send(s *modelSide) {
	f := l.frame(s, s.sent)
	if s.sent == 0 && s.side == protocol.SiteSide && !l.resumption {
		want[any](l.t, s.peer.call("POST", linkPath(l.pair.id, "/offer"), protocol.Offer{N: f.N, D: f.D, Channel: channelOf(l.pair.id)}))
	} else {
		s.peer.socket.sendFrame(l.pair.id, f)
	}
	s.sent++
}

// claim claims the link at any of the nodes; both ends go over to the frames for
// the account.
func (l *modelLink) claim(random *rand.Rand) {
	site, wallet := &l.sides[protocol.SiteSide], &l.sides[protocol.WalletSide]
	claim := l.pair.claim()
	claim.Answer = l.frame(wallet, 1)
	wallet.sent = 2
	l.pair.wallet.server = l.nodes[random.IntN(len(l.nodes))].Origin
	want[any](l.t, l.pair.post(claim))
	l.pair.collect()
	l.claimed = true
	for _, s := range []*modelSide{site, wallet} {
		l.take(s)
		l.subscribe(s)
	}
}

// take moves what the side's newest socket has received into the model.
func (l *modelLink) take(s *modelSide) {
	socket := s.sockets[len(s.sockets)-1]
	socket.mu.Lock()
	defer socket.mu.Unlock()
	kept := socket.messages[:0]
	for _, m := range socket.messages {
		switch m.Op {
		case protocol.OpFrame:
			if m.N > uint64(s.got) {
				l.t.Errorf("%s, %s: got frame %d, want %d", l.name, s.side, m.N, s.got)
			}
			if m.N == uint64(s.got) {
				s.got++
			}
			s.received = append(s.received, protocol.Frame{N: m.N, D: m.D})
		case protocol.OpAcked:
			s.acked = max(s.acked, int(m.Next))
		default:
			kept = append(kept, m)
		}
	}
	socket.messages = kept
}

// resendAfter is how long a client of the model waits before it sends again.
const resendAfter = time.Second

// finish sends everything that was not acknowledged again until all has
// arrived, as a client would.
func (l *modelLink) finish() {
	for side := range l.sides {
		s, other := &l.sides[side], &l.sides[1-side]
		random := rand.New(rand.NewPCG(uint64(side), 0))
		other.sockets[len(other.sockets)-1].conn.NetConn().Close()
		l.take(other)
		l.connect(other, random)
		s.sockets[len(s.sockets)-1].conn.NetConn().Close()
		l.take(s)
		l.connect(s, random)
		again := time.Now().Add(resendAfter)
		waitFor(l.t, l.name+" to deliver everything", func() bool {
			l.take(other)
			l.take(s)
			if other.got != s.sent && time.Now().After(again) { // the bus may lose what it cannot hold
				again = time.Now().Add(resendAfter)
				for n := s.acked; n < s.sent; n++ {
					s.peer.socket.sendFrame(l.pair.id, l.frame(s, n))
				}
			}
			return other.got == s.sent
		})
	}
}

// check compares what every socket ever got with what was sent to its side.
func (l *modelLink) check() {
	for side := range l.sides {
		s, from := &l.sides[side], &l.sides[1-side]
		for _, socket := range s.sockets[:len(s.sockets)-1] {
			socket.mu.Lock()
			for _, m := range socket.messages {
				if m.Op == protocol.OpFrame {
					s.received = append(s.received, protocol.Frame{N: m.N, D: m.D})
				}
			}
			socket.mu.Unlock()
		}
		for _, f := range s.received {
			if want := l.frame(from, int(f.N)); f != want {
				l.t.Errorf("%s: socket of the %s got frame %+v, want %+v", l.name, s.side, f, want)
			}
		}
		if s.got != from.sent {
			l.t.Errorf("%s, %s: received %d frames, want %d", l.name, s.side, s.got, from.sent)
		}
	}
}

// TestSlowReader: a socket that is not read is closed. Its sender is not held
// up, other links are not, and what comes meanwhile waits for its return.
func TestSlowReader(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	p, other := newPair(t, srv, testKey(t, 1)), newPair(t, srv, testKey(t, 2))
	p.subscribe()
	other.subscribe()
	p.wallet.socket.mu.Lock() // its reader stops at the next message
	release := sync.OnceFunc(p.wallet.socket.mu.Unlock)
	defer release()
	big := protocol.Frame{N: first, D: strings.Repeat("A", protocol.MaxFrameBytes)}
	p.site.socket.sendFrame(p.id, big)
	again := fmt.Sprintf(`{"op":"subscribe","topic":%q,"requestId":%q,"since":%d}`, protocol.OfferTopic(p.address), p.id, first)
	asked := 0
	for p.wallet.socket.conn.WriteString(again) == nil {
		if asked++; asked == 100_000 {
			t.Fatalf("still attached after %d unread answers", asked)
		}
	}
	p.site.socket.expect(peerGone)
	metrics := httptest.NewRecorder()
	srv.Handler().Metrics().ServeHTTP(metrics, httptest.NewRequest("GET", "/metrics", nil))
	if want := `liaison_socket_closes_total{code="slow_reader"} 1`; !strings.Contains(metrics.Body.String(), want) {
		t.Errorf("metrics are without %s", want)
	}
	other.site.socket.sendFrame(other.id, frame(first, "unhindered"))
	other.wallet.socket.expectFrame(frame(first, "unhindered"))
	p.site.socket.sendFrame(p.id, frame(first+1, "while away"))
	p.site.socket.settle()
	release()
	p.wallet.dial().subscribe(protocol.OfferTopic(p.address), p.id, first)
	p.wallet.socket.expectFrame(big)
	p.wallet.socket.expectFrame(frame(first+1, "while away"))
}

// TestAckAhead: an acknowledgement of what was never handed over is believed, and
// what comes after it still arrives.
func TestAckAhead(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited, func(cfg *server.Config) { cfg.Limits.OutboundMessages = 8 })
	p := newPair(t, srv, testKey(t, 1))
	p.fillMailbox(waiting)
	p.wallet.dial().subscribe(protocol.OfferTopic(p.address), p.id, first)
	p.wallet.socket.ack(p.id, first+protocol.MailboxFrames)
	p.site.socket.expectAcked(first + protocol.MailboxFrames)
	p.site.socket.sendFrame(p.id, frame(first+protocol.MailboxFrames, "after it"))
	p.wallet.socket.expect(func(m protocol.ServerMessage) bool { return m.N == first+protocol.MailboxFrames })
}

func peerGone(m protocol.ServerMessage) bool {
	return m.Op == protocol.OpPeer && m.State == protocol.PeerGone
}
