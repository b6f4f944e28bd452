package server_test

import (
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
)

// TestLateLinkEnds: a link whose wallet signed in first waits half a minute for its
// site, also while that wallet listens. With a site it lives on as any other.
func TestLateLinkEnds(t *testing.T) {
	for name, comes := range map[string]bool{"nobody comes": false, "its site comes": true} {
		t.Run(name, func(t *testing.T) {
			clock := newClock()
			srv := liaisontest.NewServer(t, func(cfg *server.Config) { cfg.Now = clock.now })
			d := srv.Handler().Dialect()
			wallet := liaison.NewSession(liaison.NewToken(), clock.now(), d.Sessions()).SignedIn(testKey(t, 1).Account(), protocol.ServerAsserted)
			late, _, err := liaison.Link{
				ID: liaison.DialectLinkPrefix + "late", State: liaison.Waiting, IssuedAt: clock.now(), ExpiresAt: clock.now().Add(protocol.ClaimedTTL),
			}.Transition(liaison.Event{Kind: liaison.Vouch, Now: clock.now(), Session: wallet.ID, Account: wallet.Account, Dialect: protocol.Liquid})
			if err != nil {
				t.Fatal(err)
			}
			if err := srv.Store.Commit(t.Context(), liaison.Change{Sessions: []liaison.Session{wallet}, Links: []liaison.Link{late}}); err != nil {
				t.Fatal(err)
			}
			port, err := d.OpenPort(wallet, func(protocol.ServerMessage) {}, func(protocol.Code) {})
			if err != nil {
				t.Fatal(err)
			}
			defer port.Close()
			if err := port.Listen(late); err != nil {
				t.Fatal(err)
			}
			srv.Handler().ExpireRooms(t.Context())
			if comes {
				if _, err := d.ChangeLink(t.Context(), "adopt", late.ID, liaison.Event{Kind: liaison.Adopt, Now: clock.now(), Session: "site"}, nil); err != nil {
					t.Fatal(err)
				}
			}
			clock.add(liaison.LateLinkTTL)
			srv.Handler().ExpireRooms(t.Context())
			clock.add(time.Minute)
			if _, err := d.Link(t.Context(), late.ID); (err == nil) != comes {
				t.Errorf("the link: %v, want it to live: %t", err, comes)
			}
		})
	}
}
