// Package web is what a person's browser shows, the site's page and a wallet, built
// from the TypeScript beside this file and embedded, so that a server needs no Node.
// [Handler] serves it; there is nothing else to know.
//
//	mux := http.NewServeMux()
//	mux.Handle("/v1/", server) // the API that the page talks to
//	mux.Handle("/", web.Handler())
//
// It serves "/" (the page), "/l/" (what a phone shows that opens a link without
// a wallet) and "/assets/…", to GET and HEAD; everything else is 404. The page
// calls the API on its own origin. What lies below "/wallet/" is a wallet that runs
// in a browser, which may call any server. To change them, edit site, link and wallet,
// then run "npm ci && npm run build" in js; dist is committed, and CI checks that the
// sources still give it.
//
// The handler may be used from several goroutines at once. The link that "/l/"
// answers is that of spec/protocol.md §2.
package web
