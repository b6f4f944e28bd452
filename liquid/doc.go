// Package liquid speaks the protocol of Liquid Auth on top of a server's links,
// rooms and store, so that its published clients connect with nothing changed but
// the address. docs/dialects.md says what is the same and what is not.
//
// Start with [New], [Config] and [Paths].
//
//	handler, err := liquid.New(ctx, liquid.Config{
//		Server: srv, Store: store, Origin: "https://auth.example.com", Chain: "algorand:wGHE2Pwdvd7S12BL5FaOP20EGYesN73k",
//		Passkeys: party, Wallets: accounts,
//	})
//	if err != nil {
//		return err
//	}
//	for _, path := range liquid.Paths() {
//		mux.Handle(path, handler)
//	}
//
// A sign-in through it is worth what the server's word is worth: nothing is sealed,
// and its sessions are server-asserted. A wallet of the dialect may sign in to a
// site that speaks the native protocol; the site is told, and decides.
//
// It does not serve /.well-known/ documents, pages, or the answer to GET /, which
// its clients expect to be 200. All methods may be called concurrently. Lock order:
// connection.mu before peer.mu, and neither while the server is called.
package liquid
