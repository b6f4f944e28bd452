package client_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/protocol"
)

func asked(t *testing.T) protocol.SignInRequest {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	return protocol.SignInRequest{
		Domain: "dapp.example", URI: "https://dapp.example", Statement: "Sign in.", Nonce: protocol.NewNonce(),
		IssuedAt: now, ExpirationTime: now.Add(protocol.SignInTTL), Chains: []protocol.ChainID{protocol.AlgorandMainNet},
	}
}

// otherChannel has the form of a channel id.
var otherChannel = protocol.ChannelID("l1." + strings.Repeat("A", 43))

// proved returns the proof of a wallet that signed the text after change.
func proved(t *testing.T, s protocol.SignInRequest, channel protocol.ChannelID, key chain.Key, change func(*protocol.SignIn)) protocol.Proof {
	t.Helper()
	fields := s.For(key.Chain(), key.Address(), channel)
	if change != nil {
		change(&fields)
	}
	text, err := fields.Text()
	if err != nil {
		t.Fatalf("text of %+v: %v", fields, err)
	}
	proof, err := key.Sign(t.Context(), text)
	if err != nil {
		t.Fatalf("sign: %v", err)
	}
	return proof
}

// TestSiteChecksTheProof shows the site proofs for something else than it asked
// for.
func TestSiteChecksTheProof(t *testing.T) {
	t.Parallel()
	s, key := asked(t), walletKey(t, 1)
	channel := protocol.ChannelID("l1." + strings.Repeat("B", 42) + "A")
	check := func(p *protocol.Proof) error {
		return client.CheckProof(t.Context(), chain.Default(), s, channel, p)
	}
	honest := proved(t, s, channel, key, nil)
	if err := check(&honest); err != nil {
		t.Fatalf("honest proof: %v, want nil", err)
	}
	if err := check(nil); !errors.Is(err, protocol.InvalidPeer) {
		t.Errorf("no proof: %v, want invalid_peer", err)
	}
	for name, change := range map[string]func(*protocol.SignIn){
		"other channel":   func(s *protocol.SignIn) { s.Channel = otherChannel },
		"other nonce":     func(s *protocol.SignIn) { s.Nonce = protocol.NewNonce() },
		"other domain":    func(s *protocol.SignIn) { s.Domain = "bank.example" },
		"other URI":       func(s *protocol.SignIn) { s.URI = "https://bank.example" },
		"other statement": func(s *protocol.SignIn) { s.Statement = "Sign in elsewhere." },
		"longer":          func(s *protocol.SignIn) { s.ExpirationTime = s.ExpirationTime.Add(time.Hour) },
		"earlier":         func(s *protocol.SignIn) { s.IssuedAt = s.IssuedAt.Add(-time.Hour) },
		"resources":       func(s *protocol.SignIn) { s.Resources = []string{"https://dapp.example/all"} },
	} {
		p := proved(t, s, channel, key, change)
		if err := check(&p); !errors.Is(err, protocol.InvalidPeer) {
			t.Errorf("text signed with %s: %v, want invalid_peer", name, err)
		}
	}
	for name, change := range map[string]func(*protocol.Proof){
		"other address":   func(p *protocol.Proof) { p.Address = walletKey(t, 2).Address() },
		"other chain":     func(p *protocol.Proof) { p.Chain = "algorand:other" },
		"other type":      func(p *protocol.Proof) { p.Type = protocol.ProofMX },
		"other signature": func(p *protocol.Proof) { p.Signature[5] ^= 1 },
		"no signature":    func(p *protocol.Proof) { p.Signature = nil },
		"no text":         func(p *protocol.Proof) { p.Message = "" },
		"nothing":         func(p *protocol.Proof) { *p = protocol.Proof{} },
	} {
		p := proved(t, s, channel, key, nil)
		change(&p)
		if err := check(&p); !errors.Is(err, protocol.InvalidPeer) {
			t.Errorf("proof with %s: %v, want invalid_peer", name, err)
		}
	}
	solana, err := chain.GenerateKey("solana")
	if err != nil {
		t.Fatalf("make key: %v", err)
	}
	p := proved(t, s, channel, solana, nil)
	if err := check(&p); !errors.Is(err, protocol.InvalidPeer) {
		t.Errorf("proof of an account on a chain that was not asked for: %v, want invalid_peer", err)
	}
}
