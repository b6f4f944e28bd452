package client_test

import (
	"testing"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/liaisontest"
	"github.com/liaison-dev/liaison/protocol"
)

// TestDTLSWithAnotherCertificate has a site name a certificate, in its first
// message as well as in its description, and then use another: what somebody in
// the way of the packets would have to do.
func TestDTLSWithAnotherCertificate(t *testing.T) {
	t.Parallel()
	s := openLink(t, liaisontest.NewServer(t).Origin)
	s.pending.Lie(welcoming(func(m *protocol.PeerMessage) {
		m.SDP, m.FP = otherCertificate(m.SDP), new(protocol.Fingerprint)
		for i := range m.FP {
			m.FP[i] = 0xab
		}
	}))
	s.read()
	s.refused(protocol.CertificateMismatch, protocol.CertificateMismatch)
}

// TestCertificateIsComparedOnceMore: the library holds the certificate against the
// description; whatever it makes of that, the wallet holds it against the message
// of the handshake.
func TestCertificateIsComparedOnceMore(t *testing.T) {
	t.Parallel()
	s := openLink(t, liaisontest.NewServer(t).Origin)
	var other protocol.Fingerprint
	s.read(func(c *client.WalletConfig) {
		observe := c.Observe
		c.Observe = func(e client.Event) {
			if e.Kind == client.EventLinked { // the description has passed
				s.request.Expect(other)
			}
			observe(e)
		}
	})
	s.refused(protocol.CertificateMismatch, protocol.CertificateMismatch)
}

// TestCertificatesAreNotUsedTwice: two sites must not see that they talk to one
// wallet.
func TestCertificatesAreNotUsedTwice(t *testing.T) {
	t.Parallel()
	srv := liaisontest.NewServer(t)
	seen := make(map[protocol.Fingerprint]bool)
	for range 2 {
		s := openLink(t, srv.Origin)
		s.pending.Lie(welcoming(func(m *protocol.PeerMessage) { seen[*m.FP] = true }))
		s.read()
		s.meet()
		for _, end := range []*client.Channel{s.siteEnd, s.walletEnd} {
			seen[end.RemoteFingerprint()] = true
		}
	}
	if len(seen) != 4 { // the sites' are seen by two
		t.Errorf("%d certificates were used by two sites and two wallets, want 4", len(seen))
	}
}
