package client_test

import (
	"errors"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/protocol"
)

func challenge(t *testing.T) protocol.Challenge {
	t.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	return protocol.Challenge{
		RequestID: protocol.NewRequestID(),
		SignIn: protocol.SignInRequest{
			Domain: "dapp.example", URI: "https://dapp.example", Statement: "Sign in.", Nonce: protocol.NewNonce(),
			IssuedAt: now, ExpirationTime: now.Add(protocol.SignInTTL), Chains: []protocol.ChainID{protocol.AlgorandMainNet},
		},
	}
}

// claim returns what a server says about a wallet that signed the text after
// change.
func claim(t *testing.T, c protocol.Challenge, key *chain.AlgorandKey, change func(*protocol.SignIn)) protocol.ServerMessage {
	t.Helper()
	fields := c.SignIn.For(key.Chain(), key.Address(), c.RequestID)
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
	return protocol.ServerMessage{Op: protocol.OpLink, RequestID: c.RequestID, Account: key.Account(), Proof: &proof}
}

// TestSiteCatchesALyingServer shows the site claims that a server should have
// refused.
func TestSiteCatchesALyingServer(t *testing.T) {
	c, key := challenge(t), walletKey(t, 1)
	check := func(m protocol.ServerMessage) error {
		return client.CheckClaim(t.Context(), chain.Default(), c, m)
	}
	if err := check(claim(t, c, key, nil)); err != nil {
		t.Fatalf("honest claim: %v, want nil", err)
	}
	if err := check(claim(t, c, key, func(s *protocol.SignIn) { s.Nonce = protocol.NewNonce() })); err != nil {
		t.Errorf("claim with a later nonce: %v, want nil: the server may have drawn another one", err)
	}
	for name, change := range map[string]func(*protocol.SignIn){
		"other link":      func(s *protocol.SignIn) { s.RequestID = protocol.NewRequestID() },
		"other domain":    func(s *protocol.SignIn) { s.Domain = "bank.example" },
		"other URI":       func(s *protocol.SignIn) { s.URI = "https://bank.example" },
		"other statement": func(s *protocol.SignIn) { s.Statement = "Sign in elsewhere." },
		"other chain":     func(s *protocol.SignIn) { s.Chain = "algorand:other" },
		"other address":   func(s *protocol.SignIn) { s.Address = walletKey(t, 2).Address() },
		"longer":          func(s *protocol.SignIn) { s.ExpirationTime = s.ExpirationTime.Add(time.Hour) },
		"earlier":         func(s *protocol.SignIn) { s.IssuedAt = s.IssuedAt.Add(-time.Hour) },
		"resources":       func(s *protocol.SignIn) { s.Resources = []string{"https://dapp.example/all"} },
	} {
		if err := check(claim(t, c, key, change)); !errors.Is(err, protocol.InvalidPeer) {
			t.Errorf("text signed with %s: %v, want invalid_peer", name, err)
		}
	}
	for name, change := range map[string]func(*protocol.ServerMessage){
		"no proof":        func(m *protocol.ServerMessage) { m.Proof = nil },
		"other account":   func(m *protocol.ServerMessage) { m.Account = walletKey(t, 2).Account() },
		"other signature": func(m *protocol.ServerMessage) { m.Proof.Signature[5] ^= 1 },
		"no text":         func(m *protocol.ServerMessage) { m.Proof.Message = "" },
	} {
		m := claim(t, c, key, nil)
		change(&m)
		if err := check(m); !errors.Is(err, protocol.InvalidPeer) {
			t.Errorf("claim with %s: %v, want invalid_peer", name, err)
		}
	}
}
