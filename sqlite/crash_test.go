package sqlite_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/sqlite"
)

// TestAcknowledgedCommitsSurviveKill kills a process that commits, again and
// again on the same file, and looks for every record that it said was stored.
func TestAcknowledgedCommitsSurviveKill(t *testing.T) {
	path := newPath(t)
	acknowledged := make(map[string]bool)
	for round := range kills {
		for _, id := range runUntilKilled(t, path, 1+rand.IntN(60)) {
			acknowledged[id] = true
		}
		checkSurvivors(t, path, round, acknowledged)
	}
	t.Logf("%d acknowledged records are there after %d kills", len(acknowledged), kills)
}

// runUntilKilled starts the process, kills it after some acknowledgements and
// returns all of them. What it does at that moment is left to chance.
func runUntilKilled(t *testing.T, path string, lines int) (ids []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashPath+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stuck := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer stuck.Stop()
	scanner := bufio.NewScanner(out)
	for scanner.Scan() {
		ids = append(ids, scanner.Text())
		if len(ids) == lines {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait()
	if len(ids) < lines {
		t.Fatalf("process ended by itself after %d acknowledgements, want %d: %q", len(ids), lines, ids)
	}
	return ids
}

func checkSurvivors(t *testing.T, path string, round int, acknowledged map[string]bool) {
	t.Helper()
	store := open(t, path)
	defer store.Close()
	for id := range acknowledged {
		link, err := store.Link(t.Context(), protocol.RequestID(id))
		if err != nil || link.State != liaison.Claimed || link.Version != 2 {
			t.Fatalf("round %d: acknowledged link %q: got %+v, %v, want version 2, claimed", round, id, link, err)
		}
		if _, err := store.Session(t.Context(), link.Wallet); err != nil {
			t.Fatalf("round %d: session %q of the same change: %v", round, link.Wallet, err)
		}
		if _, err := store.Account(t.Context(), link.Account); err != nil {
			t.Fatalf("round %d: account %q of the same change: %v", round, link.Account, err)
		}
		if list, err := store.Credentials(t.Context(), link.Account); err != nil || len(list) != 1 {
			t.Fatalf("round %d: passkeys of the same change: got %+v, %v, want one", round, list, err)
		}
		if _, err := store.Ceremony(t.Context(), liaison.CeremonyOf([]byte(id))); !errors.Is(err, liaison.ErrNotFound) {
			t.Fatalf("round %d: ceremony that the same change spent: got %v, want %v", round, err, liaison.ErrNotFound)
		}
	}
	db := raw(t, path)
	defer db.Close()
	var verdict string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Fatalf("round %d: integrity_check: got %q, %v, want ok", round, verdict, err)
	}
}

// commitUntilKilled opens and claims links and prints the id of each claimed
// one once that is stored.
func commitUntilKilled(path string) {
	store, err := sqlite.Open(context.Background(), sqlite.Config{Path: path})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for {
				if err := claimOne(store); err != nil {
					fmt.Println(err)
					os.Exit(1)
				}
			}
		})
	}
	wait.Wait()
}

func claimOne(store *sqlite.Store) error {
	ctx := context.Background()
	link := newLink()
	ceremony := liaison.Ceremony{ID: liaison.CeremonyOf([]byte(link.ID)), ExpiresAt: now}
	if err := store.Commit(ctx, liaison.Change{Links: []liaison.Link{link}, Ceremonies: []liaison.Ceremony{ceremony}}); err != nil {
		return err
	}
	session := newSession(liaison.NewToken())
	link.Version, link.State, link.Wallet = 1, liaison.Claimed, session.ID
	link.Account = protocol.NewAccount(protocol.AlgorandMainNet, strings.ReplaceAll(string(session.ID), "-", ""))
	change := liaison.Change{
		Links:    []liaison.Link{link},
		Sessions: []liaison.Session{session},
		Accounts: []liaison.AccountRecord{{Account: link.Account, FirstSeenAt: now, LastSeenAt: now}},

		Credentials: []liaison.Credential{{ID: liaison.NewCredentialID([]byte(link.ID)), Account: link.Account, CreatedAt: now}},
		Spent:       []liaison.CeremonyID{ceremony.ID},
	}
	if err := store.Commit(ctx, change); err != nil {
		return err
	}
	_, err := fmt.Println(link.ID) // one write to the pipe, which outlives this process
	return err
}
