// Package liaisontest starts real servers for tests: everything that the binary
// runs, on a loopback port and with data in a temporary folder.
//
// [NewServer] starts one, [NewNodes] starts several nodes of one service that
// share a store and a bus, and [Server.Stop] and [Server.Start] stop one and
// start it again on the same data. [NewHostile] starts one that reads, changes
// and makes up whatever the test wants: an SDK must be safe from it.
//
//	srv := liaisontest.NewServer(t)
//	link, err := client.OpenLink(ctx, client.SiteConfig{Server: srv.Origin})
//
// Everything ends with the test. A Server's methods must be called from the
// goroutine of the test, those of a Hostile may be called from any.
package liaisontest
