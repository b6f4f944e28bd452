package server_test

import (
	"testing"
	"time"

	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// TestAwayForAMinute: both ends are gone for a minute, the house is kept
// meanwhile, and whoever comes back finds what was sent.
func TestAwayForAMinute(t *testing.T) {
	clock := newClock()
	srv := liaisontest.NewServer(t, func(cfg *server.Config) { cfg.Now = clock.now })
	p := newPair(t, srv, testKey(t, 1))
	p.subscribe()
	p.wallet.socket.conn.NetConn().Close()
	p.site.socket.expect(peerGone)
	for n := range 5 {
		p.site.socket.sendFrame(p.id, frame(first+n, "for the sleeper"))
	}
	p.site.socket.settle()
	p.site.socket.conn.NetConn().Close()
	for range 60 {
		clock.add(time.Second)
		srv.Handler().ExpireRooms(t.Context())
	}
	p.wallet.dial().subscribe(protocol.OfferTopic(p.address), p.id, first)
	for n := range 5 {
		p.wallet.socket.expectFrame(frame(first+n, "for the sleeper"))
	}
	p.wallet.socket.settle()
	p.wallet.socket.quiet(protocol.OpFrame)
}

// TestGoneForGood: ten minutes after both ends have left, the link ends and
// what was kept for it goes.
func TestGoneForGood(t *testing.T) {
	clock := newClock()
	srv := liaisontest.NewServer(t, func(cfg *server.Config) { cfg.Now = clock.now })
	p := newPair(t, srv, testKey(t, 1))
	want[any](t, p.site.call("POST", linkPath(p.id, "/offer"), frame(first, "nobody comes")))
	clock.add(protocol.ClaimedTTL)
	srv.Handler().ExpireRooms(t.Context())
	wantProblem(t, p.site.call("POST", linkPath(p.id, "/offer"), frame(first+1, "too late")), protocol.LinkExpired)
	if n := srv.Handler().Rooms(); n != 0 {
		t.Fatalf("rooms = %d, want none", n)
	}
}
