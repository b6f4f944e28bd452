package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/sqlite"
	"github.com/liaison-dev/liaison/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) liaison.Store { return open(t, newPath(t)) })
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
