package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/sqlite"
	"github.com/liaison-dev/liaison/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) liaison.Store { return open(t, newPath(t)) })
}

// TestContractOfFile reads everything from the file and nothing from memory.
func TestContractOfFile(t *testing.T) {
	storetest.Run(t, func(t *testing.T) liaison.Store { return forgetful{open(t, newPath(t))} })
}

// forgetful forgets what was committed before each read.
type forgetful struct{ *sqlite.Store }

func (f forgetful) Session(ctx context.Context, id liaison.SessionID) (liaison.Session, error) {
	f.Forget()
	return f.Store.Session(ctx, id)
}

func (f forgetful) SessionByToken(ctx context.Context, hash liaison.TokenHash) (liaison.Session, error) {
	f.Forget()
	return f.Store.SessionByToken(ctx, hash)
}

func (f forgetful) Link(ctx context.Context, id protocol.RequestID) (liaison.Link, error) {
	f.Forget()
	return f.Store.Link(ctx, id)
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "data #1 ?.db") }

func open(t testing.TB, path string) *sqlite.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatalf("Open(%q): %v", path, err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}
