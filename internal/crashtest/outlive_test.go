package crashtest_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/protocol"
)

// TestChannelOutlivesServer kills the server of two peers whose channel is open.
// Both then exchange messages for longer than the clients' first attempts to
// come back to the server take, and close as if nothing had happened.
func TestChannelOutlivesServer(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*patience)
	defer cancel()
	p := start(t, filepath.Join(t.TempDir(), "liaison.db"), "")
	lost := make(chan struct{}, 2)
	site, wallet := connect(ctx, t, protocol.Origin("http://"+p.address), func(e client.Event) {
		if e.Kind == client.EventSignaling && !e.Up {
			select {
			case lost <- struct{}{}:
			default:
			}
		}
	})
	exchange(ctx, t, "before", site, wallet)
	p.kill()
	if conn, err := net.Dial("tcp", p.address); err == nil {
		conn.Close()
		t.Fatal("the server still answers")
	}
	for range 2 {
		select {
		case <-lost:
		case <-ctx.Done():
			t.Fatal("the peers do not notice that the server is gone")
		}
	}
	rounds := 0
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); rounds++ {
		exchange(ctx, t, fmt.Sprintf("round %d", rounds), site, wallet)
	}
	t.Logf("%d messages each way without a server", rounds)
	if err := site.Close(); err != nil {
		t.Errorf("site: close: %v", err)
	}
	if _, err := wallet.Receive(ctx); !errors.Is(err, protocol.ChannelClosed) {
		t.Errorf("wallet: got %v once the site closed, want %s", err, protocol.ChannelClosed)
	}
}

// connect links a site and a wallet and returns the two ends of their channel.
func connect(ctx context.Context, t *testing.T, server protocol.Origin, observe func(client.Event)) (site, wallet *client.Channel) {
	t.Helper()
	ice := client.ICE{LoopbackOnly: true}
	pending, err := client.OpenLink(ctx, client.SiteConfig{Server: server, ICE: ice, Observe: observe})
	if err != nil {
		t.Fatalf("open link: %v", err)
	}
	t.Cleanup(func() { pending.Close() })
	request, err := client.ReadLink(ctx, pending.Link().Reveal(), client.WalletConfig{ICE: ice, Observe: observe, UnsafeAllowUnverified: true})
	if err != nil {
		t.Fatalf("read link: %v", err)
	}
	t.Cleanup(func() { request.Close() })
	approved := make(chan error, 1)
	go func() {
		var err error
		wallet, err = request.Approve(ctx, chain.GenerateAlgorandKey())
		approved <- err
	}()
	site, err = pending.Accept(ctx)
	if err := errors.Join(err, <-approved); err != nil {
		t.Fatalf("open channel: %v", err)
	}
	t.Cleanup(func() { site.Close(); wallet.Close() })
	return site, wallet
}

// exchange sends one message each way.
func exchange(ctx context.Context, t *testing.T, text string, site, wallet *client.Channel) {
	t.Helper()
	for _, way := range []struct {
		from, to *client.Channel
		name     string
	}{{site, wallet, "site to wallet"}, {wallet, site, "wallet to site"}} {
		want := way.name + ", " + text
		if err := way.from.SendText(ctx, want); err != nil {
			t.Fatalf("%s: send: %v", want, err)
		}
		got, err := way.to.Receive(ctx)
		if err != nil || string(got) != want {
			t.Fatalf("%s: got %q, %v", want, got, err)
		}
	}
}
