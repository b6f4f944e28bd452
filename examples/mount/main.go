// Command mount is a small website with sign-in by wallet: it mounts Liaison's
// server beside its own routes and reads who is signed in. Run it, open
// http://localhost:8080, and answer the code with a wallet:
//
//	go run ./examples/mount
//	go run ./cmd/liaison wallet connect 'liquid://localhost:8080/?requestId=…'
package main

import (
	"context"
	"fmt"
	"html"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/membus"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/server"
	"github.com/liaison-dev/liaison/sqlite"
	"github.com/liaison-dev/liaison/web"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "mount:", err)
		os.Exit(1)
	}
}

func run() error {
	store, err := sqlite.Open(context.Background(), sqlite.Config{Path: "mount.db"})
	if err != nil {
		return err
	}
	defer store.Close()
	site, err := newSite("http://localhost:8080", store)
	if err != nil {
		return err
	}
	log.Print("open http://localhost:8080")
	srv := &http.Server{Addr: "localhost:8080", Handler: site, ReadHeaderTimeout: 5 * time.Second}
	return srv.ListenAndServe()
}

// newSite returns the whole website: Liaison below /v1/, its page at /, and one
// route of our own that knows who is signed in.
func newSite(origin protocol.Origin, store liaison.Store) (http.Handler, error) {
	accounts := chain.Default()
	signIn, err := server.New(server.Config{
		Origin: origin, Store: store, Bus: membus.New().Join(),
		Verifier: accounts, Chains: accounts.Chains(), SiteName: "Example shop",
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/v1/", signIn)
	mux.Handle("/", web.Handler())
	mux.HandleFunc("GET /orders", func(w http.ResponseWriter, r *http.Request) {
		who, err := signIn.Session(r)
		switch {
		case err != nil:
			http.Error(w, "try again in a moment", http.StatusServiceUnavailable)
		case !who.Assurance.AtLeast(protocol.Sealed): // so is nobody
			http.Redirect(w, r, "/", http.StatusSeeOther)
		default:
			fmt.Fprintf(w, "The orders of %s.\n", html.EscapeString(who.Account.Address()))
		}
	})
	return mux, nil
}
