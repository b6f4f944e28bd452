package sqlite_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/sqlite"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func commit(t testing.TB, store *sqlite.Store, change liaison.Change) {
	t.Helper()
	if err := store.Commit(t.Context(), change); err != nil {
		t.Fatalf("Commit(%+v): %v", change, err)
	}
}

func newLink() liaison.Link { return liaison.NewLink("site", "https://example.com", now) }

func newSession(token liaison.Token) liaison.Session {
	return liaison.NewSession(token, now, liaison.SessionLimits{Idle: time.Hour, Absolute: time.Hour})
}

func claimed(link liaison.Link) liaison.Link {
	link.State, link.Wallet, link.Nonce = liaison.Claimed, "8b0e4c52-5b8e-4b52-9f5e-3f0f6f1b7c11", ""
	link.Proof = protocol.Proof{
		Type: protocol.ProofMX, Chain: protocol.AlgorandMainNet, Address: strings.Repeat("A", 58),
		Message: strings.Repeat("m", 400), Signature: make(protocol.Base64, 64),
	}
	link.Account = link.Proof.Account()
	return link
}

func BenchmarkLink(b *testing.B) {
	store := open(b, newPath(b))
	waiting := newLink()
	answered := claimed(newLink())
	commit(b, store, liaison.Change{Links: []liaison.Link{waiting, answered}})
	for name, id := range map[string]protocol.RequestID{"waiting": waiting.ID, "claimed": answered.ID} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := store.Link(b.Context(), id); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSessionByToken(b *testing.B) {
	store := open(b, newPath(b))
	token := liaison.NewToken()
	session := newSession(token)
	commit(b, store, liaison.Change{Sessions: []liaison.Session{session}})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := store.SessionByToken(b.Context(), token.Hash()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWaitingLinks reads one site's links among more and more of others;
// the figures must not rise.
func BenchmarkWaitingLinks(b *testing.B) {
	store := open(b, newPath(b))
	commit(b, store, liaison.Change{Links: []liaison.Link{newLink()}})
	total := 1
	for _, others := range []int{0, 10_000, 100_000} {
		var change liaison.Change
		for ; total < others; total++ {
			change.Links = append(change.Links, liaison.NewLink(liaison.SessionID(fmt.Sprint("other-", total)), "", now))
		}
		commit(b, store, change)
		b.Run(fmt.Sprint("others=", others), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if links, err := store.WaitingLinks(b.Context(), "site"); err != nil || len(links) != 1 {
					b.Fatal(len(links), err)
				}
			}
		})
	}
}

// BenchmarkCommit changes one link, one commit after the other.
func BenchmarkCommit(b *testing.B) {
	store := open(b, newPath(b))
	link := claimed(newLink())
	commit(b, store, liaison.Change{Links: []liaison.Link{link}})
	b.ReportAllocs()
	measureCPU(b, func() {
		for b.Loop() {
			link.Version++
			link.ExpiresAt = link.ExpiresAt.Add(time.Second)
			if err := store.Commit(b.Context(), liaison.Change{Links: []liaison.Link{link}}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCreate stores a new session and a new link in each commit.
func BenchmarkCreate(b *testing.B) {
	store := open(b, newPath(b))
	b.ReportAllocs()
	measureCPU(b, func() {
		for b.Loop() {
			session := newSession(liaison.NewToken())
			change := liaison.Change{Sessions: []liaison.Session{session}, Links: []liaison.Link{liaison.NewLink(session.ID, "", now)}}
			if err := store.Commit(b.Context(), change); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCommitParallel changes 64 links from 64 goroutines; the commits that
// wait for a sync share the next one.
func BenchmarkCommitParallel(b *testing.B) {
	store := open(b, newPath(b))
	links := make([]liaison.Link, 64)
	for i := range links {
		links[i] = newLink()
	}
	commit(b, store, liaison.Change{Links: links})
	var next atomic.Int64
	b.SetParallelism(32) // times GOMAXPROCS
	b.ReportAllocs()
	measureCPU(b, func() {
		b.RunParallel(func(pb *testing.PB) {
			n := next.Add(1)
			if int(n) > len(links) {
				return
			}
			link := links[n-1]
			for pb.Next() {
				link.Version++
				if err := store.Commit(b.Context(), liaison.Change{Links: []liaison.Link{link}}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}
