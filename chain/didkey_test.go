package chain_test

import (
	"testing"

	"github.com/liaison-dev/liaison/chain"
)

// TestDIDKeysHaveOneLength: a point of secp256k1 has a longer form, too, and the
// library that checks signatures reads it. One key would have two accounts.
func TestDIDKeysHaveOneLength(t *testing.T) {
	keys := everyKey(t)
	for _, kind := range []string{"did-ed25519", "did-p256", "did-secp256k1"} {
		_, key, err := chain.ParseDIDKey(keys[kind].Address())
		if err != nil {
			t.Fatalf("ParseDIDKey(%s): %v", keys[kind].Address(), err)
		}
		for _, n := range []int{0, 1, len(key) - 1, len(key) + 1, 65} {
			other := append(append([]byte(nil), key...), make([]byte, 65)...)[:n]
			address := chain.WriteDIDKey(kind, other)
			if got, key, err := chain.ParseDIDKey(address); err == nil {
				t.Errorf("%s: address of %d bytes is read as %s %x, want an error", kind, n, got, key)
			}
		}
	}
}
