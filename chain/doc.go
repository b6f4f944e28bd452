// Package chain says whether a signature is an account's, and makes one for the
// wallets of this project.
//
// Start with [NewVerifier], the set of schemes that a server or a site accepts;
// [New], the scheme of one chain; and [GenerateKey], a wallet's key.
//
//	scheme, err := chain.New(protocol.AlgorandMainNet, sources)
//	if err != nil {
//		return err
//	}
//	verifier := chain.NewVerifier(scheme)
//	if err := verifier.Verify(ctx, proof); err != nil {
//		return err // errors.Is(err, protocol.ProofRejected)
//	}
//
// A Verifier checks that the message is a sign-in text in its one form, that it
// names the account of the proof, and that the account's key signed it. Nonce,
// domain, times and channel are the caller's to compare, for only the caller
// knows what it asked for.
//
// [Sources] are what a verifier may ask: a node of Algorand, whether an account
// was rekeyed; an RPC of an EVM chain, whether a contract accepts a signature.
// Without them, as in [Default], nothing is asked. A service that is silent, or
// says something else, is a no.
//
// Each scheme has a file of its own, which brings its addresses, its types of
// proofs and its keys; a new one is a file and a line in families.
//
// Everything here is safe for concurrent use. It implements spec/protocol.md §3
// and §5.
package chain
