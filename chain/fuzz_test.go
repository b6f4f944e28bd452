package chain_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/protocol"
)

// FuzzVerify: no proof holds but those that a key made.
func FuzzVerify(f *testing.F) {
	valid, refused := proofVectors(f)
	for _, proofs := range []map[string]protocol.Proof{valid, refused} {
		for _, p := range proofs {
			var meta protocol.ProofMeta
			if p.Meta != nil {
				meta = *p.Meta
			}
			f.Add(p.Type, string(p.Chain), p.Address, p.Message, []byte(p.Signature), p.Meta != nil, []byte(meta.AuthenticatorData), meta.Signer)
		}
	}
	verifier := chain.Default()
	f.Fuzz(func(t *testing.T, kind, name, address, message string, signature []byte, hasMeta bool, data []byte, signer string) {
		proof := protocol.Proof{Type: kind, Chain: protocol.ChainID(name), Address: address, Message: message, Signature: signature}
		if hasMeta {
			proof.Meta = &protocol.ProofMeta{AuthenticatorData: data, Signer: signer}
		}
		if verifier.Verify(t.Context(), proof) != nil {
			return
		}
		for _, known := range valid {
			if sameProof(known, proof) {
				return
			}
		}
		t.Errorf("Verify(%+v) = nil, and no key made this proof", proof)
	})
}

// sameProof overlooks the two ways to write v.
func sameProof(a, b protocol.Proof) bool {
	if a.Type == protocol.ProofEIP191 && len(a.Signature) == 65 && len(b.Signature) == 65 {
		a.Signature, b.Signature = bytes.Clone(a.Signature), bytes.Clone(b.Signature)
		a.Signature[64], b.Signature[64] = a.Signature[64]%27, b.Signature[64]%27
	}
	return a.Equal(b)
}

// FuzzParseAddress: an address that is read is the one that is written.
func FuzzParseAddress(f *testing.F) {
	for _, key := range everyKey(f) {
		f.Add(key.Address())
		f.Add(strings.ToLower(key.Address()))
		f.Add(key.Address() + "=")
	}
	f.Add(strings.Repeat("1", 32))
	f.Fuzz(func(t *testing.T, address string) {
		if key, err := chain.ParseAlgorandAddress(address); (err == nil) != (key != nil) || err == nil && chain.AlgorandAddress(key) != address {
			t.Errorf("Algorand address %q is read as %x, %v", address, key, err)
		}
		if data, err := chain.ParseEVMAddress(address); (err == nil) != (data != nil) || err == nil && chain.WriteEVMAddress(data) != address {
			t.Errorf("EVM address %q is read as %x, %v", address, data, err)
		}
		if key, err := chain.ParseSolanaAddress(address); (err == nil) != (key != nil) || err == nil && len(key) != 32 {
			t.Errorf("Solana address %q is read as %x, %v", address, key, err)
		}
		if kind, key, err := chain.ParseDIDKey(address); (err == nil) != (key != nil) || err == nil && chain.WriteDIDKey(kind, key) != address {
			t.Errorf("did:key address %q is read as %s %x, %v", address, kind, key, err)
		}
	})
}
