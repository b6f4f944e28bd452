package chain

import (
	"context"
	"crypto/ed25519"

	"github.com/mr-tron/base58"

	"github.com/liaison-dev/liaison/protocol"
)

// SolanaMainNet is named by the first 32 characters of its genesis hash.
const SolanaMainNet protocol.ChainID = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"

const (
	solanaNamespace = "solana"
	solanaKind      = "solana"
)

func solanaFamily() family {
	return family{
		namespace: solanaNamespace,
		main:      SolanaMainNet,
		scheme:    func(chain protocol.ChainID, _ Sources) (Scheme, error) { return solana{chain}, nil },
		kinds:     []kind{{solanaKind, newSolanaKey}},
	}
}

type solana struct{ chain protocol.ChainID }

func (s solana) Chain() protocol.ChainID { return s.chain }

func (s solana) Verify(_ context.Context, proof protocol.Proof) error {
	if err := checkBare(proof, protocol.ProofSolana); err != nil {
		return err
	}
	key, err := parseSolanaAddress(proof.Address)
	if err != nil {
		return err
	}
	if !verifyEd25519(key, []byte(proof.Message), proof.Signature) {
		return wrongSignature()
	}
	return nil
}

// parseSolanaAddress returns the public key that an address is. Of base58 each
// number of bytes has one spelling, so none is written again to compare. The time that it takes grows with the square of the length, but an address in
// a sign-in text has at most 128 characters.
func parseSolanaAddress(address string) (ed25519.PublicKey, error) {
	key, err := base58.Decode(address)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, refuse("address is not base58 of 32 bytes")
	}
	return key, nil
}

// solanaKey signs the text alone, as wallets of Solana do. That cannot be a
// transaction of this key: a transaction names its signers by their 32 bytes,
// and the text has printable ASCII alone.
type solanaKey struct {
	account
	private *ed25519.PrivateKey // fixed after New; a pointer, so that no copy of the key prints it
}

func newSolanaKey(seed []byte) (Key, error) {
	private := ed25519.NewKeyFromSeed(seed)
	address := base58.Encode(private.Public().(ed25519.PublicKey))
	return &solanaKey{account{solanaKind, SolanaMainNet, address}, &private}, nil
}

func (k *solanaKey) Secret() []byte { return k.private.Seed() }

func (k *solanaKey) on(chain protocol.ChainID) (Key, error) {
	if _, err := protocol.ParseChainID(string(chain)); err != nil || chain.Namespace() != solanaNamespace {
		return nil, wrongChain(chain)
	}
	view := *k
	view.chain = chain
	return &view, nil
}

func (k *solanaKey) Sign(_ context.Context, text string) (protocol.Proof, error) {
	if _, err := k.read(text); err != nil {
		return protocol.Proof{}, err
	}
	return k.proof(protocol.ProofSolana, text, ed25519.Sign(*k.private, []byte(text))), nil
}
