package server_test

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// TestClientAddress: whose address counts, behind which proxies.
func TestClientAddress(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"no proxy", "203.0.113.7:1", nil, "203.0.113.7"},
		{"a client that claims to be a proxy", "203.0.113.7:1", []string{"198.51.100.1"}, "203.0.113.7"},
		{"one proxy", "10.0.0.1:1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"two proxies", "10.0.0.1:1", []string{"198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		{"two headers", "10.0.0.1:1", []string{"198.51.100.1", "10.0.0.2"}, "198.51.100.1"},
		{"what the client wrote before the proxy", "10.0.0.1:1", []string{"192.0.2.66, 198.51.100.1"}, "198.51.100.1"},
		{"nonsense", "10.0.0.1:1", []string{"unknown"}, "10.0.0.1"},
		{"nothing", "10.0.0.1:1", []string{""}, "10.0.0.1"},
		{"IPv6 is cut to its network", "[2001:db8:1:2:3:4:5:6]:1", nil, "2001:db8:1:2::"},
		{"IPv6 behind an IPv6 proxy", "[fd00::1]:1", []string{"2001:db8:1:2:3:4:5:6"}, "2001:db8:1:2::"},
		{"IPv4 in IPv6", "[::ffff:203.0.113.7]:1", nil, "203.0.113.7"},
		{"IPv4 in IPv6 behind a proxy", "[::ffff:10.0.0.1]:1", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
		{"zone", "[fe80::1%eth0]:1", nil, "fe80::"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: c.peer, Header: http.Header{"X-Forwarded-For": c.forwarded}}
			if got := server.ClientAddress(r, trusted).String(); got != c.want {
				t.Errorf("peer %s, forwarded %q: got %s, want %s", c.peer, c.forwarded, got, c.want)
			}
		})
	}
}

// TestLinkQuota counts the links of the last two minutes, at any pace.
func TestLinkQuota(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	q := server.NewLinkQuota(3)
	for i := range 3 {
		if !q.Take(start.Add(time.Duration(i) * time.Minute / 2)) {
			t.Fatalf("link %d refused, want 3 within the quota", i)
		}
	}
	for _, c := range []struct {
		after time.Duration
		want  bool
	}{
		{119 * time.Second, false},
		{120 * time.Second, true}, // the first has gone
		{121 * time.Second, false},
		{10 * time.Hour, true},
		{10*time.Hour + time.Second, true},
		{10*time.Hour + 2*time.Second, true},
		{10*time.Hour + 3*time.Second, false},
		{0, false}, // a clock that was set back opens no gate
	} {
		if got := q.Take(start.Add(c.after)); got != c.want {
			t.Errorf("after %s: %v, want %v", c.after, got, c.want)
		}
	}
}

// TestLimits reaches each limit from one address: what is within it works, one
// more is told to wait, and the next period starts anew.
func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name   string
		limit  func(*server.Limits)
		within int
		period time.Duration
		do     func(*peer) reply
	}{
		{"requests", func(l *server.Limits) { l.RequestsPerMinute = 6 }, 6, 10 * time.Second, func(p *peer) reply {
			return p.call("GET", "/healthz", nil)
		}},
		{"links", func(l *server.Limits) { l.LinksPerAddress = 4 }, 4, 30 * time.Second, func(p *peer) reply {
			return p.call("GET", protocol.PathChallenge, nil)
		}},
		{"resumptions", func(l *server.Limits) { l.LinksPerAddress = 4 }, 4, 30 * time.Second, func(p *peer) reply {
			return p.call("POST", protocol.PathResumptions, protocol.Resumption{RequestID: someResumption()})
		}},
		{"sockets", func(l *server.Limits) { l.SocketsPerMinute = 3 }, 3, 20 * time.Second, func(p *peer) reply {
			return p.call("GET", protocol.PathSocket, nil)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock := newClock()
			srv := liaisontest.NewServer(t, liaisontest.Unlimited, func(cfg *server.Config) {
				cfg.Now = clock.now
				c.limit(&cfg.Limits)
			})
			p := newPeer(t, srv)
			for i := range c.within {
				if r := c.do(p); r.status == http.StatusTooManyRequests {
					t.Fatalf("%d of %d: %s", i+1, c.within, r.body)
				}
			}
			r := c.do(p)
			wantProblem(t, r, protocol.RateLimited)
			wait, err := strconv.Atoi(r.header.Get("Retry-After"))
			if err != nil || wait < 1 || time.Duration(wait)*time.Second > c.period {
				t.Fatalf("Retry-After = %q, want 1 to %s", r.header.Get("Retry-After"), c.period)
			}
			clock.add(time.Duration(wait) * time.Second)
			if r := c.do(p); r.status == http.StatusTooManyRequests {
				t.Fatalf("still refused after Retry-After: %s", r.body)
			}
		})
	}
}

// TestOpenSockets: what one address may hold open is given back with the end of
// a socket.
func TestOpenSockets(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited, func(cfg *server.Config) { cfg.Limits.SocketsPerAddress = 2 })
	p := newPeer(t, srv)
	p.challenge()
	first := p.dial()
	p.dial()
	if _, err := p.tryDial(nil); err == nil {
		t.Fatal("a third socket opened, want 2 at most")
	}
	first.conn.NetConn().Close()
	waitFor(t, "the place of the first socket", func() bool { _, err := p.tryDial(nil); return err == nil })
}

// TestClose: a server that stops tells its sockets to come back, and readiness
// says so while liveness does not.
func TestShutdown(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := newPeer(t, srv)
	p.challenge()
	want[any](t, p.call("GET", "/readyz", nil))
	socket := p.dial()
	if err := srv.Handler().Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	socket.expectClose(protocol.ShuttingDown)
	wantProblem(t, p.call("GET", "/readyz", nil), protocol.ShuttingDown)
	want[any](t, p.call("GET", "/healthz", nil))
}

// TestStoreGone: without storage nothing succeeds, and nobody is signed in.
func TestStoreGone(t *testing.T) {
	srv := liaisontest.NewServer(t)
	p := newPair(t, srv, testKey(t, 1))
	open := opened(t, srv, testKey(t, 2))
	waiting := greeted(t, srv, testKey(t, 2))
	claim := waiting.claim()
	srv.Store.Close()
	for _, r := range []reply{
		p.site.call("GET", protocol.PathSession, nil),
		p.site.call("GET", protocol.PathChallenge, nil),
		p.site.call("POST", protocol.PathResumptions, protocol.Resumption{RequestID: someResumption()}),
		open.wallet.call("POST", linkPath(open.id, "/join"), newJoin()),
		waiting.site.call("POST", linkPath(waiting.id, "/offer"), welcomeTo(waiting.id)),
		waiting.post(claim),
		waiting.wallet.call("POST", linkPath(waiting.id, "/reject"), nil),
		waiting.wallet.call("GET", linkPath(waiting.id, "/network"), nil),
		p.site.call("GET", "/readyz", nil),
	} {
		wantProblem(t, r, protocol.Unavailable)
		if r.header.Get("Retry-After") == "" {
			t.Error("no Retry-After with 503")
		}
	}
	request, _ := http.NewRequest("GET", "/", nil)
	request.Header.Set("Authorization", "Bearer "+p.site.token)
	if account, err := srv.Handler().Account(request); account != "" || err == nil {
		t.Errorf("account = %q, %v; want nobody and an error", account, err)
	}
	if view, err := srv.Handler().Session(request); view != (protocol.SessionView{}) || err == nil {
		t.Errorf("session = %+v, %v; want nobody and an error", view, err)
	}
}

// TestSpace: what all links together may make a node keep is bounded, and free
// again when frames are acknowledged or their link ends.
func TestSpace(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited, func(cfg *server.Config) { cfg.Limits.MailboxBytes = protocol.MaxFrameBytes })
	one, other := newPair(t, srv, testKey(t, 1)), newPair(t, srv, testKey(t, 2))
	one.subscribe() // with which all that was sent so far is acknowledged
	other.subscribe()
	again := pair{site: newPeer(t, srv), wallet: newPeer(t, srv), id: someResumption()}
	again.site.resume(again.id)
	again.wallet.join(again.id)
	again.attach()
	big := protocol.Frame{N: first, D: strings.Repeat("A", protocol.MaxFrameBytes)}
	post := func(p pair) reply { return p.site.call("POST", linkPath(p.id, "/offer"), big) }
	want[any](t, post(one))
	wantProblem(t, post(other), protocol.Overloaded)
	waiting := opened(t, srv, testKey(t, 1))
	wantProblem(t, waiting.wallet.call("POST", linkPath(waiting.id, "/join"), newJoin()), protocol.Overloaded)
	one.wallet.socket.expectOp(protocol.OpFrame)
	one.wallet.socket.ack(one.id, first+1)
	one.wallet.socket.settle()
	want[any](t, post(other))
	big.N++
	wantProblem(t, post(one), protocol.Overloaded)
	want[any](t, other.site.call("DELETE", linkPath(other.id, ""), nil))
	big.N = 0
	want[any](t, post(again))
	big.N = first + 1
	wantProblem(t, post(one), protocol.Overloaded)
	newPeer(t, srv).resume(again.id) // what was open before is over
	want[any](t, post(one))
}

// TestAttachments: one socket hears for a bounded number of links.
func TestAttachments(t *testing.T) {
	srv := liaisontest.NewServer(t, liaisontest.Unlimited, func(cfg *server.Config) { cfg.Limits.LinksPerSession = 100 })
	site := newPair(t, srv, testKey(t, 1)).site // signed in, so that it keeps its session
	socket := site.dial()
	for range 16 {
		socket.subscribe(protocol.TopicLink, site.challenge().RequestID, 0)
	}
	socket.send(protocol.ClientMessage{Op: protocol.OpSubscribe, Topic: protocol.TopicLink, RequestID: site.challenge().RequestID})
	socket.expectError(protocol.RateLimited)
}
