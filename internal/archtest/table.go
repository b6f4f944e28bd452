package archtest

import (
	"slices"
	"strings"
)

// Module is the path of the module that the table is about.
const Module = "github.com/liaison-dev/liaison"

// Root stands for the module's root package in the table.
const Root = "."

// Row says what one package may import beside the standard library.
type Row struct {
	// Package is the path within the module; one that ends in "/..." is for all
	// packages below.
	Package string
	// Own are packages of this module, written likewise.
	Own []string
	// Foreign are modules, or the beginnings of their paths.
	Foreign []string
	// Why is the reason, for whoever breaks the row.
	Why string
}

const (
	webSocketLibrary = "github.com/lxzan/gws"
	everything       = "..."
)

// Table returns all rows; a package that has none may import nothing.
func Table() []Row {
	return []Row{
		{"protocol", nil, nil, "both ends and every SDK depend on it, so it depends on nothing"},
		{Root, []string{"protocol"}, nil, "the domain knows neither storage nor transport"},
		{"sealed", nil, nil, "the end-to-end layer must be readable, and portable, on its own"},
		{"chain", []string{Root, "protocol"}, []string{"filippo.io/edwards25519", "github.com/decred/dcrd/dcrec/secp256k1", "github.com/mr-tron/base58", "golang.org/x/crypto"}, "verifying a signature needs the text and a curve, nothing else"},
		{"passkey", []string{Root, "protocol"}, []string{"github.com/go-webauthn"}, "an adapter brings one library and knows no other adapter"},
		{"sqlite", []string{Root, "protocol"}, []string{"modernc.org/sqlite"}, "an adapter brings one driver and knows no other adapter"},
		{"postgres", []string{Root, "protocol"}, []string{"github.com/jackc/pgx"}, "an adapter brings one driver and knows no other adapter"},
		{"membus", []string{Root, "protocol"}, nil, "an adapter brings one library and knows no other adapter"},
		{"natsbus", []string{Root, "protocol"}, []string{"github.com/nats-io/nats.go"}, "an adapter brings one library and knows no other adapter"},
		{"server", []string{Root, "protocol", "internal/metrics"}, []string{webSocketLibrary, "golang.org/x/time"}, "the server gets a Store, a Bus and verifiers; it never names an adapter, so that a new one needs no change in it"},
		{"socketio/engineio", nil, []string{webSocketLibrary}, "a protocol of others, which knows nothing of ours"},
		{"socketio", []string{"socketio/engineio"}, nil, "a protocol of others, which knows nothing of ours; only its transport touches the network"},
		{"socketio/internal/wiretest", nil, nil, "what speaks for clients must not share the server's mistakes"},
		{"socketio/conformance", []string{"socketio", "socketio/engineio"}, nil, "it serves the two as they are"},
		{"liquid", []string{Root, "protocol", "server", "socketio", "socketio/engineio"}, []string{"golang.org/x/time"}, "a dialect stands on the server, and gets verifiers as the server does"},
		{"client", []string{"protocol", "sealed", "chain"}, []string{webSocketLibrary, "github.com/pion"}, "an SDK must not drag the server into its users' programs"},
		{"web", nil, nil, "the built pages are bytes"},
		{"storetest", []string{Root, "protocol"}, nil, "a contract is tested through the contract, not through a member"},
		{"bustest", []string{Root, "protocol"}, nil, "a contract is tested through the contract, not through a member"},
		{"liaisontest", []string{everything}, nil, "the test double puts the parts together, but brings no library of its own"},
		{"cmd/...", []string{everything}, []string{""}, ""},
		{"examples/...", []string{everything}, nil, "an example shows our packages, not those of others"},
		{"internal/metrics", []string{"protocol"}, []string{"github.com/prometheus"}, "what is counted does not depend on who counts"},
		{"internal/keyfile", []string{"protocol", "chain"}, []string{"filippo.io/age"}, "the key file is for the command line alone"},
		{"internal/pairingfile", []string{"client"}, nil, "what a wallet keeps is the client's, and where it is kept the command line's"},
		{"internal/codetable", []string{"protocol"}, nil, "what is rendered into documents comes from the protocol"},
		{"internal/openapi", []string{"protocol", "server"}, nil, "the document is rendered from the routes as the server has them"},
		{"internal/genopenapi", []string{"internal/openapi"}, nil, "a generator writes what a table renders"},
		{"internal/vectortable", nil, nil, "vectors are written by hand, not computed from the code that they test"},
		{"internal/vectors", nil, nil, "reading files needs nothing"},
		{"internal/loadtest", nil, nil, "it is tests only"},
		{"internal/archtest", nil, nil, "a rule that imports what it judges cannot judge it"},
		{"internal/mutants", nil, nil, "what breaks the code must not be built from it"},
		{"internal/...", []string{Root, "protocol", "internal/..."}, nil, "shared machinery serves any package, so it knows the domain at most; give a package that needs more a row of its own"},
	}
}

// RowOf returns the row of a package, named by its path within the module. The
// first row that fits counts.
func RowOf(pkg string) (Row, bool) {
	for _, row := range Table() {
		if covers(row.Package, pkg) {
			return row, true
		}
	}
	return Row{}, false
}

// Refuses returns why the row's package may not import a path, or nothing if it
// may. The path is a whole import path.
func (r Row) Refuses(path string) string {
	own, isOwn := Within(path)
	switch {
	case isOwn && (own == "cmd" || strings.HasPrefix(own, "cmd/") || strings.HasPrefix(own, "examples/")):
		return "nothing may import a program"
	case isOwn && slices.ContainsFunc(r.Own, func(p string) bool { return covers(p, own) }):
		return ""
	case !isOwn && slices.ContainsFunc(r.Foreign, func(module string) bool { return strings.HasPrefix(path, module) }):
		return ""
	}
	return r.Why
}

// Within returns an import path as the table writes it; ok is false for a
// package that is not of this module.
func Within(path string) (pkg string, ok bool) {
	if path == Module {
		return Root, true
	}
	return strings.CutPrefix(path, Module+"/")
}

func covers(pattern, pkg string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "..."); ok {
		return strings.HasPrefix(pkg, prefix)
	}
	return pattern == pkg
}
