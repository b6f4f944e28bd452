// Package server introduces sites and wallets to each other: the REST calls and
// the WebSocket below /v1/, as an http.Handler.
//
// [New] checks a [Config] and returns a [Server]; [Server.Account] tells the
// site that mounts it who is signed in with a request; [Server.Close] ends it.
//
//	store, err := sqlite.Open(ctx, sqlite.Config{Path: "liaison.db"})
//	…
//	srv, err := server.New(server.Config{
//		Origin:   "https://example.com",
//		Store:    store,
//		Bus:      membus.New().Join(),
//		Verifier: chain.Default(),
//		Chains:   []protocol.ChainID{protocol.AlgorandMainNet},
//	})
//	…
//	mux.Handle("/v1/", srv)
//
// The server relays frames between the two sides of a link as opaque bytes: it
// never reads a session description. It opens no listener, serves no pages, and
// names no database: what must last is behind liaison.Store, what flies between
// nodes behind liaison.Bus.
//
// All methods may be called concurrently. It implements spec/protocol.md, §6
// and §7, and spec/link.md.
package server
