package chain

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base32"

	"github.com/liaison-dev/liaison/protocol"
)

// messagePrefix separates signed bytes from everything else that an Algorand key
// signs: no transaction, program or consensus object begins with it.
const messagePrefix = "MX"

const (
	addressChecksumBytes = 4
	addressChars         = 58
)

var addressEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// Algorand returns the scheme of one Algorand network. Its proofs are of type
// [protocol.ProofMX]. It panics if chain is not of the algorand namespace, which
// is a mistake in the program.
func Algorand(chain protocol.ChainID) Scheme {
	if chain.Namespace() != "algorand" {
		panic("chain: " + string(chain) + " is not an Algorand network")
	}
	return algorand{chain}
}

type algorand struct{ chain protocol.ChainID }

func (a algorand) Chain() protocol.ChainID { return a.chain }

func (a algorand) Verify(_ context.Context, proof protocol.Proof) error {
	if proof.Type != protocol.ProofMX {
		return protocol.Errorf(protocol.ProofRejected, "type of proof is not accepted")
	}
	key, err := parseAlgorandAddress(proof.Address)
	if err != nil {
		return err
	}
	if !verifyEd25519(key, []byte(messagePrefix+proof.Message), proof.Signature) {
		return protocol.Errorf(protocol.ProofRejected, "signature is not the account's")
	}
	return nil
}

// AlgorandAddress writes a public key of 32 bytes as an address: the key and the
// last four bytes of its SHA-512/256, in base32 without padding.
func AlgorandAddress(key ed25519.PublicKey) string {
	sum := sha512.Sum512_256(key)
	return addressEncoding.EncodeToString(append(append([]byte(nil), key...), sum[len(sum)-addressChecksumBytes:]...))
}

// parseAlgorandAddress returns the public key behind an address. The address is
// written again and compared as a whole: the last of its characters has bits
// that do not count, so one key would otherwise have several names.
func parseAlgorandAddress(address string) (ed25519.PublicKey, error) {
	if len(address) != addressChars {
		return nil, protocol.Errorf(protocol.ProofRejected, "address does not have %d characters", addressChars)
	}
	data, err := addressEncoding.DecodeString(address)
	if err != nil || len(data) != ed25519.PublicKeySize+addressChecksumBytes {
		return nil, protocol.Errorf(protocol.ProofRejected, "address is not base32")
	}
	key := ed25519.PublicKey(data[:ed25519.PublicKeySize])
	if AlgorandAddress(key) != address {
		return nil, protocol.Errorf(protocol.ProofRejected, "address has a wrong checksum")
	}
	return key, nil
}

// AlgorandKey is a wallet's key on one Algorand network. It shows its secret
// nowhere but in [AlgorandKey.Seed]. It is safe for concurrent use.
type AlgorandKey struct {
	chain   protocol.ChainID   // fixed after New
	private ed25519.PrivateKey // fixed after New
}

// GenerateAlgorandKey draws a new key for the main network.
func GenerateAlgorandKey() *AlgorandKey {
	var seed [ed25519.SeedSize]byte
	rand.Read(seed[:]) // never fails; it ends the process instead
	return &AlgorandKey{chain: protocol.AlgorandMainNet, private: ed25519.NewKeyFromSeed(seed[:])}
}

// NewAlgorandKey returns the key of a seed of 32 bytes, for the main network.
// Any other length gives [protocol.InvalidMessage].
func NewAlgorandKey(seed []byte) (*AlgorandKey, error) {
	if len(seed) != ed25519.SeedSize {
		return nil, protocol.Errorf(protocol.InvalidMessage, "a seed has %d bytes", ed25519.SeedSize)
	}
	return &AlgorandKey{chain: protocol.AlgorandMainNet, private: ed25519.NewKeyFromSeed(seed)}, nil
}

// Seed returns the secret of 32 bytes from which the key can be made again.
func (k *AlgorandKey) Seed() []byte { return k.private.Seed() }

// Chain names the network.
func (k *AlgorandKey) Chain() protocol.ChainID { return k.chain }

// Address returns the account's address, 58 characters.
func (k *AlgorandKey) Address() string {
	return AlgorandAddress(k.private.Public().(ed25519.PublicKey))
}

// Account returns the account's CAIP-10 name.
func (k *AlgorandKey) Account() protocol.Account {
	return protocol.NewAccount(k.Chain(), k.Address())
}

// Sign signs a sign-in text of at most [protocol.MaxSignInBytes]. Never pass it
// a text that a stranger wrote: build it from its fields ([protocol.SignIn]).
func (k *AlgorandKey) Sign(_ context.Context, text string) (protocol.Proof, error) {
	if len(text) > protocol.MaxSignInBytes {
		return protocol.Proof{}, protocol.Errorf(protocol.TooLarge, "a sign-in text may have %d bytes", protocol.MaxSignInBytes)
	}
	return protocol.Proof{
		Type:      protocol.ProofMX,
		Chain:     k.chain,
		Address:   k.Address(),
		Message:   text,
		Signature: ed25519.Sign(k.private, []byte(messagePrefix+text)),
	}, nil
}

// String names the account and hides the key.
func (k *AlgorandKey) String() string { return string(k.Account()) }

// GoString names the account and hides the key.
func (k *AlgorandKey) GoString() string { return k.String() }
