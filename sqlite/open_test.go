package sqlite_test

import (
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/sqlite"
)

// raw opens the file behind the store's back.
func raw(t testing.TB, path string) *sql.DB {
	t.Helper()
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(path)}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

func run(t testing.TB, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.Exec(statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// wantRefused fails unless Open refuses the file with the given error and a
// text that has all the words.
func wantRefused(t *testing.T, path string, want error, words ...string) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err == nil {
		store.Close()
	}
	if err == nil || want != nil && !errors.Is(err, want) {
		t.Fatalf("Open(%q): got %v, want %v", path, err, want)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("Open(%q): got %q, want the text to have %q", path, err, word)
		}
	}
}

func TestOpenRefusesFileInUse(t *testing.T) {
	path := newPath(t)
	store := open(t, path)
	wantRefused(t, path, sqlite.ErrInUse, path, "another server", "stop that one")

	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, link, sqlite.ErrInUse)

	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path)
}

func TestOpenRefusesNewerFile(t *testing.T) {
	path := newPath(t)
	open(t, path).Close()
	run(t, raw(t, path), "PRAGMA user_version = 9999")
	wantRefused(t, path, sqlite.ErrNewer, "9999", "start the newer one")
	wantRefused(t, path, sqlite.ErrNewer) // the lock was released
}

func TestOpenRefusesForeignFiles(t *testing.T) {
	path := newPath(t)
	run(t, raw(t, path), "CREATE TABLE theirs (x)")
	wantRefused(t, path, sqlite.ErrForeign, path, "file of its own")

	path = newPath(t)
	run(t, raw(t, path), "PRAGMA application_id = 1")
	wantRefused(t, path, sqlite.ErrForeign)

	path = newPath(t)
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, path, nil)
	wantRefused(t, "", nil, "no path")
	wantRefused(t, filepath.Join(path+"-nowhere", "data"), os.ErrNotExist, "folder must exist")
}

func TestFilesAreForTheirOwnerOnly(t *testing.T) {
	path := newPath(t)
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	store := open(t, path)
	commit(t, store, liaison.Change{Links: []liaison.Link{newLink()}})
	for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("mode of data file%s: got %o, want 600", suffix, got)
		}
	}
}

func TestConnectionsAreDurableAndSmall(t *testing.T) {
	path := newPath(t)
	open(t, path)
	for name, want := range map[string]int64{"synchronous": 2, "fullfsync": 1, "cache_size": -512, "temp_store": 2, "busy_timeout": 5000} {
		if got, err := sqlite.Pragma(t.Context(), path, name); err != nil || got != want {
			t.Errorf("PRAGMA %s: got %d, %v, want %d", name, got, err, want)
		}
	}
}

func TestRecordsSurviveReopening(t *testing.T) {
	path := newPath(t)
	store := open(t, path)
	link := claimed(newLink())
	commit(t, store, liaison.Change{Links: []liaison.Link{link}})
	secret, err := store.Secret(t.Context(), "name")
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, path)
	if got, err := again.Link(t.Context(), link.ID); err != nil || got.Proof.Message != link.Proof.Message {
		t.Fatalf("Link(%q) after reopening: got %+v, %v, want %+v", link.ID, got, err, link)
	}
	if got, err := again.Secret(t.Context(), "name"); err != nil || got != secret {
		t.Fatalf("Secret after reopening: got %x, %v, want %x", got, err, secret)
	}
}

func TestEverythingAfterCloseIsAnError(t *testing.T) {
	store := open(t, newPath(t))
	for range 2 {
		if err := store.Close(); err != nil {
			t.Fatalf("Close: got %v, want nil", err)
		}
	}
	_, errSession := store.Session(t.Context(), "session")
	_, errToken := store.SessionByToken(t.Context(), liaison.TokenHash{})
	_, errSessions := store.SessionsOf(t.Context(), "account")
	_, errLink := store.Link(t.Context(), "link")
	_, errWaiting := store.WaitingLinks(t.Context(), "site")
	_, errAccount := store.Account(t.Context(), "account")
	_, errCredential := store.Credential(t.Context(), "credential")
	_, errCredentials := store.Credentials(t.Context(), "account")
	_, errCeremony := store.Ceremony(t.Context(), liaison.CeremonyID{})
	_, errCeremonies := store.Ceremonies(t.Context(), "session")
	_, errSecret := store.Secret(t.Context(), "name")
	_, errSweep := store.Sweep(t.Context(), time.Time{})
	for name, err := range map[string]error{
		"Session": errSession, "SessionByToken": errToken, "SessionsOf": errSessions, "Link": errLink, "WaitingLinks": errWaiting, "Account": errAccount, "Sweep": errSweep,
		"Credential": errCredential, "Credentials": errCredentials, "Ceremony": errCeremony, "Ceremonies": errCeremonies, "Secret": errSecret,
		"Commit": store.Commit(t.Context(), liaison.Change{}), "Ping": store.Ping(t.Context()),
	} {
		if err == nil || errors.Is(err, liaison.ErrNotFound) {
			t.Errorf("%s after Close: got %v, want an error that says so", name, err)
		}
	}
}

func TestNoQueryScansATable(t *testing.T) {
	path := newPath(t)
	open(t, path)
	for name, query := range sqlite.Queries {
		plan, err := sqlite.Plan(t.Context(), path, query)
		if err != nil {
			t.Fatalf("plan of %s: %v", name, err)
		}
		if !strings.Contains(plan, "SEARCH") || strings.Contains(plan, "SCAN") || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("plan of %s:\n got %s\nwant a search by an index, no scan and no sorting", name, plan)
		}
	}
}
