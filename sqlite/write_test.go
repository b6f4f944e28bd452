package sqlite_test

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"testing"

	"github.com/liaison-dev/liaison"
)

// block keeps the store from writing until the returned function is called.
func block(t *testing.T, path string) (release func()) {
	t.Helper()
	db := raw(t, path)
	run(t, db, "BEGIN IMMEDIATE")
	return func() { run(t, db, "ROLLBACK") }
}

func newLinks(n int) []liaison.Link {
	links := make([]liaison.Link, n)
	for i := range links {
		links[i] = newLink()
	}
	return links
}

// TestWaitingCommitsShareATransaction holds the writer up while many commits
// arrive, and counts the transactions that they took in the end.
func TestWaitingCommitsShareATransaction(t *testing.T) {
	path := newPath(t)
	store := open(t, path)
	release := block(t, path)
	before := transactions(t, path)
	links := newLinks(200)
	var begun, wait sync.WaitGroup
	begun.Add(len(links))
	for i := range links {
		wait.Go(func() {
			begun.Done()
			if err := store.Commit(t.Context(), liaison.Change{Links: links[i : i+1]}); err != nil {
				t.Errorf("Commit: %v", err)
			}
		})
	}
	begun.Wait()
	release()
	wait.Wait()
	if got, most := transactions(t, path)-before, len(links)/2; got < 1 || got > most {
		t.Errorf("transactions of %d commits that came at once: got %d, want at most %d", len(links), got, most)
	}
	for _, link := range links {
		if _, err := store.Link(t.Context(), link.ID); err != nil {
			t.Errorf("Link(%q): %v", link.ID, err)
		}
	}
}

// transactions counts the frames of the WAL that end a transaction: those that
// say how many pages the file has after it. The layout is in the description
// of SQLite's file format.
func transactions(t *testing.T, path string) (n int) {
	t.Helper()
	wal, err := os.ReadFile(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	const header, frameHeader = 32, 24
	page := int(binary.BigEndian.Uint32(wal[8:]))
	for at := header; at+frameHeader+page <= len(wal); at += frameHeader + page {
		if binary.BigEndian.Uint32(wal[at+4:]) != 0 {
			n++
		}
	}
	return n
}

func TestCommitHonoursItsContextWhileItWaits(t *testing.T) {
	path := newPath(t)
	store := open(t, path)
	release := block(t, path)
	first := make(chan error, 1)
	links := newLinks(2)
	go func() { first <- store.Commit(t.Context(), liaison.Change{Links: links[:1]}) }()

	ctx, cancel := context.WithCancel(t.Context())
	second := make(chan error, 1)
	go func() { second <- store.Commit(ctx, liaison.Change{Links: links[1:]}) }()
	cancel()
	if err := <-second; !errors.Is(err, context.Canceled) {
		t.Fatalf("Commit whose context ended behind a stuck one: got %v, want %v", err, context.Canceled)
	}
	if _, err := store.Link(t.Context(), links[0].ID); !errors.Is(err, liaison.ErrNotFound) {
		t.Fatalf("Link while a commit is stuck: got %v, want %v at once", err, liaison.ErrNotFound)
	}
	release()
	if err := <-first; err != nil {
		t.Fatalf("Commit that was stuck: got %v, want nil", err)
	}
}

// TestCloseAnswersWaitingCommits closes a store that many are writing to: each
// gets an answer, and what was acknowledged is there.
func TestCloseAnswersWaitingCommits(t *testing.T) {
	path := newPath(t)
	store := open(t, path)
	links := newLinks(500)
	errs := make([]error, len(links))
	var wait sync.WaitGroup
	for i := range links {
		wait.Go(func() { errs[i] = store.Commit(t.Context(), liaison.Change{Links: links[i : i+1]}) })
	}
	if err := store.Close(); err != nil {
		t.Errorf("Close: got %v, want nil", err)
	}
	wait.Wait()
	again := open(t, path)
	for i, err := range errs {
		if _, lost := again.Link(t.Context(), links[i].ID); err == nil && lost != nil {
			t.Errorf("Commit of link %d returned nil, then Link after reopening: %v", i, lost)
		}
	}
}

// TestFailedBatchLeavesTheStoreUsable lets a write fail for another reason than
// a conflict.
func TestFailedBatchLeavesTheStoreUsable(t *testing.T) {
	path := newPath(t)
	store := open(t, path)
	link := newLinks(1)
	run(t, raw(t, path), "CREATE TRIGGER refuse BEFORE INSERT ON links BEGIN SELECT RAISE(ROLLBACK, 'refused'); END")
	err := store.Commit(t.Context(), liaison.Change{Links: link})
	if err == nil || errors.Is(err, liaison.ErrConflict) {
		t.Fatalf("Commit that the file refuses: got %v, want an error that is not %v", err, liaison.ErrConflict)
	}
	run(t, raw(t, path), "DROP TRIGGER refuse")
	commit(t, store, liaison.Change{Links: link})
}
