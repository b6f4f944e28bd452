package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

func (s *suite) sweep() {
	before := epoch.Add(time.Hour)
	var old, live liaison.Change
	for _, c := range []struct {
		expires time.Time
		into    *liaison.Change
	}{
		{time.Time{}, &old},
		{before.Add(-time.Microsecond), &old},
		{before, &live},
		{before.Add(time.Microsecond), &live},
	} {
		for _, state := range liaison.LinkStates() {
			link := s.newLink("site")
			link.State, link.ExpiresAt = state, c.expires
			c.into.Links = append(c.into.Links, link)
		}
		session := s.newSession()
		session.ExpiresAt = c.expires
		c.into.Sessions = append(c.into.Sessions, session)
	}
	record := liaison.AccountRecord{Account: "algorand:x:A", FirstSeenAt: time.Unix(0, 0).UTC(), LastSeenAt: time.Unix(0, 0).UTC()}
	live.Accounts = []liaison.AccountRecord{record}
	s.commit(old)
	s.commit(live)

	if got, want := s.sweepAll(before), len(old.Sessions)+len(old.Links); got != want {
		s.Fatalf("Sweep until 0: removed %d, want %d", got, want)
	}
	s.wantNothingOf(old)
	s.wantAllOf(live)
	for _, session := range old.Sessions {
		wantAbsent(s, "SessionByToken", s.store.SessionByToken, session.TokenHash)
	}
	s.commit(old) // what was swept can be made anew
}

func (s *suite) sweepAll(before time.Time) (sum int) {
	s.Helper()
	for range 1000 {
		n, err := s.store.Sweep(s.Context(), before)
		if err != nil {
			s.Fatalf("Sweep(%v): %v", before, err)
		}
		if n == 0 {
			return sum
		}
		sum += n
	}
	s.Fatalf("Sweep(%v): did not come to an end in 1000 calls", before)
	return 0
}

// manyRows is more than one Sweep may remove.
const manyRows = 5000

func (s *suite) bounded() {
	change := liaison.Change{Links: make([]liaison.Link, manyRows)}
	for i := range change.Links {
		change.Links[i] = s.newLink("site")
	}
	s.commit(change)
	before := epoch.Add(24 * time.Hour)
	n, err := s.store.Sweep(s.Context(), before)
	if err != nil || n == 0 || n >= manyRows {
		s.Fatalf("first Sweep of %d rows: got %d, %v, want more than 0 and not all", manyRows, n, err)
	}
	if rest := s.sweepAll(before); n+rest != manyRows {
		s.Fatalf("Sweep until 0: removed %d, want %d", n+rest, manyRows)
	}
}

func (s *suite) canceled() {
	session, link := s.storedSession(), s.storedLink("site")
	record := liaison.AccountRecord{Account: "algorand:x:A", FirstSeenAt: epoch, LastSeenAt: epoch}
	s.commit(liaison.Change{Accounts: []liaison.AccountRecord{record}})
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	for name, call := range map[string]func() error{
		"Session":        func() error { _, err := s.store.Session(ctx, session.ID); return err },
		"SessionByToken": func() error { _, err := s.store.SessionByToken(ctx, session.TokenHash); return err },
		"SessionsOf":     func() error { _, err := s.store.SessionsOf(ctx, record.Account); return err },
		"Link":           func() error { _, err := s.store.Link(ctx, link.ID); return err },
		"WaitingLinks":   func() error { _, err := s.store.WaitingLinks(ctx, "site"); return err },
		"Account":        func() error { _, err := s.store.Account(ctx, record.Account); return err },
		"Commit":         func() error { return s.store.Commit(ctx, liaison.Change{Links: []liaison.Link{link}}) },
		"Sweep":          func() error { _, err := s.store.Sweep(ctx, epoch); return err },
		"Ping":           func() error { return s.store.Ping(ctx) },
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			s.Errorf("%s with an ended context: got %v, want %v", name, err, context.Canceled)
		}
	}
	s.wantSession(session)
}

// reuse overwrites the slices of a change once Commit has returned because its
// context ended, which may be before the store has looked at them. The race
// detector sees a store that still does.
func (s *suite) reuse() {
	for range 50 {
		change := liaison.Change{
			Sessions: []liaison.Session{s.newSession()},
			Links:    []liaison.Link{s.newLink("site")},
			Accounts: []liaison.AccountRecord{{Account: "algorand:x:A", FirstSeenAt: epoch, LastSeenAt: epoch}},
		}
		change.Links[0].Proof = protocol.Proof{Signature: make(protocol.Base64, 64), Meta: &protocol.ProofMeta{AuthenticatorData: make(protocol.Base64, 32)}}
		ctx, cancel := context.WithCancel(s.Context())
		go cancel()
		err := s.store.Commit(ctx, change)
		if err != nil && !errors.Is(err, context.Canceled) {
			s.Fatalf("Commit while its context ends: got %v, want nil or %v", err, context.Canceled)
		}
		change.Links[0].Proof.Signature[0]++
		change.Links[0].Proof.Meta.AuthenticatorData[0]++
		change.Links[0].Proof.Meta.Signer = "ANOTHER"
		change.Sessions[0], change.Links[0], change.Accounts[0] = liaison.Session{}, liaison.Link{}, liaison.AccountRecord{}
	}
}

// read changes what was committed, and what came back, which must change nothing
// that is stored.
func (s *suite) read() {
	proof := func() protocol.Proof {
		return protocol.Proof{
			Type: protocol.ProofARC60, Signature: protocol.Base64{1, 2},
			Meta: &protocol.ProofMeta{AuthenticatorData: protocol.Base64{3, 4}, Signer: "SIGNER"},
		}
	}
	link := s.newLink("site")
	link.Proof = proof()
	s.commit(liaison.Change{Links: []liaison.Link{link}})
	link.Proof.Signature[0]++
	link.Proof.Meta.AuthenticatorData[0]++
	link.Proof.Meta.Signer = "ANOTHER"
	link.Version, link.Proof = 1, proof()
	for range 2 {
		got, err := s.store.Link(s.Context(), link.ID)
		if err != nil {
			s.Fatalf("Link(%q): %v", link.ID, err)
		}
		got.Proof.Signature[0]++
		got.Proof.Meta.AuthenticatorData[0]++
		got.Proof.Meta.Signer = "ANOTHER"
		s.wantLink(link)
	}
}
