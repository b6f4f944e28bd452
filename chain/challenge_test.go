package chain_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/protocol"
)

// bare is a challenge that cannot be anything else.
var bare = bytes.Repeat([]byte{0x9a}, 32)

func signBare(t testing.TB, key *chain.AlgorandKey) []byte {
	t.Helper()
	signature, err := key.SignChallenge(bare)
	if err != nil {
		t.Fatal(err)
	}
	return signature
}

func ofMainNet(address string) protocol.Account {
	return protocol.NewAccount(protocol.AlgorandMainNet, address)
}

func TestVerifyChallenge(t *testing.T) {
	verifier := chain.NewVerifier(chain.Algorand(protocol.AlgorandMainNet), newScheme(t, chain.EthereumMainNet, chain.Sources{}))
	key, other := newKey(t, 7), newKey(t, 8)
	signature := signBare(t, key)
	if err := verifier.VerifyChallenge(t.Context(), ofMainNet(key.Address()), bare, signature); err != nil {
		t.Errorf("the account's signature: %v", err)
	}
	program := append([]byte("Program\x06\x80\x13"), bytes.Repeat([]byte{0xa5}, 22)...)
	weak, _ := hex.DecodeString("0100000000000000000000000000000000000000000000000000000000000000")
	// What a careless wallet would sign.
	raw := func(message []byte) []byte { return ed25519.Sign(ed25519.NewKeyFromSeed(key.Seed()), message) }
	long := append(bytes.Clone(bare), 0)
	changed := bytes.Clone(signature)
	changed[5] ^= 1
	for name, c := range map[string]struct {
		account              protocol.Account
		challenge, signature []byte
	}{
		"another account":    {ofMainNet(other.Address()), bare, signature},
		"another challenge":  {ofMainNet(key.Address()), bytes.Repeat([]byte{0x9b}, 32), signature},
		"another signature":  {ofMainNet(key.Address()), bare, changed},
		"no signature":       {ofMainNet(key.Address()), bare, nil},
		"a short challenge":  {ofMainNet(key.Address()), bare[:31], raw(bare[:31])},
		"a long challenge":   {ofMainNet(key.Address()), long, raw(long)},
		"a program":          {ofMainNet(key.Address()), program, raw(program)},
		"an address's twin":  {ofMainNet(withSpareBits(t, key.Address())), bare, signature},
		"a wrong checksum":   {ofMainNet(withOtherChecksum(key.Address())), bare, signature},
		"a key of one point": {ofMainNet(chain.AlgorandAddress(weak)), bare, append(bytes.Clone(weak), make([]byte, 32)...)},
		"another network":    {protocol.NewAccount("algorand:x", key.Address()), bare, signature},
		"a chain of others":  {protocol.NewAccount(chain.EthereumMainNet, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"), bare, signature},
	} {
		if err := verifier.VerifyChallenge(t.Context(), c.account, c.challenge, c.signature); !errors.Is(err, protocol.ProofRejected) {
			t.Errorf("%s: got %v, want %s", name, err, protocol.ProofRejected)
		}
	}
}

// TestVerifyChallengeOfRekeyedAccount: the node is asked whatever key has signed,
// and once for what it said just now.
func TestVerifyChallengeOfRekeyedAccount(t *testing.T) {
	first, second, address := twoKeys(t)
	algod := &node{}
	verify := func(scheme chain.Scheme, key *chain.AlgorandKey) error {
		return chain.NewVerifier(scheme).VerifyChallenge(t.Context(), ofMainNet(address), bare, signBare(t, key))
	}
	scheme := algod.scheme(t)
	if err := verify(scheme, first); err != nil || algod.asked.Load() != 1 {
		t.Errorf("own key: got %v after %d questions, want nil after one", err, algod.asked.Load())
	}
	if err := verify(scheme, second); !errors.Is(err, protocol.ProofRejected) || algod.asked.Load() != 1 {
		t.Errorf("a stranger's key: got %v after %d questions, want %s after one", err, algod.asked.Load(), protocol.ProofRejected)
	}
	algod.rekeys = map[string]string{address: second.Address()}
	scheme = algod.scheme(t) // one that remembers nothing
	if err := verify(scheme, first); !errors.Is(err, protocol.ProofRejected) {
		t.Errorf("retired key: got %v, want %s", err, protocol.ProofRejected)
	}
	if err := verify(scheme, second); err != nil {
		t.Errorf("new key: %v", err)
	}
	algod.reply = func(*http.Request) (*http.Response, error) {
		return answer(http.StatusInternalServerError, strings.NewReader("")), nil
	}
	scheme = algod.scheme(t)
	for name, key := range map[string]*chain.AlgorandKey{"own": first, "new": second} {
		if err := verify(scheme, key); !errors.Is(err, protocol.ProofRejected) {
			t.Errorf("%s key while the node is down: got %v, want %s", name, err, protocol.ProofRejected)
		}
	}
}

// TestPasskey: an account has one passkey for a domain, and others for others.
func TestPasskey(t *testing.T) {
	key := newKey(t, 1)
	one, err := key.Passkey("example.com")
	if err != nil {
		t.Fatalf("Passkey: %v", err)
	}
	if again, err := key.Passkey("example.com"); err != nil || !again.Equal(one) {
		t.Errorf("the same account has another passkey for the same domain: %v", err)
	}
	rekeyed, err := key.For(newKey(t, 2).Address())
	if err != nil {
		t.Fatal(err)
	}
	for name, passkey := range map[string]func() (*ecdsa.PrivateKey, error){
		"another domain":             func() (*ecdsa.PrivateKey, error) { return key.Passkey("example.org") },
		"another key":                func() (*ecdsa.PrivateKey, error) { return newKey(t, 2).Passkey("example.com") },
		"another account of the key": func() (*ecdsa.PrivateKey, error) { return rekeyed.Passkey("example.com") },
	} {
		if other, err := passkey(); err != nil || other.Equal(one) {
			t.Errorf("%s has the same passkey, %v", name, err)
		}
	}
}
