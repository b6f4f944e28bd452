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
	// proof.Chain is the scheme's, that the message is a sign-in text in its one
	// form and that it names the proof's account. Any other outcome is an error.
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

// Chains returns the accepted chains, in the order given to [NewVerifier].
func (v *Verifier) Chains() []protocol.ChainID {
	chains := make([]protocol.ChainID, 0, len(v.schemes))
	for _, s := range v.schemes {
		chains = append(chains, s.Chain())
	}
	return chains
}

// Verify returns nil if the proof is a valid signature of its account over a
// sign-in text that names this account. Every refusal carries
// [protocol.ProofRejected]; its detail is for a log, not for the one who sent
// the proof.
func (v *Verifier) Verify(ctx context.Context, proof protocol.Proof) error {
	for _, s := range v.schemes {
		if s.Chain() != proof.Chain {
			continue
		}
		if err := checkForm(proof); err != nil {
			return err
		}
		return s.Verify(ctx, proof)
	}
	return refuse("chain is not accepted")
}

// VerifyChallenge returns nil if the signature is the account's over a bare
// challenge, as wallets of Liquid Auth make it: 32 bytes and nothing around them.
// It says nothing of who asked and for what, so it is worth something only
// together with a passkey that answers the same challenge; verify that first,
// since this may ask a node. Only schemes that have such signatures, which is
// Algorand's, accept one. Refusals are as for [Verifier.Verify].
func (v *Verifier) VerifyChallenge(ctx context.Context, account protocol.Account, challenge, signature []byte) error {
	for _, s := range v.schemes {
		if bare, ok := s.(challengeScheme); ok && s.Chain() == account.Chain() {
			return bare.verifyChallenge(ctx, account.Address(), challenge, signature)
		}
	}
	return refuse("chain is not accepted")
}

// challengeScheme is a scheme whose keys sign bare challenges.
type challengeScheme interface {
	verifyChallenge(ctx context.Context, address string, challenge, signature []byte) error
}

// checkForm checks what is the same for all schemes. A text that could be
// written in two ways, or that is about another account, is worth no look at its
// signature.
func checkForm(proof protocol.Proof) error {
	text, err := protocol.ParseSignIn(proof.Message, proof.Chain.Namespace())
	switch {
	case err != nil:
		return refuse("message is no sign-in text of this chain")
	case text.Chain != proof.Chain || text.Address != proof.Address:
		return refuse("message names another account")
	case proof.Meta != nil && len(proof.Meta.AuthenticatorData) == 0 && proof.Meta.Signer == "":
		return refuse("meta is there and empty")
	}
	return nil
}

// checkBare refuses what a scheme with one type and without meta does not know.
func checkBare(proof protocol.Proof, kind string) error {
	if proof.Type != kind {
		return refuse("type of proof is not accepted")
	}
	if proof.Meta != nil {
		return refuse("meta is not needed for this type of proof")
	}
	return nil
}

// refuse makes the one error of all verification; the detail is for a log.
func refuse(detail string) error {
	return protocol.Errorf(protocol.ProofRejected, "%s", detail)
}

func wrongSignature() error { return refuse("signature is not the account's") }
