package pairingfile_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/liaison-dev/liaison/client"
	"github.com/liaison-dev/liaison/internal/pairingfile"
)

// pairing returns one that lasts until at, as a client would have made it.
func pairing(t *testing.T, id string, at time.Time) client.Resumption {
	t.Helper()
	data, err := json.Marshal(map[string]any{
		"version": 1, "server": "https://auth.example.com", "side": "wallet",
		"site":    map[string]string{"name": "Example", "origin": "https://auth.example.com"},
		"account": "algorand:x:ADDRESS", "assurance": "sealed", "locality": "report", "expiresAt": at,
		"id": id, "secret": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := client.ParseResumption(data)
	if err != nil {
		t.Fatalf("ParseResumption(%s): %v", data, err)
	}
	return r
}

func open(t *testing.T, path, secret string) *pairingfile.Folder {
	t.Helper()
	f, err := pairingfile.Open(path, []byte(secret))
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return f
}

func ids(t *testing.T, f *pairingfile.Folder, now time.Time) []string {
	t.Helper()
	pairings, err := f.List(now)
	if err != nil {
		t.Fatalf("List: %v", err)
	}
	var got []string
	for _, p := range pairings {
		got = append(got, p.ID())
	}
	return got
}

var start = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

const (
	first  = "first-pairing-of-all-1"
	second = "second-pairing-of-all2"
)

func TestKeepListForget(t *testing.T) {
	f := open(t, filepath.Join(t.TempDir(), "new", "folder"), "secret")
	if got := ids(t, f, start); len(got) != 0 {
		t.Errorf("a folder that is not there: got %q, want none", got)
	}
	for id, at := range map[string]time.Time{first: start.Add(time.Hour), second: start.Add(2 * time.Hour)} {
		if err := f.Keep(pairing(t, id, at)); err != nil {
			t.Fatalf("Keep: %v", err)
		}
	}
	if got, want := ids(t, f, start), []string{second, first}; !slices.Equal(got, want) {
		t.Errorf("List: got %q, want %q, the one that lasts longest first", got, want)
	}
	if err := f.Forget(second); err != nil {
		t.Fatalf("Forget: %v", err)
	}
	if err := f.Forget(second); err != nil {
		t.Errorf("Forget again: %v, want nil", err)
	}
	if got, want := ids(t, f, start), []string{first}; !slices.Equal(got, want) {
		t.Errorf("List after Forget: got %q, want %q", got, want)
	}
}

func TestExpiredPairingsGo(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir, "secret")
	if err := f.Keep(pairing(t, first, start)); err != nil {
		t.Fatal(err)
	}
	if got := ids(t, f, start); len(got) != 0 {
		t.Errorf("at its end: got %q, want none", got)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("folder after List: %v, %v, want it empty", entries, err)
	}
}

// TestOnlyTheWalletReads: a copy of the folder is of no use without the wallet.
func TestOnlyTheWalletReads(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir, "secret")
	if err := f.Keep(pairing(t, first, start.Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	if got := ids(t, open(t, dir, "another secret"), start); len(got) != 0 {
		t.Errorf("with another secret: got %q, want none", got)
	}
	if got := ids(t, f, start); len(got) != 1 {
		t.Errorf("the wallet's own after that: got %q, want it still there", got)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("folder: %v, %v, want one file", entries, err)
	}
	path := filepath.Join(dir, entries[0].Name())
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{first, "auth.example.com", "ADDRESS", "\x00\x01\x02\x03\x04\x05"} {
		if bytes.Contains(data, []byte(text)) || bytes.Contains([]byte(path), []byte(text)) {
			t.Errorf("the file shows %q", text)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode of the file: %v, %v, want 0600", info.Mode(), err)
	}
}

// TestChangedFilesAreLeftAlone: each byte is authenticated, and so is the name.
func TestChangedFilesAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir, "secret")
	if err := f.Keep(pairing(t, first, start.Add(time.Hour))); err != nil {
		t.Fatal(err)
	}
	entries, _ := os.ReadDir(dir)
	path := filepath.Join(dir, entries[0].Name())
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := ids(t, f, start); len(got) != 0 {
			t.Fatalf("byte %d changed: got %q, want none", i, got)
		}
	}
	moved := filepath.Join(dir, "00000000000000000000000000000000.pairing")
	if err := os.WriteFile(moved, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := ids(t, f, start); len(got) != 0 {
		t.Errorf("under another name: got %q, want none", got)
	}
}
