package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

func (s *suite) versions() {
	session, link := s.storedSession(), s.storedLink("site")
	for v := uint64(1); v <= 3; v++ {
		session.Version, link.Version = v, v
		s.wantSession(session)
		s.wantLink(link)
		s.commit(liaison.Change{Sessions: []liaison.Session{session}, Links: []liaison.Link{link}})
	}
}

func (s *suite) stale() {
	session, link := s.storedSession(), s.storedLink("site")
	s.commit(liaison.Change{Sessions: []liaison.Session{session}, Links: []liaison.Link{link}})
	for _, version := range []uint64{1, 3, 1 << 40} {
		oldSession, oldLink := session, link
		oldSession.Version, oldLink.Version = version, version
		oldSession.Account, oldLink.State = "algorand:x:A", liaison.Closed
		s.conflict(liaison.Change{Sessions: []liaison.Session{oldSession}})
		s.conflict(liaison.Change{Links: []liaison.Link{oldLink}})
	}
	session.Version, link.Version = 2, 2
	s.wantSession(session)
	s.wantLink(link)
}

func (s *suite) twice() {
	session, link := s.storedSession(), s.storedLink("site")
	again, againLink := s.newSession(), s.newLink("other")
	again.ID, againLink.ID = session.ID, link.ID
	s.conflict(liaison.Change{Sessions: []liaison.Session{again}})
	s.conflict(liaison.Change{Links: []liaison.Link{againLink}})
	s.wantSession(session)
	s.wantLink(link)
	wantAbsent(s, "SessionByToken", s.store.SessionByToken, again.TokenHash)

	fresh := s.newLink("site")
	s.conflict(liaison.Change{Links: []liaison.Link{fresh, fresh}})
	wantAbsent(s, "Link", s.store.Link, fresh.ID)
}

func (s *suite) gone() {
	session, link := s.newSession(), s.newLink("site")
	session.Version, link.Version = 1, 1
	s.conflict(liaison.Change{Sessions: []liaison.Session{session}})
	s.conflict(liaison.Change{Links: []liaison.Link{link}})
	wantAbsent(s, "Session", s.store.Session, session.ID)
	wantAbsent(s, "Link", s.store.Link, link.ID)
}

func (s *suite) hashes() {
	first, second := s.storedSession(), s.storedSession()
	thief := s.newSession()
	thief.TokenHash = first.TokenHash
	s.conflict(liaison.Change{Sessions: []liaison.Session{thief}})
	wantAbsent(s, "Session", s.store.Session, thief.ID)

	moved := second
	moved.TokenHash = first.TokenHash
	s.conflict(liaison.Change{Sessions: []liaison.Session{moved}})
	s.wantSession(second)
	s.wantToken(first.TokenHash, first)
}

// whole tries changes of which one record cannot be written, wherever it stands
// among those that could.
func (s *suite) whole() {
	stale := s.storedSession()
	stale.Version = 7
	staleLink := s.storedLink("site")
	staleLink.Version = 7
	for i := range 3 {
		sessions := []liaison.Session{s.newSession(), s.newSession(), s.newSession()}
		links := []liaison.Link{s.newLink("site"), s.newLink("site"), s.newLink("site")}
		account := liaison.AccountRecord{Account: protocol.Account(fmt.Sprintf("algorand:x:A%d", i)), FirstSeenAt: epoch, LastSeenAt: epoch}
		good := liaison.Change{Sessions: sessions, Links: links, Accounts: []liaison.AccountRecord{account}}

		bad := good
		bad.Sessions = append([]liaison.Session(nil), sessions...)
		bad.Sessions[i] = stale
		s.conflict(bad)
		bad = good
		bad.Links = append([]liaison.Link(nil), links...)
		bad.Links[i] = staleLink
		s.conflict(bad)
		s.wantNothingOf(good)

		s.commit(good)
		s.wantAllOf(good)
	}
}

func (s *suite) wantNothingOf(change liaison.Change) {
	s.Helper()
	for _, session := range change.Sessions {
		wantAbsent(s, "Session", s.store.Session, session.ID)
	}
	for _, link := range change.Links {
		wantAbsent(s, "Link", s.store.Link, link.ID)
	}
	for _, account := range change.Accounts {
		wantAbsent(s, "Account", s.store.Account, account.Account)
	}
}

func (s *suite) wantAllOf(change liaison.Change) {
	s.Helper()
	for _, session := range change.Sessions {
		session.Version = 1
		s.wantSession(session)
	}
	for _, link := range change.Links {
		link.Version = 1
		s.wantLink(link)
	}
	for _, account := range change.Accounts {
		s.wantAccount(account)
	}
}

func (s *suite) empty() { s.commit(liaison.Change{}) }

// race commits 1,000 changes of one version of a link at once, as 1,000 wallets
// that show the same nonce.
func (s *suite) race() {
	const n = 1000
	link := s.storedLink("site")
	winner := s.contend(n, func(i int) liaison.Change {
		mine := link
		mine.Wallet = liaison.SessionID(fmt.Sprint("wallet-", i))
		session := liaison.Session{ID: mine.Wallet, TokenHash: liaison.Token(mine.Wallet).Hash(), SeenAt: epoch, ExpiresAt: epoch}
		return liaison.Change{Links: []liaison.Link{mine}, Sessions: []liaison.Session{session}}
	})
	link.Version, link.Wallet = 2, liaison.SessionID(fmt.Sprint("wallet-", winner))
	s.wantLink(link)
	for i := range n {
		id := liaison.SessionID(fmt.Sprint("wallet-", i))
		if _, err := s.store.Session(s.Context(), id); (err == nil) != (i == winner) {
			s.Fatalf("Session(%q) after %d won: got error %v", id, winner, err)
		}
	}
}

func (s *suite) creation() {
	link := s.newLink("site")
	winner := s.contend(100, func(i int) liaison.Change {
		mine := link
		mine.Reason = protocol.Code(fmt.Sprint("reason ", i))
		return liaison.Change{Links: []liaison.Link{mine}}
	})
	link.Version, link.Reason = 1, protocol.Code(fmt.Sprint("reason ", winner))
	s.wantLink(link)
}

// contend commits n changes at once, of which exactly one may win, and returns
// which did.
func (s *suite) contend(n int, change func(int) liaison.Change) int {
	s.Helper()
	var wins atomic.Int64
	winner := -1
	for i, err := range s.atOnce(n, func(ctx context.Context, i int) error { return s.store.Commit(ctx, change(i)) }) {
		if err == nil {
			wins.Add(1)
			winner = i
		} else if !errors.Is(err, liaison.ErrConflict) {
			s.Errorf("Commit %d of %d: got %v, want nil or %v", i, n, err, liaison.ErrConflict)
		}
	}
	if wins.Load() != 1 {
		s.Fatalf("%d concurrent commits on one version: %d won, want 1", n, wins.Load())
	}
	return winner
}

// atOnce calls do from n goroutines that start together and returns what each
// call returned.
func (s *suite) atOnce(n int, do func(context.Context, int) error) []error {
	start, errs := make(chan struct{}), make([]error, n)
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			<-start
			errs[i] = do(s.Context(), i)
		})
	}
	close(start)
	wait.Wait()
	return errs
}

func (s *suite) independent() {
	links := make([]liaison.Link, 200)
	for i := range links {
		links[i] = s.newLink("site")
	}
	for i, err := range s.atOnce(len(links), func(ctx context.Context, i int) error {
		return s.store.Commit(ctx, liaison.Change{Links: links[i : i+1]})
	}) {
		if err != nil {
			s.Fatalf("Commit of link %d: got %v, want nil", i, err)
		}
	}
	s.wantAllOf(liaison.Change{Links: links})
}

// neighbours commits changes at once of which every second must fail, after its
// first record was written.
func (s *suite) neighbours() {
	stale := s.newLink("site")
	stale.Version = 7
	links := make([]liaison.Link, 200)
	for i := range links {
		links[i] = s.newLink("site")
	}
	errs := s.atOnce(len(links), func(ctx context.Context, i int) error {
		change := liaison.Change{Links: []liaison.Link{links[i]}}
		if i%2 == 1 {
			change.Links = append(change.Links, stale)
		}
		return s.store.Commit(ctx, change)
	})
	for i, err := range errs {
		one := liaison.Change{Links: links[i : i+1]}
		if i%2 == 0 && err == nil {
			s.wantAllOf(one)
		} else if i%2 == 1 && errors.Is(err, liaison.ErrConflict) {
			s.wantNothingOf(one)
		} else {
			s.Fatalf("Commit %d: got %v, want nil for even and %v for odd ones", i, err, liaison.ErrConflict)
		}
	}
}

// visible reads from many goroutines what each of them has just committed.
func (s *suite) visible() {
	links := make([]liaison.Link, 8)
	for i := range links {
		links[i] = s.storedLink("site")
	}
	for i, err := range s.atOnce(len(links), func(ctx context.Context, i int) error { return s.follow(ctx, links[i]) }) {
		if err != nil {
			s.Errorf("link %d: %v", i, err)
		}
	}
}

func (s *suite) follow(ctx context.Context, link liaison.Link) error {
	for range 50 {
		link.Reason += "x"
		if err := s.store.Commit(ctx, liaison.Change{Links: []liaison.Link{link}}); err != nil {
			return err
		}
		link.Version++
		got, err := s.store.Link(ctx, link.ID)
		if err != nil {
			return fmt.Errorf("read after commit: %w", err)
		}
		if !equal(got, link) {
			return fmt.Errorf("read after commit: got %+v, want %+v", got, link)
		}
	}
	return nil
}
