// Package client links a site and a wallet and opens a DataChannel between
// them. It plays either part: a site that shows a QR code, or a wallet that was
// given one.
//
// Start with [OpenLink] for a site, [ReadLink] for a wallet, and [Channel],
// which both end up with.
//
//	pending, err := client.OpenLink(ctx, client.SiteConfig{Server: "https://auth.example.com"})
//	if err != nil {
//		return err
//	}
//	defer pending.Close()
//	show(pending.Link().String()) // as a QR code
//	channel, err := pending.Accept(ctx)
//	if err != nil {
//		return err // errors.Is(err, protocol.LinkExpired), protocol.UserRejected, …
//	}
//	defer channel.Close()
//	fmt.Println(channel.Account(), channel.Path())
//	err = channel.Send(ctx, []byte("hello"))
//
// and on the other side
//
//	request, err := client.ReadLink(ctx, link, client.WalletConfig{})
//	// show request.Site(), request.Verified() and request.Text(key), ask the person
//	channel, err := request.Approve(ctx, key)
//
// Every call that waits takes a context and has a deadline of its own if the
// context has none. Every failure is an [*Error] with a [protocol.Code].
//
// A channel that is open needs the server no more: it lives on while the server
// is away, and the package keeps trying to come back to it quietly, since a
// change of network needs it once more (ICE restart).
//
// The package does not store keys or sessions, does not read QR codes, and uses
// neither a proxy nor any STUN or TURN server but those that the link's server
// names. Candidates, that is the addresses of this machine, are told to the
// other side after the person at the wallet agreed and not before. What passes the
// server is sealed: it can drop and delay it, and neither read nor change it.
//
// All methods may be called concurrently. Whoever gets a PendingLink, a Request
// or a Channel must close it; Close returns when every goroutine has ended.
//
// A wallet of Liquid Auth that answers a site's link seals nothing: see [Legacy]. A
// wallet answers a site of Liquid Auth, and seals nothing, by [ReadUnsealedLink].
//
// It implements spec/protocol.md §4 to §8 and §11, and spec/sealed.md §4 to §9.
package client
