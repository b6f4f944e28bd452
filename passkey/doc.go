// Package passkey says whether the response of an authenticator answers a
// ceremony: it is the [liaison.PasskeyVerifier] over one WebAuthn library.
//
// Start with [New], [Config] and [RelyingParty].
//
//	party, err := passkey.New(passkey.Config{RPID: "example.com", Origins: []string{"https://example.com"}})
//	if err != nil {
//		return err
//	}
//	said, err := party.Response(body)
//	if err != nil {
//		return err // errors.Is(err, protocol.InvalidMessage)
//	}
//	ceremony, err := store.Ceremony(ctx, liaison.CeremonyOf(said.Challenge))
//	// … spend it, and only then:
//	verified, err := party.Authentication(ceremony, credential, body, time.Now())
//
// It reads what the clients of other servers send as well: bytes in base64url or
// base64, with padding or without, fields that it does not know, outputs of
// extensions that nobody asked for. What it verifies is strict all the same: the
// challenge, the kind of the ceremony, the origin as a whole, the domain, that a
// person was present and, where the ceremony says so, was verified, the
// signature, and that a counter counts.
//
// What an authenticator attests of its maker is verified where that needs no
// network, and trusted for nothing. It does not compare user handles, since a
// credential id leads to one account by itself; nor whether a passkey may be
// backed up, which published wallets say differently each time.
//
// It keeps nothing and asks nobody: ceremonies, credentials and their accounts are
// the caller's. All methods may be called concurrently. It implements
// spec/protocol.md §10.
package passkey
