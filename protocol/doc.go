// Package protocol turns Liaison's messages into bytes and back.
//
// It holds everything that two programs must agree on and nothing that only one
// of them needs: the link that a QR code carries ([ParseLink]), the text that a
// wallet signs ([SignIn]), the bodies of the REST calls, the messages of the
// WebSocket ([ParseClientMessage]), the messages that peers exchange through
// the server ([ParsePeerMessage]), the limits, and the closed table of codes
// ([Code]).
//
//	link, err := protocol.ParseLink("liquid://auth.example.com/?requestId=4f1c…")
//	if err != nil {
//		return err // errors.Is(err, protocol.InvalidLink)
//	}
//	fmt.Println(link.Origin(), link.RequestID)
//
// Every Parse function takes untrusted input: it is bounded, returns no partial
// result with an error, and accepts one encoding of each value. The package
// does no I/O, imports only the standard library, and all of its functions may
// be called from several goroutines at once.
//
// It implements spec/protocol.md, section by section; the table of codes is
// rendered into spec/errors.md.
package protocol
