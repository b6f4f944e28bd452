package server_test

import (
	"encoding/json"
	"sync"
	"testing"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
)

// codeOf is the code of a problem, empty for any other answer.
func codeOf(r reply) protocol.Code {
	var p protocol.Problem
	if r.status/100 != 2 {
		json.Unmarshal(r.body, &p)
	}
	return p.Code
}

// atOnce makes n calls at once, each by a peer of its own with this token, and
// counts the codes of the answers. It returns the tokens that the answers set.
func atOnce(t *testing.T, srv *liaisontest.Server, n int, token string, call func(p *peer, i int) (reply, error)) (codes map[protocol.Code]int, tokens map[string]int) {
	t.Helper()
	codes, tokens = make(map[protocol.Code]int), make(map[string]int)
	var mu sync.Mutex
	var wg sync.WaitGroup
	gate := make(chan struct{}, 100) // descriptors are finite
	for i := range n {
		wg.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			p := newPeer(t, srv)
			p.token = token
			r, err := call(p, i)
			if err != nil {
				t.Errorf("call: %v", err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			codes[codeOf(r)]++
			if p.token != token {
				tokens[p.token]++
			}
		})
	}
	wg.Wait()
	return codes, tokens
}

// TestThousandJoins: a thousand wallets join one link at once. One has it, and
// the site is warned, once.
func TestThousandJoins(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	p := opened(t, srv, testKey(t, 1))
	p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
	const joins = 1000
	codes, tokens := atOnce(t, srv, joins, "", func(p2 *peer, i int) (reply, error) {
		return p2.tryCall("POST", linkPath(p.id, "/join"), protocol.Join{Frame: frame(0, "hello"), Key: protocol.NewNonce()})
	})
	if codes[""] != 1 || codes[protocol.LinkTaken] != joins-1 || len(tokens) != 1 {
		t.Fatalf("outcomes = %v with %d tokens, want 1 success and %d of %s", codes, len(tokens), joins-1, protocol.LinkTaken)
	}
	p.site.socket.expectFrame(hello)
	if m := p.site.socket.expectOp(protocol.OpNotice); m.Code != protocol.LinkTaken || m.RequestID != p.id {
		t.Fatalf("notice = %+v, want %s", m, protocol.LinkTaken)
	}
	p.site.socket.settle()
	p.site.socket.quiet(protocol.OpNotice)
	p.site.socket.quiet(protocol.OpFrame)
}

// TestSecondJoin: whenever another wallet comes, it is refused, gets no session,
// and the site is told, also at another node.
func TestSecondJoin(t *testing.T) {
	nodes := liaisontest.NewNodes(t, 2)
	for name, prepare := range map[string]func() pair{
		"joined":  func() pair { p := opened(t, nodes[0], testKey(t, 1)); p.wallet.join(p.id); return p },
		"greeted": func() pair { return greeted(t, nodes[0], testKey(t, 1)) },
		"claimed": func() pair { return newPair(t, nodes[0], testKey(t, 1)) },
	} {
		for i, node := range nodes {
			p := prepare()
			p.site.dial().subscribe(protocol.TopicLink, p.id, first)
			second := newPeer(t, node)
			wantProblem(t, second.call("POST", linkPath(p.id, "/join"), newJoin()), protocol.LinkTaken)
			if m := p.site.socket.expectOp(protocol.OpNotice); m.Code != protocol.LinkTaken {
				t.Fatalf("%s, second wallet at node %d: notice = %+v, want %s", name, i, m, protocol.LinkTaken)
			}
			if second.token != "" {
				t.Errorf("%s: the second wallet got a session", name)
			}
			if link, err := nodes[0].Store.Link(t.Context(), p.id); err != nil || link.State == liaison.Closed {
				t.Errorf("%s: link = %+v, %v after a second wallet; want it as it was", name, link, err)
			}
		}
	}
}

// TestLostJoin: a wallet that never saw the answer gets its session by asking
// again with the same key, also while the first attempt is under way, and nobody
// is warned. Another key gets nothing, and neither does another message.
func TestLostJoin(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	p := opened(t, srv, testKey(t, 1))
	p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
	body := newJoin()
	codes, tokens := atOnce(t, srv, 50, "", func(wallet *peer, _ int) (reply, error) {
		return wallet.tryCall("POST", linkPath(p.id, "/join"), body)
	})
	if codes[""] != 50 || len(tokens) != 1 {
		t.Fatalf("50 attempts at once: outcomes = %v with %d tokens, want one session for all", codes, len(tokens))
	}
	p.site.socket.expectFrame(hello)
	before, err := srv.Store.Link(t.Context(), p.id)
	if err != nil {
		t.Fatal(err)
	}

	want[protocol.Joined](t, p.wallet.call("POST", linkPath(p.id, "/join"), body))
	if tokens[p.wallet.token] == 0 {
		t.Error("a later attempt got another session")
	}
	if link, err := srv.Store.Link(t.Context(), p.id); err != nil || link.Version != before.Version {
		t.Errorf("link after it was joined again: version %d, %v; want %d", link.Version, err, before.Version)
	}
	p.site.socket.settle()
	p.site.socket.quiet(protocol.OpNotice)
	p.site.socket.quiet(protocol.OpFrame)

	body.Frame = frame(0, "another message 1")
	wantProblem(t, p.wallet.call("POST", linkPath(p.id, "/join"), body), protocol.FrameConflict)
	wantProblem(t, newPeer(t, srv).call("POST", linkPath(p.id, "/join"), newJoin()), protocol.LinkTaken)
	p.site.socket.expectOp(protocol.OpNotice)
	p.welcome()
	want[any](t, p.post(p.claim())) // and the session is good
}

// TestKeyOfAnotherLink: a wallet that draws one key for two links has two
// sessions.
func TestKeyOfAnotherLink(t *testing.T) {
	srv := liaisontest.NewServer(t)
	first, second := opened(t, srv, testKey(t, 1)), opened(t, srv, testKey(t, 1))
	body := newJoin()
	want[any](t, first.wallet.call("POST", linkPath(first.id, "/join"), body))
	want[any](t, second.wallet.call("POST", linkPath(second.id, "/join"), body))
	if first.wallet.token == second.wallet.token {
		t.Error("two links gave one token")
	}
	wantProblem(t, first.wallet.call("POST", linkPath(second.id, "/reject"), nil), protocol.LinkNotJoined)
}

// TestBind: the site, and nobody else, names the channel, once, and before its
// message gets through.
func TestBind(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := opened(t, srv, testKey(t, 1))
	offer := linkPath(p.id, "/offer")
	wantProblem(t, p.site.call("POST", offer, welcomeTo(p.id)), protocol.LinkNotJoined) // nobody has come
	p.wallet.join(p.id)
	p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
	p.wallet.dial().subscribe(protocol.TopicJoin, p.id, 0)

	p.site.socket.sendFrame(p.id, welcome)
	p.site.socket.expectError(protocol.LinkNotJoined)
	wantProblem(t, p.site.call("POST", offer, welcome), protocol.InvalidMessage)
	stranger := greeted(t, srv, testKey(t, 1))
	for _, other := range []*peer{p.wallet, stranger.site, stranger.wallet} {
		wantProblem(t, other.call("POST", offer, welcomeTo(p.id)), protocol.LinkForbidden)
	}
	wantProblem(t, newPeer(t, srv).call("POST", offer, welcomeTo(p.id)), protocol.SessionRequired)
	if got := p.channel(srv); got != "" {
		t.Fatalf("stored channel = %q, want none yet", got)
	}
	p.wallet.socket.settle()
	p.wallet.socket.quiet(protocol.OpFrame)

	p.welcome()
	p.wallet.socket.expectFrame(welcome)
	if got := p.channel(srv); got != channelOf(p.id) {
		t.Fatalf("stored channel = %q, want %q", got, channelOf(p.id))
	}
	p.welcome() // again: no harm
	p.site.socket.sendFrame(p.id, welcome)
	changed := welcomeTo(p.id)
	changed.Channel = channelOf("another")
	wantProblem(t, p.site.call("POST", offer, changed), protocol.FrameConflict)
	p.wallet.socket.ack(p.id, 1) // then nothing but the channel tells the two apart
	p.site.socket.expectAcked(1)
	wantProblem(t, p.site.call("POST", offer, changed), protocol.FrameConflict)
	want[any](t, p.post(p.claim()))
	wantProblem(t, p.site.call("POST", offer, changed), protocol.LinkTaken)
	if got := p.channel(srv); got != channelOf(p.id) {
		t.Fatalf("stored channel = %q, want %q", got, channelOf(p.id))
	}
	p.wallet.socket.settle()
	p.wallet.socket.quiet(protocol.OpFrame)
}

// channel is the one that is stored with the link.
func (p pair) channel(srv *liaisontest.Server) protocol.ChannelID {
	p.site.t.Helper()
	link, err := srv.Store.Link(p.site.t.Context(), p.id)
	if err != nil {
		p.site.t.Fatal(err)
	}
	return link.Channel
}

// TestBoundAtAnotherNode: the site names the channel at one node while its
// WebSocket is at another, where it may then send its message again.
func TestBoundAtAnotherNode(t *testing.T) {
	nodes := liaisontest.NewNodes(t, 2)
	p := opened(t, nodes[0], testKey(t, 1))
	p.wallet.join(p.id)
	p.site.server = nodes[1].Origin
	p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
	p.site.server = nodes[0].Origin
	p.welcome()
	p.site.socket.sendFrame(p.id, welcome)
	p.site.socket.settle()
	p.site.socket.quiet(protocol.OpError)
	p.wallet.dial().subscribe(protocol.TopicJoin, p.id, 0)
	p.wallet.socket.expectFrame(welcome)
	p.wallet.socket.settle()
	p.wallet.socket.quiet(protocol.OpFrame)
}

// TestHandshakeFramesOnly: until the link is claimed each end has one frame, by
// REST and by WebSocket.
func TestHandshakeFramesOnly(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := greeted(t, srv, testKey(t, 1))
	p.site.dial().subscribe(protocol.TopicLink, p.id, 0)
	p.wallet.dial().subscribe(protocol.TopicJoin, p.id, 0)
	for _, n := range []int{1, 2, 64} {
		wantProblem(t, p.site.call("POST", linkPath(p.id, "/offer"), frame(n, "early")), protocol.LinkNotClaimed)
		wantProblem(t, p.wallet.call("POST", linkPath(p.id, "/answer"), frame(n, "early")), protocol.LinkNotClaimed)
		for _, end := range []*peer{p.site, p.wallet} {
			end.socket.sendFrame(p.id, frame(n, "early"))
			end.socket.expectError(protocol.LinkNotClaimed)
		}
	}
	p.site.socket.expectFrame(hello)
	p.wallet.socket.expectFrame(welcome)
	p.hearsNoMore()
}
