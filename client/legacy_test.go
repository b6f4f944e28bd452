package client_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pion/webrtc/v4"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
)

func isUnsealed(e client.Event) bool { return e.Kind == client.EventUnsealed }

// TestLiquidWallet: a wallet of Liquid Auth scans a native site's code. The two talk,
// the site is told beforehand what that is worth, and its session is no better.
func TestLiquidWallet(t *testing.T) {
	for _, policy := range []client.Legacy{"", client.LegacyWarn, client.LegacyAllow} {
		t.Run("policy "+string(policy), func(t *testing.T) {
			t.Parallel()
			srv := liaisontest.NewLiquidServer(t, liaisontest.Unlimited)
			s := openLink(t, srv.Origin, func(c *client.SiteConfig) { c.Legacy = policy })
			if s.pending.Link().Invitation.Flags&protocol.FlagUnsealed == 0 {
				t.Error("the link does not say that an unsealed wallet may answer")
			}
			s.accept()
			w := newLiquidWallet(t, srv.Origin)
			w.signIn(string(s.pending.Link().RequestID))
			w.offer()
			<-s.acceptDone
			if s.siteErr != nil {
				t.Fatalf("Accept: %v; saw %+v", s.siteErr, s.site.seen())
			}
			t.Cleanup(func() { s.siteEnd.Close() })
			if got := s.siteEnd.Account(); got != w.key.Account() {
				t.Errorf("account %s, want %s", got, w.key.Account())
			}
			if got := s.siteEnd.Assurance(); got != protocol.ServerAsserted {
				t.Errorf("assurance %s, want %s", got, protocol.ServerAsserted)
			}
			told := s.site.expect(t, "unsealed", isUnsealed)
			if told.Account != w.key.Account() || told.Dialect != protocol.Liquid || told.Assurance != protocol.ServerAsserted || told.Warn != (policy != client.LegacyAllow) {
				t.Errorf("told %+v with policy %q", told, policy)
			}
			seen := s.site.seen()
			open := slices.IndexFunc(seen, func(e client.Event) bool { return e.Kind == client.EventOpen })
			if at := slices.IndexFunc(seen, isUnsealed); at > open || open < 0 {
				t.Errorf("events %+v: want unsealed before open", seen)
			}
			w.talk(s.siteEnd)
			ctx := limited(t)
			view, err := s.pending.Session(ctx)
			for ctx.Err() == nil && view.Account == "" { // it has not been collected yet
				view, err = s.pending.Session(ctx)
			}
			if view.Account != w.key.Account() || view.Assurance != protocol.ServerAsserted {
				t.Errorf("session %+v, %v, want it %s", view, err, protocol.ServerAsserted)
			}
			if s.siteEnd.Resumption() != "" {
				t.Error("a resumption was kept, want none")
			}
			codeIs(t, "Restart", s.siteEnd.Restart(limited(t)), protocol.LinkForbidden)
			w.again()
			w.talkAgain(s.siteEnd)
			w.pc.GracefulClose()
			wait(t, "the site's channel ends", s.siteEnd.Done())
			codeIs(t, "Err", s.siteEnd.Err(), protocol.ChannelClosed)
		})
	}
}

// again has the wallet look for another path.
func (w *liquidWallet) again() {
	w.t.Helper()
	offer, err := w.pc.CreateOffer(&webrtc.OfferOptions{ICERestart: true})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.pc.SetLocalDescription(offer); err != nil {
		w.t.Fatal(err)
	}
	w.socket.emit("offer-description", offer.SDP)
	w.take()
}

func (w *liquidWallet) talkAgain(site *client.Channel) {
	w.t.Helper()
	if err := w.data.SendText("again"); err != nil {
		w.t.Fatal(err)
	}
	if got, err := site.Receive(limited(w.t)); err != nil || string(got) != "again" {
		w.t.Fatalf("Receive = %q, %v", got, err)
	}
}

// TestLiquidWalletDenied: a site that will have none of it says so, and both ends
// hear it.
func TestLiquidWalletDenied(t *testing.T) {
	ask := func(context.Context, int) (string, error) { return "", nil }
	for name, change := range map[string]siteChange{
		"deny":              func(c *client.SiteConfig) { c.Legacy = client.LegacyDeny },
		"allow, but a code": func(c *client.SiteConfig) { c.Legacy, c.AskCode = client.LegacyAllow, ask },
		"allow, but prefer": func(c *client.SiteConfig) {
			c.Legacy, c.Locality, c.AskCode = client.LegacyAllow, protocol.LocalityPrefer, ask
		},
		"allow, but require": func(c *client.SiteConfig) { c.Legacy, c.Locality = client.LegacyAllow, protocol.LocalityRequire },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := liaisontest.NewLiquidServer(t, liaisontest.Unlimited)
			s := openLink(t, srv.Origin, change)
			if s.pending.Link().Invitation.Flags&protocol.FlagUnsealed != 0 {
				t.Error("the link says that an unsealed wallet may answer")
			}
			s.accept()
			w := newLiquidWallet(t, srv.Origin)
			w.signIn(string(s.pending.Link().RequestID))
			<-s.acceptDone
			codeIs(t, "Accept", s.siteErr, protocol.UnsealedRefused)
			for _, e := range s.site.seen() {
				if e.Kind == client.EventUnsealed || e.Kind == client.EventLinked {
					t.Errorf("saw %+v, want nothing of the kind", e)
				}
			}
			// The wallet may have come before or after the end of the link.
			sdp := w.connect()
			w.socket.emit("offer-description", sdp)
			w.socket.expect(`42["`) // closed, or exception
		})
	}
	_, err := client.OpenLink(limited(t), client.SiteConfig{Server: "http://localhost:1", Legacy: "perhaps"})
	codeIs(t, "OpenLink with an unknown policy", err, protocol.InvalidMessage)
}

// unsealed is what a server says of a wallet that it vouches for.
func unsealed(account protocol.Account) protocol.ServerMessage {
	return protocol.ServerMessage{Op: protocol.OpLink, Account: account, Dialect: protocol.Liquid}
}

// TestSealedLinkStaysSealed has the server say of a wallet that seals that it does
// not, at every step.
func TestSealedLinkStaysSealed(t *testing.T) {
	mallory := walletKey(t, 66).Account()
	down := func(m protocol.ServerMessage) protocol.ServerMessage {
		u := unsealed(m.Account)
		u.RequestID = m.RequestID
		return u
	}
	for name, hook := range map[string]func(protocol.ServerMessage) []protocol.ServerMessage{
		"in place of the claim": func(m protocol.ServerMessage) []protocol.ServerMessage { return []protocol.ServerMessage{down(m)} },
		"before the claim":      func(m protocol.ServerMessage) []protocol.ServerMessage { return []protocol.ServerMessage{down(m), m} },
		"after the claim":       func(m protocol.ServerMessage) []protocol.ServerMessage { return []protocol.ServerMessage{m, down(m)} },
		"with the claim's proof": func(m protocol.ServerMessage) []protocol.ServerMessage {
			m.Dialect = protocol.Liquid
			return []protocol.ServerMessage{m}
		},
		"with another's account": func(m protocol.ServerMessage) []protocol.ServerMessage {
			m = down(m)
			m.Account = mallory
			return []protocol.ServerMessage{m}
		},
		"with an unknown dialect": func(m protocol.ServerMessage) []protocol.ServerMessage {
			m = down(m)
			m.Dialect = "x"
			return []protocol.ServerMessage{m}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := liaisontest.NewHostile(t)
			h.OnLink(hook)
			r := newRun(t, h)
			r.siteCfg.Legacy = client.LegacyAllow
			r.meet().failed(name, protocol.UnsealedRefused, protocol.UnsealedRefused)
			for _, e := range r.site.seen() {
				if isUnsealed(e) {
					t.Errorf("saw %+v, want no such event", e)
				}
			}
		})
	}
}

// TestServerMakesUpALiquidWallet: whatever a server says before anybody came, the site
// takes for its word and for no more.
func TestServerMakesUpALiquidWallet(t *testing.T) {
	mallory := walletKey(t, 66).Account()
	proof, frame := &protocol.Proof{}, &protocol.Frame{N: 0, D: "AAAA"}
	change := func(f func(*protocol.ServerMessage)) protocol.ServerMessage {
		m := unsealed(mallory)
		f(&m)
		return m
	}
	for name, c := range map[string]struct {
		m    protocol.ServerMessage
		want protocol.Code
	}{
		"a proof":            {change(func(m *protocol.ServerMessage) { m.Proof = proof }), protocol.ServerMismatch},
		"an answer":          {change(func(m *protocol.ServerMessage) { m.Answer = frame }), protocol.ServerMismatch},
		"a claim to release": {change(func(m *protocol.ServerMessage) { m.Held = true }), protocol.ServerMismatch},
		"no account":         {change(func(m *protocol.ServerMessage) { m.Account = "" }), protocol.ServerMismatch},
		"half an account":    {change(func(m *protocol.ServerMessage) { m.Account = "algorand:x" }), protocol.ServerMismatch},
		"another dialect":    {change(func(m *protocol.ServerMessage) { m.Dialect = "esperanto" }), protocol.UnsealedRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openLink(t, liaisontest.NewServer(t).Origin, func(c *client.SiteConfig) { c.Legacy = client.LegacyAllow })
			codeIs(t, "claim with "+name, s.pending.Told(c.m), c.want)
			if s.pending.Unsealed() {
				t.Error("the link is unsealed")
			}
		})
	}
	t.Run("believed", func(t *testing.T) {
		t.Parallel()
		s := openLink(t, liaisontest.NewServer(t).Origin)
		if err := s.pending.Told(unsealed(mallory)); err != nil {
			t.Fatalf("claim: %v", err)
		}
		linked := s.site.expect(t, "linked", func(e client.Event) bool { return e.Kind == client.EventLinked })
		if linked.Assurance != protocol.ServerAsserted {
			t.Errorf("linked %+v, want it %s", linked, protocol.ServerAsserted)
		}
	})
}

// TestWhatALiquidWalletMayNotSay shows a site what comes in a dialect.
func TestWhatALiquidWalletMayNotSay(t *testing.T) {
	mallory := walletKey(t, 66).Account()
	w := newLiquidWallet(t, "http://localhost:1")
	good := w.connect()
	other := newLiquidWallet(t, "http://localhost:1")
	stranger := other.connect()
	offer := func(sdp string) protocol.PeerMessage { return protocol.PeerMessage{T: protocol.PeerOffer, SDP: sdp} }
	heard := func(t *testing.T) *sides {
		s := openLink(t, liaisontest.NewServer(t).Origin)
		if err := s.pending.Told(unsealed(mallory)); err != nil {
			t.Fatalf("claim: %v", err)
		}
		return s
	}
	fp := protocol.Fingerprint{}
	for name, m := range map[string]protocol.PeerMessage{
		"a hello":                      {T: protocol.PeerHello, V: 1, FP: &fp},
		"an answer":                    {T: protocol.PeerAnswer, SDP: good},
		"no description":               offer(""),
		"no certificate":               offer(strings.Replace(good, "a=fingerprint:", "a=print:", 1)),
		"a certificate of another sum": offer(strings.Replace(good, "sha-256", "sha-1", 1)),
		"two certificates":             offer(good + "a=fingerprint:sha-256 " + strings.Repeat("00:", 31) + "00\r\n"),
		"a video":                      offer(good + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"),
		"too many candidates":          offer(good + strings.Repeat("a=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\n", protocol.MaxCandidates+1)),
		"lines without return":         offer(strings.ReplaceAll(good, "\r\n", "\n")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := heard(t).pending.Hear(m); protocol.CodeOf(err) != protocol.InvalidPeer {
				t.Errorf("%s: %v, want invalid_peer", name, err)
			}
		})
	}
	t.Run("another certificate later", func(t *testing.T) {
		t.Parallel()
		s := heard(t)
		if err := s.pending.Hear(offer(good)); err != nil {
			t.Fatalf("offer: %v", err)
		}
		if err := s.pending.Hear(offer(good)); err != nil {
			t.Errorf("the same offer again: %v", err)
		}
		if err := s.pending.Hear(offer(stranger)); protocol.CodeOf(err) != protocol.InvalidPeer {
			t.Errorf("an offer of another certificate: %v, want invalid_peer", err)
		}
	})
	t.Run("offers without end", func(t *testing.T) {
		t.Parallel()
		s := heard(t)
		for n := 0; ; n++ {
			err := s.pending.Hear(offer(good))
			if err == nil && n < 10*protocol.MailboxFrames {
				continue
			}
			if protocol.CodeOf(err) != protocol.InvalidPeer || n < protocol.MailboxFrames {
				t.Errorf("offer %d that nobody waits for the answer of: %v, want invalid_peer in the end", n, err)
			}
			break
		}
	})
	t.Run("names", func(t *testing.T) {
		t.Parallel()
		s := heard(t)
		named := "candidate:1 1 udp 2122260223 0cba6d5f-0000-4000-8000-000000000000.local 9 typ host"
		for _, m := range []protocol.PeerMessage{
			{T: protocol.PeerICE, Candidate: named},
			offer(good + "a=" + named + "\r\na=candidate:2 1 udp 2122260222 127.0.0.1 9 typ host\r\n"),
			{T: protocol.PeerICE, Candidate: strings.Replace(named, ".local", ".example", 1)},
			{T: protocol.PeerICE, Candidate: "candidate:3 1 udp 2122260221 127.0.0.2 9 typ host"},
		} {
			if err := s.pending.Hear(m); err != nil {
				t.Fatalf("%+v: %v", m, err)
			}
		}
		if got := s.pending.RemoteAddresses(2); !slices.Equal(got, []string{"127.0.0.1", "127.0.0.2"}) {
			t.Errorf("the wallet is looked for at %q, want its addresses and none of its names", got)
		}
	})
}

// TestPlainFrames: what is not sealed is what it says, and a number counts.
func TestPlainFrames(t *testing.T) {
	h := liaisontest.NewHostile(t)
	pending, err := client.OpenLink(limited(t), client.SiteConfig{Server: h.Origin, ICE: loopback})
	if err != nil {
		t.Fatalf("OpenLink: %v", err)
	}
	defer pending.Close()
	h.Inject(protocol.SiteSide, unsealed(walletKey(t, 66).Account()))
	data, _ := json.Marshal(protocol.PeerMessage{T: protocol.PeerOffer, SDP: "v=0"})
	h.Inject(protocol.SiteSide, protocol.ServerMessage{Op: protocol.OpFrame, N: 0, D: base64.RawURLEncoding.EncodeToString(data)})
	_, err = pending.Accept(limited(t))
	codeIs(t, "Accept", err, protocol.InvalidPeer)
}
