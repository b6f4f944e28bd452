// Package sealed keeps what a site and a wallet say to each other from the
// server that relays it.
//
// It is for both ends of a link. Start with [Link], what a code on a screen
// tells; [Handshake], two messages that make keys of it; and [Session], which
// seals everything after.
//
//	key, err := sealed.GenerateSiteKey()                // site: shown in the link
//	link := sealed.Link{Host: "auth.example.com", RequestID: id, Key: key.Public(), Seed: key.Seed()}
//
//	wallet, err := sealed.NewWallet(link)               // wallet: has scanned it
//	one, err := wallet.Write(hello)                     // the wallet's frame 0
//
//	site, err := sealed.NewSite(link, key)
//	hello, err := site.Read(one)
//	two, err := site.Write(welcome)                     // the site's frame 0
//	session, err := site.Session()
//
//	welcome, err := wallet.Read(two)
//	session, err := wallet.Session()                    // same ChannelID at both ends
//
// It does not parse links, does not look into what it seals, sends nothing and
// keeps nothing: frames, their order and the text that binds an account to the
// channel are their callers' affair. There is one suite and no negotiation, and
// nothing that failed can be used again.
//
// Keys that are of no more use are let go, and overwritten where the standard
// library lets that happen. It does not for X25519 and AES keys, and the runtime
// may have copied any of them before: whoever can read the memory of the process
// may find keys in it. Secrets hide themselves from fmt, log and encoding/json,
// but not from reflection.
//
// A [Handshake] belongs to one goroutine. A [Session] and a [SiteKey] may be
// used by several at once. The package implements spec/sealed.md §2, §3 and the
// keys of §6 and §9.
package sealed
