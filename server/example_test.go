package server_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/membus"
	"github.com/liaison-dev/liaison/server"
	"github.com/liaison-dev/liaison/sqlite"
)

func Example() {
	dir, err := os.MkdirTemp("", "liaison")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	store, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(dir, "liaison.db")})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	bus := membus.New().Join()
	defer bus.Close()

	accounts := chain.Default()
	srv, err := server.New(server.Config{
		Origin: "https://example.com", Store: store, Bus: bus,
		Verifier: accounts, Chains: accounts.Chains(),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close(ctx)

	mux := http.NewServeMux()
	mux.Handle("/v1/", srv)
	mux.HandleFunc("GET /orders", func(w http.ResponseWriter, r *http.Request) {
		account, _ := srv.Account(r)
		fmt.Fprintf(w, "signed in: %t", account != "")
	})
	recorder := httptest.NewRecorder()
	mux.ServeHTTP(recorder, httptest.NewRequest("GET", "/orders", nil))
	fmt.Println(recorder.Body)
	// Output: signed in: false
}
