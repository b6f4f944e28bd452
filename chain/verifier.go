package chain

import (
	"context"

	"github.com/liaison-dev/liaison/protocol"
)

// Scheme checks the proofs of one chain.
type Scheme interface {
	// Chain names the chain whose accounts the scheme knows.
	Chain() protocol.ChainID
	// Verify returns nil if proof.Signature is a signature of proof.Address over
	// proof.Message in the way that proof.Type says. The caller has checked that
	// proof.Chain is the scheme's. Any other outcome is an error.
	Verify(ctx context.Context, proof protocol.Proof) error
}

// Verifier checks the proofs of a fixed set of chains. The zero value refuses
// everything. It is safe for concurrent use.
type Verifier struct {
	schemes []Scheme // fixed after New
}

// NewVerifier returns a verifier that knows the given schemes and refuses
// everything else. If two are for one chain, the first counts.
func NewVerifier(schemes ...Scheme) *Verifier {
	return &Verifier{schemes: append([]Scheme(nil), schemes...)}
}

// Default returns a verifier with every chain that this version knows.
func Default() *Verifier { return NewVerifier(Algorand(protocol.AlgorandMainNet)) }

// Chains returns the accepted chains, in the order given to [NewVerifier].
func (v *Verifier) Chains() []protocol.ChainID {
	chains := make([]protocol.ChainID, 0, len(v.schemes))
	for _, s := range v.schemes {
		chains = append(chains, s.Chain())
	}
	return chains
}

// Verify returns nil if the proof is a valid signature of its account. Every
// refusal carries [protocol.ProofRejected]; its detail is for a log, not for the
// one who sent the proof.
func (v *Verifier) Verify(ctx context.Context, proof protocol.Proof) error {
	for _, s := range v.schemes {
		if s.Chain() == proof.Chain {
			return s.Verify(ctx, proof)
		}
	}
	return protocol.Errorf(protocol.ProofRejected, "chain is not accepted")
}
