// Package chain says whether a signature is an account's, and makes one for the
// wallets of this project. Each family of chains has a file of its own.
//
// Start with [NewVerifier], the set of schemes that a server or a site accepts;
// [Algorand], the scheme of one Algorand network; and [AlgorandKey], a wallet's
// key.
//
//	verifier := chain.NewVerifier(chain.Algorand(protocol.AlgorandMainNet))
//	if err := verifier.Verify(ctx, proof); err != nil {
//		return err // errors.Is(err, protocol.ProofRejected)
//	}
//
// A Verifier checks that the signature covers the message and that the key is
// the one behind the address. It reads nothing in the message: nonce, domain,
// times and request id are the caller's to compare, for only the caller knows
// what it asked for. It does no I/O, so an account that was rekeyed on its chain
// is not noticed.
//
// Everything here is safe for concurrent use. It implements spec/protocol.md §5.
package chain
