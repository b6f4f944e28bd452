package client_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
)

// welcoming changes the site's first message.
func welcoming(change func(*protocol.PeerMessage)) client.Lie {
	return func(n uint64, m *protocol.PeerMessage) {
		if n == 0 {
			change(m)
		}
	}
}

// asking changes what the site asks to sign.
func asking(change func(*protocol.SignInRequest)) func(*protocol.PeerMessage) {
	return func(m *protocol.PeerMessage) {
		asked := *m.SignIn
		change(&asked)
		m.SignIn = &asked
	}
}

// naming changes what the site calls itself.
func naming(name string) func(*protocol.PeerMessage) {
	return func(m *protocol.PeerMessage) { m.Site = &protocol.Site{Name: name, Origin: m.Site.Origin} }
}

const mdnsCandidate = "candidate:1 1 udp 2122260223 6f3e2d1c-0000-4000-8000-000000000000.local 9 typ host"

// otherCertificate puts the fingerprint of a certificate that nobody has into a
// description.
func otherCertificate(sdp string) string {
	head, tail, _ := strings.Cut(sdp, "a=fingerprint:sha-256 ")
	_, tail, _ = strings.Cut(tail, "\r\n")
	return head + "a=fingerprint:sha-256 " + strings.Repeat("AB:", 31) + "AB\r\n" + tail
}

// TestWhatASiteMayNotAsk shows nothing of it to the person, and tells the site.
func TestWhatASiteMayNotAsk(t *testing.T) {
	t.Parallel()
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	for name, c := range map[string]struct {
		change func(*protocol.PeerMessage)
		want   protocol.Code // invalid_peer if empty
	}{
		"another version":     {func(m *protocol.PeerMessage) { m.V = 2 }, protocol.UnsupportedVersion},
		"no certificate":      {func(m *protocol.PeerMessage) { m.FP = nil }, ""},
		"another message":     {func(m *protocol.PeerMessage) { m.T = protocol.PeerOffer }, ""},
		"an unknown message":  {func(m *protocol.PeerMessage) { m.T = "greetings" }, ""},
		"no site":             {func(m *protocol.PeerMessage) { m.Site = nil }, ""},
		"no origin":           {func(m *protocol.PeerMessage) { m.Site = &protocol.Site{Name: "bank"} }, ""},
		"no sign-in":          {func(m *protocol.PeerMessage) { m.SignIn = nil }, ""},
		"other origin":        {func(m *protocol.PeerMessage) { m.Site = &protocol.Site{Origin: "https://bank.example"} }, ""},
		"other domain":        {asking(func(s *protocol.SignInRequest) { s.Domain = "bank.example" }), ""},
		"other URI":           {asking(func(s *protocol.SignInRequest) { s.URI = "https://bank.example/login" }), ""},
		"other scheme":        {asking(func(s *protocol.SignInRequest) { s.URI = strings.Replace(s.URI, "http:", "https:", 1) }), ""},
		"other port":          {asking(func(s *protocol.SignInRequest) { s.URI = "http://127.0.0.1:1/login" }), ""},
		"URI with a user":     {asking(func(s *protocol.SignInRequest) { s.URI = strings.Replace(s.URI, "//", "//bank.example@", 1) }), ""},
		"no URI":              {asking(func(s *protocol.SignInRequest) { s.URI = ":" }), ""},
		"from the future":     {asking(shift(time.Hour)), ""},
		"expired":             {asking(shift(-time.Hour)), ""},
		"valid for too long":  {asking(func(s *protocol.SignInRequest) { s.ExpirationTime = s.ExpirationTime.Add(time.Second) }), ""},
		"escape in name":      {naming("\x1b[2J"), ""},
		"lines in name":       {naming("a\nb"), ""},
		"reversed name":       {naming("a\u202eb"), ""},
		"invisible name":      {naming("bank\u061c\u2060.example"), ""},
		"long name":           {naming(strings.Repeat("x", protocol.MaxNameBytes+1)), ""},
		"unknown confirm":     {func(m *protocol.PeerMessage) { m.Confirm = "shout" }, ""},
		"no confirm":          {func(m *protocol.PeerMessage) { m.Confirm = "" }, ""},
		"unknown locality":    {func(m *protocol.PeerMessage) { m.Locality = "galaxy" }, ""},
		"no locality":         {func(m *protocol.PeerMessage) { m.Locality = "" }, ""},
		"resume for too long": {func(m *protocol.PeerMessage) { m.Resume = int(protocol.MaxResume/time.Second) + 1 }, ""},
		"resume for less":     {func(m *protocol.PeerMessage) { m.Resume = -1 }, ""},
		"no offer":            {func(m *protocol.PeerMessage) { m.SDP = "" }, ""},
		"offer of nonsense":   {func(m *protocol.PeerMessage) { m.SDP = strings.Replace(m.SDP, "a=ice-pwd", "a=ice-wpd", 1) }, ""},
		"offer of media": {func(m *protocol.PeerMessage) {
			m.SDP = strings.Replace(m.SDP, "m=application", "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nm=application", 1)
		}, ""},
		"offer of another certificate": {func(m *protocol.PeerMessage) { m.SDP = otherCertificate(m.SDP) }, ""},
		"offer with a candidate":       {func(m *protocol.PeerMessage) { m.SDP += "a=" + mdnsCandidate + "\r\n" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := openLink(t, srv.Origin)
			s.pending.Lie(welcoming(c.change))
			s.accept()
			want := c.want
			if want == "" {
				want = protocol.InvalidPeer
			}
			_, err := s.scan()
			codeIs(t, "ReadLink", err, want)
			<-s.acceptDone
			codeIs(t, "Accept", s.siteErr, want)
		})
	}
}

func shift(by time.Duration) func(*protocol.SignInRequest) {
	return func(s *protocol.SignInRequest) {
		s.IssuedAt, s.ExpirationTime = s.IssuedAt.Add(by), s.ExpirationTime.Add(by)
	}
}

// TestTextThatCannotBeWritten lets a field through that the person is not shown
// by itself, and refuses the text.
func TestTextThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	srv := liaisontest.NewServer(t)
	for name, change := range map[string]func(*protocol.SignInRequest){
		"statement of two lines": func(s *protocol.SignInRequest) { s.Statement = "a\n\nURI: https://bank.example" },
		"statement like a field": func(s *protocol.SignInRequest) { s.Statement = "URI: https://bank.example" },
		"short nonce":            func(s *protocol.SignInRequest) { s.Nonce = "abc" },
		"parts of seconds":       func(s *protocol.SignInRequest) { s.IssuedAt = s.IssuedAt.Add(time.Millisecond) },
	} {
		s := openLink(t, srv.Origin)
		s.pending.Lie(welcoming(asking(change)))
		s.read()
		_, err := s.request.Text(s.key)
		codeIs(t, "Text with "+name, err, protocol.InvalidPeer)
		_, err = s.request.Approve(limited(t), s.key)
		codeIs(t, "Approve with "+name, err, protocol.InvalidPeer)
	}
}

// TestNothingOfTheSiteBeforeConsent: whatever comes while the person reads, and
// above all a name to look up, ends the link.
func TestNothingOfTheSiteBeforeConsent(t *testing.T) {
	t.Parallel()
	srv := liaisontest.NewServer(t)
	for _, m := range []protocol.PeerMessage{
		{T: protocol.PeerICE, Candidate: mdnsCandidate}, {T: protocol.PeerICE}, {T: protocol.PeerOffer}, {T: protocol.PeerWelcome},
	} {
		s := openLink(t, srv.Origin)
		s.read()
		if err := s.request.Hear(m); !errors.Is(err, protocol.InvalidPeer) {
			t.Errorf("a %s before consent: %v, want invalid_peer", m.T, err)
		}
	}
}

// TestNoAddressBeforeConsent: to look for one's own addresses is to ask others, and
// neither side does before the person has agreed.
func TestNoAddressBeforeConsent(t *testing.T) {
	t.Parallel()
	s := openLink(t, liaisontest.NewServer(t).Origin)
	s.read()
	if s.request.Gathers() || s.pending.Gathers() {
		t.Errorf("the wallet looks for its addresses: %t, the site: %t; want neither", s.request.Gathers(), s.pending.Gathers())
	}
	s.meet()
	if !s.request.Gathers() || !s.pending.Gathers() {
		t.Error("the two met, and have not looked for their addresses")
	}
}

// TestWhatAWalletMayNotSayFirst has somebody who knows the code begin otherwise
// than with hello.
func TestWhatAWalletMayNotSayFirst(t *testing.T) {
	t.Parallel()
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	hello := func() protocol.PeerMessage {
		return protocol.PeerMessage{T: protocol.PeerHello, V: protocol.PeerVersion, FP: new(protocol.Fingerprint)}
	}
	for name, c := range map[string]struct {
		change func(*protocol.PeerMessage)
		want   protocol.Code
	}{
		"answer":            {func(m *protocol.PeerMessage) { m.T = protocol.PeerAnswer }, protocol.InvalidPeer},
		"welcome":           {func(m *protocol.PeerMessage) { m.T = protocol.PeerWelcome }, protocol.InvalidPeer},
		"offer":             {func(m *protocol.PeerMessage) { m.T = protocol.PeerOffer }, protocol.InvalidPeer},
		"candidate":         {func(m *protocol.PeerMessage) { m.T = protocol.PeerICE }, protocol.InvalidPeer},
		"nothing known":     {func(m *protocol.PeerMessage) { m.T = "hi" }, protocol.InvalidPeer},
		"other version":     {func(m *protocol.PeerMessage) { m.V = 2 }, protocol.UnsupportedVersion},
		"no certificate":    {func(m *protocol.PeerMessage) { m.FP = nil }, protocol.InvalidPeer},
		"app that steers":   {func(m *protocol.PeerMessage) { m.App = "wallet\u202e" }, protocol.InvalidPeer},
		"app of many words": {func(m *protocol.PeerMessage) { m.App = strings.Repeat("x", protocol.MaxNameBytes+1) }, protocol.InvalidPeer},
	} {
		t.Run(name, func(t *testing.T) {
			s := openLink(t, srv.Origin)
			s.accept()
			m := hello()
			c.change(&m)
			if err := client.Join(limited(t), s.pending.Link().Reveal(), m); err != nil {
				t.Fatalf("join: %v", err)
			}
			<-s.acceptDone
			codeIs(t, "Accept", s.siteErr, c.want)
		})
	}
}

// TestWhatAWalletMayNotAnswer changes the sealed answer, while the server gets a
// claim that holds: the site must find out by itself.
func TestWhatAWalletMayNotAnswer(t *testing.T) {
	t.Parallel()
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	for name, c := range map[string]struct {
		change func(*sides, *protocol.PeerMessage)
		want   protocol.Code // invalid_peer if empty
	}{
		"no proof":      {func(_ *sides, m *protocol.PeerMessage) { m.Proof = nil }, ""},
		"not an answer": {func(_ *sides, m *protocol.PeerMessage) { m.T = protocol.PeerICE }, ""},
		"an offer":      {func(_ *sides, m *protocol.PeerMessage) { m.T = protocol.PeerOffer }, ""},
		"hello again": {func(_ *sides, m *protocol.PeerMessage) {
			m.T, m.V, m.FP = protocol.PeerHello, 1, new(protocol.Fingerprint)
		}, ""},
		"nothing known":     {func(_ *sides, m *protocol.PeerMessage) { m.T = "hi" }, ""},
		"other account":     {reprove(2, func(*protocol.SignIn) {}), protocol.ServerMismatch},
		"other channel":     {reprove(1, func(s *protocol.SignIn) { s.Channel = protocol.ChannelID("l1." + strings.Repeat("A", 43)) }), ""},
		"other nonce":       {reprove(1, func(s *protocol.SignIn) { s.Nonce = protocol.NewNonce() }), ""},
		"other domain":      {reprove(1, func(s *protocol.SignIn) { s.Domain = "bank.example" }), ""},
		"other statement":   {reprove(1, func(s *protocol.SignIn) { s.Statement = "" }), ""},
		"longer":            {reprove(1, func(s *protocol.SignIn) { s.ExpirationTime = s.ExpirationTime.Add(time.Second) }), ""},
		"other signature":   {resign(func(p *protocol.Proof) { p.Signature[7] ^= 1 }), ""},
		"signature of more": {resign(func(p *protocol.Proof) { p.Signature = append(p.Signature, 0) }), ""},
		"another meta":      {resign(func(p *protocol.Proof) { p.Meta = &protocol.ProofMeta{Signer: "A"} }), ""},
		"no description":    {func(_ *sides, m *protocol.PeerMessage) { m.SDP = "" }, ""},
		"media": {func(_ *sides, m *protocol.PeerMessage) {
			m.SDP = strings.Replace(m.SDP, "m=application", "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nm=application", 1)
		}, ""},
		"other certificate": {func(_ *sides, m *protocol.PeerMessage) { m.SDP = otherCertificate(m.SDP) }, ""},
		"a candidate":       {func(_ *sides, m *protocol.PeerMessage) { m.SDP += "a=" + mdnsCandidate + "\r\n" }, ""},
		"nonsense":          {func(_ *sides, m *protocol.PeerMessage) { m.SDP = strings.Replace(m.SDP, "a=ice-pwd", "a=ice-wpd", 1) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := openLink(t, srv.Origin)
			s.read()
			s.request.Lie(func(n uint64, m *protocol.PeerMessage) {
				if n == 1 {
					c.change(s, m)
				}
			})
			want := c.want
			if want == "" {
				want = protocol.InvalidPeer
			}
			s.refused(want, want)
			if _, err := s.pending.Session(limited(t)); !errors.Is(err, protocol.SessionRotated) {
				t.Errorf("the site's session: %v, want it not collected", err)
			}
		})
	}
}

// reprove has the wallet sign something else for the site than for the server.
func reprove(fill byte, change func(*protocol.SignIn)) func(*sides, *protocol.PeerMessage) {
	return func(s *sides, m *protocol.PeerMessage) {
		key := walletKey(s.t, fill)
		fields := s.request.SignIn().For(key.Chain(), key.Address(), s.request.ChannelID())
		change(&fields)
		text, err := fields.Text()
		if err != nil {
			s.t.Errorf("text of %+v: %v", fields, err)
			return
		}
		proof, err := key.Sign(s.t.Context(), text)
		if err != nil {
			s.t.Errorf("sign: %v", err)
		}
		m.Proof = &proof
	}
}

// resign changes a copy of the proof.
func resign(change func(*protocol.Proof)) func(*sides, *protocol.PeerMessage) {
	return func(_ *sides, m *protocol.PeerMessage) {
		proof := *m.Proof
		proof.Signature = append(protocol.Base64(nil), proof.Signature...)
		change(&proof)
		m.Proof = &proof
	}
}

// TestOtherProofOfTheSameText has the wallet show the site another proof than the
// server, one that holds as well.
func TestOtherProofOfTheSameText(t *testing.T) {
	t.Parallel()
	s := openLink(t, liaisontest.NewServer(t).Origin)
	s.read()
	s.request.Lie(func(n uint64, m *protocol.PeerMessage) {
		if n != 1 {
			return
		}
		proof, err := walletKey(t, 1).MX().Sign(t.Context(), m.Proof.Message)
		if err != nil || proof.Equal(*m.Proof) {
			t.Errorf("sign: %v, or the same proof as before", err)
		}
		m.Proof = &proof
	})
	s.refused(protocol.ServerMismatch, protocol.ServerMismatch)
}

// TestWhatMayNotComeLater sends what the protocol does not have there once the
// channel is open: the link on the server ends, the channel lives.
func TestWhatMayNotComeLater(t *testing.T) {
	t.Parallel()
	srv := liaisontest.NewServer(t, liaisontest.Unlimited)
	var offer, answer string
	for name, c := range map[string]struct {
		from protocol.Side
		say  func() protocol.PeerMessage
	}{
		"second answer":     {protocol.WalletSide, func() protocol.PeerMessage { return protocol.PeerMessage{T: protocol.PeerAnswer, SDP: answer} }},
		"offer of a wallet": {protocol.WalletSide, func() protocol.PeerMessage { return protocol.PeerMessage{T: protocol.PeerOffer, SDP: offer} }},
		"answer of a site":  {protocol.SiteSide, func() protocol.PeerMessage { return protocol.PeerMessage{T: protocol.PeerAnswer, SDP: offer} }},
		"other certificate": {protocol.SiteSide, func() protocol.PeerMessage {
			return protocol.PeerMessage{T: protocol.PeerOffer, SDP: otherCertificate(offer)}
		}},
		"hello": {protocol.WalletSide, func() protocol.PeerMessage {
			return protocol.PeerMessage{T: protocol.PeerHello, V: 1, FP: new(protocol.Fingerprint)}
		}},
		"unknown by wallet": {protocol.WalletSide, func() protocol.PeerMessage { return protocol.PeerMessage{T: "hi"} }},
		"unknown by site":   {protocol.SiteSide, func() protocol.PeerMessage { return protocol.PeerMessage{T: "hi"} }},
		"line in candidate": {protocol.SiteSide, func() protocol.PeerMessage { return protocol.PeerMessage{T: protocol.PeerICE, Candidate: "a\r\nb"} }},
		"welcome once more": {protocol.SiteSide, func() protocol.PeerMessage { return protocol.PeerMessage{T: protocol.PeerWelcome} }},
	} {
		t.Run(name, func(t *testing.T) {
			s := openLink(t, srv.Origin)
			s.pending.Lie(func(n uint64, m *protocol.PeerMessage) {
				if n == 0 {
					offer = m.SDP
				}
			})
			s.read()
			s.request.Lie(func(n uint64, m *protocol.PeerMessage) {
				if n == 1 {
					answer = m.SDP
				}
			})
			s.meet()
			s.site.forget()
			s.wallet.forget()
			say := s.pending.Say
			if c.from == protocol.WalletSide {
				say = s.request.Say
			}
			if err := say(c.say()); err != nil {
				t.Fatalf("say it: %v", err)
			}
			down := func(e client.Event) bool { return e.Kind == client.EventSignaling && !e.Up }
			s.site.expect(t, "signaling over", down)
			s.wallet.expect(t, "signaling over", down)
			s.talk("all the same")
		})
	}
}

// TestTooManyCandidates: some are left out, and nothing else happens.
func TestTooManyCandidates(t *testing.T) {
	t.Parallel()
	s := openLink(t, liaisontest.NewServer(t, liaisontest.Unlimited).Origin)
	s.read()
	s.meet()
	s.wallet.forget()
	mid := "0"
	for i := range 2 * protocol.MaxCandidates {
		line := fmt.Sprintf("candidate:%d 1 udp 1 127.0.0.1 %d typ host", i, 1000+i)
		if err := s.pending.Say(protocol.PeerMessage{T: protocol.PeerICE, Candidate: line, SDPMid: &mid}); err != nil {
			t.Fatalf("say: %v", err)
		}
	}
	if err := s.pending.Say(protocol.PeerMessage{T: "the last word"}); err != nil {
		t.Fatalf("say: %v", err)
	}
	s.wallet.expect(t, "signaling over", func(e client.Event) bool { return e.Kind == client.EventSignaling && !e.Up })
	for end := time.Now().Add(limit); s.walletEnd.RemoteCandidates() < protocol.MaxCandidates/2 && time.Now().Before(end); {
		<-time.After(time.Millisecond) // pion adds each on its own
	}
	if got := s.walletEnd.RemoteCandidates(); got < protocol.MaxCandidates/2 || got > protocol.MaxCandidates+1 { // and one that is seen and not told
		t.Errorf("the wallet tries %d candidates, want %d at most", got, protocol.MaxCandidates)
	}
	s.talk("all the same")
}

// TestServersWordOnAClaim shows a site that was not answered what a server could
// say of a claim.
func TestServersWordOnAClaim(t *testing.T) {
	t.Parallel()
	s := openLink(t, liaisontest.NewServer(t).Origin)
	proof, account := &protocol.Proof{}, walletKey(t, 1).Account()
	told := func(m protocol.ServerMessage) error { return s.pending.Told(m) }
	if err := told(protocol.ServerMessage{Account: account, Proof: proof}); !errors.Is(err, protocol.UnsealedRefused) {
		t.Errorf("a claim before any wallet came: %v, want unsealed_refused", err)
	}
	s.read()
	for name, m := range map[string]protocol.ServerMessage{
		"no proof":   {Account: account},
		"no account": {Proof: proof},
	} {
		if err := told(m); !errors.Is(err, protocol.ServerMismatch) {
			t.Errorf("a claim with %s: %v, want server_mismatch", name, err)
		}
	}
}
