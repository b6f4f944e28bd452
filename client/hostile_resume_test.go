package client_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
)

// shelf keeps resumptions in memory.
type shelf struct {
	mu   sync.Mutex
	kept []client.Resumption // the newest first
}

func (s *shelf) Keep(r client.Resumption) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append([]client.Resumption{r}, s.kept...)
	return nil
}

func (s *shelf) Forget(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = slices.DeleteFunc(s.kept, func(r client.Resumption) bool { return r.ID() == id })
	return nil
}

func (s *shelf) all() []client.Resumption {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.kept)
}

// TestServerCannotResume: what holds for a link holds for its resumption, where
// nobody proves anything to the server. Each attack is on an own resumption, and
// what was kept still lets the two meet when the server leaves them alone.
func TestServerCannotResume(t *testing.T) {
	const site, wallet = protocol.SiteSide, protocol.WalletSide
	mallory := walletKey(t, 66)
	for _, c := range []struct {
		name   string
		attack func(h *liaisontest.Hostile, id protocol.RequestID, earlier map[uint64]protocol.Frame)
		// want is what the site says; empty: the channel opens.
		want protocol.Code
	}{
		{"message 1 has a flipped bit", func(h *liaisontest.Hostile, _ protocol.RequestID, _ map[uint64]protocol.Frame) {
			h.OnFrame(one(site, 0, altered(flip(77))))
		}, protocol.HandshakeFailed},
		{"message 2 has a flipped bit", func(h *liaisontest.Hostile, _ protocol.RequestID, _ map[uint64]protocol.Frame) {
			h.OnFrame(one(wallet, 0, altered(flip(777))))
		}, protocol.HandshakeFailed},
		{"message 1 is that of the link", func(h *liaisontest.Hostile, _ protocol.RequestID, earlier map[uint64]protocol.Frame) {
			h.OnFrame(one(site, 0, func(protocol.Frame) []protocol.Frame { return []protocol.Frame{earlier[0]} }))
		}, protocol.HandshakeFailed},
		{"the answer is that of the link", func(h *liaisontest.Hostile, _ protocol.RequestID, earlier map[uint64]protocol.Frame) {
			h.OnFrame(one(site, 1, func(protocol.Frame) []protocol.Frame { return []protocol.Frame{earlier[1]} }))
		}, protocol.InvalidPeer},
		{"the answer has a flipped bit", func(h *liaisontest.Hostile, _ protocol.RequestID, _ map[uint64]protocol.Frame) {
			h.OnFrame(one(site, 1, altered(flip(7))))
		}, protocol.InvalidPeer},
		{"somebody claims it", func(h *liaisontest.Hostile, id protocol.RequestID, _ map[uint64]protocol.Frame) {
			h.Inject(site, protocol.ServerMessage{Op: protocol.OpLink, RequestID: id, Account: mallory.Account(), Proof: &protocol.Proof{Type: protocol.ProofMX}})
		}, protocol.ServerMismatch},
		{"nothing is done", func(*liaisontest.Hostile, protocol.RequestID, map[uint64]protocol.Frame) {}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := liaisontest.NewHostile(t)
			earlier := make(map[uint64]protocol.Frame)
			h.OnFrame(func(to protocol.Side, f protocol.Frame) []protocol.Frame {
				if to == site {
					earlier[f.N] = f
				}
				return []protocol.Frame{f}
			})
			var sites, wallets shelf
			r := newRun(t, h)
			r.siteCfg.Keeper, r.walCfg.Keeper = &sites, &wallets
			r.meet().opened("the link")
			account := r.siteEnd.Account()
			r.walletEnd.Leave()
			r.siteEnd.Leave()
			h.OnFrame(nil)

			c.attack(h, protocol.RequestID(sites.all()[0].ID()), earlier)
			siteErr, walletErr := resumed(t, r, sites.all(), wallets.all(), account)
			if c.want == "" {
				if siteErr != nil || walletErr != nil {
					t.Fatalf("nothing was done: site %v, wallet %v", siteErr, walletErr)
				}
				return
			}
			codeIs(t, "the site", siteErr, c.want)
			if walletErr == nil {
				t.Error("the wallet has a channel")
			}
			h.OnFrame(nil)
			siteErr, walletErr = resumed(t, r, sites.all(), wallets.all(), account)
			if siteErr != nil || walletErr != nil {
				t.Errorf("without the attack: site %v, wallet %v", siteErr, walletErr)
			}
			for _, kept := range append(sites.all(), wallets.all()...) {
				if secret := string(kept.Encode()); h.Saw(secret[strings.Index(secret, `"secret":"`)+10:][:43]) {
					t.Error("the server could read the secret of a resumption")
				}
			}
		})
	}
}

// resumed has both ends resume. An end that fails takes the other one's patience
// with it.
func resumed(t *testing.T, r *run, site, wallet []client.Resumption, account protocol.Account) (siteErr, walletErr error) {
	t.Helper()
	ctx, over := newPatient(t, limit)
	pending, err := client.ResumeLink(ctx, site[0], r.siteCfg)
	if err != nil {
		return err, err
	}
	walletCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan *client.Channel, 1)
	go func() {
		channel, err := client.Resume(walletCtx, r.walCfg, wallet...)
		walletErr = err
		ended <- channel
	}()
	siteEnd, siteErr := pending.Accept(ctx)
	if siteErr != nil {
		pending.Close()
		cancel()
	}
	walletEnd := <-ended
	over()
	if siteErr == nil && walletErr == nil {
		exchange(t, siteEnd, walletEnd, siteCanary)
		exchange(t, walletEnd, siteEnd, walletCanary)
		if siteEnd.Account() != account || siteEnd.ChannelID() != walletEnd.ChannelID() {
			t.Errorf("resumed as %s, want %s, over one channel", siteEnd.Account(), account)
		}
		walletEnd.Leave()
		siteEnd.Leave()
	}
	return siteErr, walletErr
}
