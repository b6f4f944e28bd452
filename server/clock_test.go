package server_test

import (
	"context"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// TestClockSetBack: a socket does not stand still for as long as the clock was
// set back.
func TestClockSetBack(t *testing.T) {
	const perSecond = 10
	var p server.Pace
	now := time.Now()
	for range 15 {
		p.Next(now, perSecond)
	}
	if delay := p.Next(now.Add(-time.Hour), perSecond); delay > time.Second/perSecond {
		t.Errorf("delay after the clock was set back by an hour = %s, want at most %s", delay, time.Second/perSecond)
	}
}

// TestRenewalCutOff: a renewal that ends with the server, or for want of
// storage, is not the end of the link.
func TestRenewalCutOff(t *testing.T) {
	clock := newClock()
	srv := liaisontest.NewServer(t, func(cfg *server.Config) { cfg.Now = clock.now })
	p := newPair(t, srv, testKey(t, 1))
	p.subscribe()
	clock.add(protocol.ClaimedTTL - time.Minute)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	srv.Handler().ExpireRooms(ended)
	p.site.socket.settle()
	p.site.socket.quiet(protocol.OpClosed)
}
