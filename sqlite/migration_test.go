package sqlite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/sqlite"
)

// fileOf makes a data file as the program of that version left it, with rows.
func fileOf(t *testing.T, version int, rows ...string) (path string) {
	t.Helper()
	path = newPath(t)
	db := raw(t, path)
	names, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(names) < version {
		t.Fatalf("migrations: got %q, %v; want at least %d", names, err, version)
	}
	for _, name := range names[:version] {
		script, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		run(t, db, string(script))
	}
	run(t, db, "PRAGMA application_id = 0x4c69616e")
	run(t, db, fmt.Sprintf("PRAGMA user_version = %d", version))
	for _, row := range rows {
		run(t, db, row)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// newest is the version that this program brings a file to.
const newest = 4

const (
	oldAccount = "algorand:wGHE2Pwdvd7S12BL5FaOP20EGYesN73k:ADDRESS"
	oldLinks   = "INSERT INTO links (id, state, site, wallet, nonce, attempts, account, proof_type, proof_chain, proof_address, proof_message, proof_signature, reason, issued_at, expires_at, version) VALUES "
	oldRest    = "1791000000000001, 1791000120000002, 3)"
)

// TestMigrationToSealed opens a file of the version before sealed channels:
// sign-ins live on under the name of what they are, and so do claimed links; a
// code that was shown is over.
func TestMigrationToSealed(t *testing.T) {
	hash := func(token string) string {
		return fmt.Sprintf("x'%x'", liaison.Token(token).Hash())
	}
	path := fileOf(t, 1,
		"INSERT INTO sessions VALUES ('signed-in', "+hash("a")+", '"+oldAccount+"', 0, 2, 1791000000000001, 1791000120000002, 4)",
		"INSERT INTO sessions VALUES ('retired', "+hash("b")+", '"+oldAccount+"', 1, 3, 1791000000000001, 1791000120000002, 5)",
		"INSERT INTO sessions VALUES ('anonymous', "+hash("c")+", '', 0, 0, 1791000000000001, 1791000120000002, 1)",
		oldLinks+"('waiting-link-of-the-test', 'waiting', 'anonymous', '', 'NONCE', 2, '', '', '', '', '', x'', '', "+oldRest,
		oldLinks+"('claimed-link-of-the-test', 'claimed', 'signed-in', 'retired', '', 1, '"+oldAccount+"', 'mx', 'algorand:wGHE2Pwdvd7S12BL5FaOP20EGYesN73k', 'ADDRESS', 'text', x'00ff', '', "+oldRest,
		oldLinks+"('closed-link-of-the-test', 'closed', 'anonymous', '', 'NONCE', 0, '', '', '', '', '', x'', 'user_rejected', "+oldRest,
		"INSERT INTO accounts VALUES ('"+oldAccount+"', 1, 2)",
	)
	store := open(t, path)
	if version, err := sqlite.Pragma(t.Context(), path, "user_version"); err != nil || version != newest {
		t.Errorf("version of a migrated file: got %d, %v; want %d", version, err, newest)
	}
	seen, expires := time.UnixMicro(1791000000000001).UTC(), time.UnixMicro(1791000120000002).UTC()
	for _, want := range []liaison.Session{
		{ID: "signed-in", TokenHash: liaison.Token("a").Hash(), Account: oldAccount, Assurance: protocol.ServerAsserted, Generation: 2, CreatedAt: seen, SeenAt: seen, ExpiresAt: expires, Version: 4},
		{ID: "retired", TokenHash: liaison.Token("b").Hash(), Account: oldAccount, Assurance: protocol.ServerAsserted, Retired: true, Generation: 3, CreatedAt: seen, SeenAt: seen, ExpiresAt: expires, Version: 5},
		{ID: "anonymous", TokenHash: liaison.Token("c").Hash(), CreatedAt: seen, SeenAt: seen, ExpiresAt: expires, Version: 1},
	} {
		if got, err := store.SessionByToken(t.Context(), want.TokenHash); err != nil || got != want {
			t.Errorf("session %s:\n got %+v, %v\nwant %+v", want.ID, got, err, want)
		}
	}
	proof := protocol.Proof{Type: "mx", Chain: protocol.AlgorandMainNet, Address: "ADDRESS", Message: "text", Signature: protocol.Base64{0, 255}}
	for _, want := range []liaison.Link{
		{ID: "waiting-link-of-the-test", State: liaison.Closed, Site: "anonymous", Nonce: "NONCE", Reason: protocol.LinkExpired},
		{ID: "claimed-link-of-the-test", State: liaison.Claimed, Site: "signed-in", Wallet: "retired", Account: oldAccount, Proof: proof},
		{ID: "closed-link-of-the-test", State: liaison.Closed, Site: "anonymous", Nonce: "NONCE", Reason: protocol.UserRejected},
	} {
		want.IssuedAt, want.ExpiresAt, want.Version = seen, expires, 3
		got, err := store.Link(t.Context(), want.ID)
		if len(got.Proof.Signature) == 0 {
			got.Proof.Signature = nil
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("link %s:\n got %+v, %v\nwant %+v", want.ID, got, err, want)
		}
		// And it can be changed.
		got.Reason = protocol.LinkClosed
		commit(t, store, liaison.Change{Links: []liaison.Link{got}})
	}
	if list, err := store.SessionsOf(t.Context(), oldAccount); err != nil || len(list) != 2 {
		t.Errorf("sessions of the account after the migration: got %+v, %v; want both", list, err)
	}
	if waiting, err := store.WaitingLinks(t.Context(), "anonymous"); err != nil || len(waiting) != 0 {
		t.Errorf("waiting links after the migration: got %+v, %v; want none", waiting, err)
	}
	if account, err := store.Account(t.Context(), oldAccount); err != nil || account.LastSeenAt.UnixMicro() != 2 {
		t.Errorf("account after the migration: got %+v, %v; want it as it was", account, err)
	}
}

// TestMigrationToPasskeys opens a file of the version before passkeys: its links
// are of no dialect, and passkeys can be kept.
func TestMigrationToPasskeys(t *testing.T) {
	path := fileOf(t, 2,
		"INSERT INTO links (id, state, site, wallet, nonce, account, proof_type, proof_chain, proof_address, proof_message, proof_signature, reason, issued_at, expires_at, version) "+
			"VALUES ('waiting-link-of-the-test', 'waiting', 'site', '', 'NONCE', '', '', '', '', '', x'', '', "+oldRest)
	store := open(t, path)
	if version, err := sqlite.Pragma(t.Context(), path, "user_version"); err != nil || version != newest {
		t.Errorf("version of a migrated file: got %d, %v; want %d", version, err, newest)
	}
	if link, err := store.Link(t.Context(), "waiting-link-of-the-test"); err != nil || link.State != liaison.Waiting || link.Dialect != "" {
		t.Errorf("link after the migration: got %+v, %v; want it waiting, of no dialect", link, err)
	}
	credential := liaison.Credential{ID: "YQ", Account: oldAccount, PublicKey: []byte{1}}
	commit(t, store, liaison.Change{Credentials: []liaison.Credential{credential}})
	if list, err := store.Credentials(t.Context(), oldAccount); err != nil || len(list) != 1 {
		t.Errorf("passkeys after the migration: got %+v, %v; want one", list, err)
	}
}
