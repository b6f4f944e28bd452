package storetest

import (
	"context"
	"errors"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// Run checks the contract. The function open returns an empty store each time
// it is called; Run closes it.
func Run(t *testing.T, open func(t *testing.T) liaison.Store) {
	cases := []struct {
		name string
		test func(*suite)
	}{
		{"absent records are not found", (*suite).absent},
		{"sessions come back as they were", (*suite).sessions},
		{"links come back as they were", (*suite).links},
		{"a session is found by its present token only", (*suite).tokens},
		{"sessions of an account, the newest first", (*suite).sessionsOf},
		{"expired records stay until they are swept", (*suite).expired},
		{"versions count from one", (*suite).versions},
		{"a stale version is a conflict", (*suite).stale},
		{"creating twice is a conflict", (*suite).twice},
		{"changing what is gone is a conflict", (*suite).gone},
		{"a token hash belongs to one session", (*suite).hashes},
		{"a change happens as a whole or not at all", (*suite).whole},
		{"an empty change is no error", (*suite).empty},
		{"accounts move forward", (*suite).accounts},
		{"waiting links of a session, oldest first", (*suite).waiting},
		{"one of many concurrent commits wins", (*suite).race},
		{"one of many concurrent creations wins", (*suite).creation},
		{"independent concurrent commits all win", (*suite).independent},
		{"conflicts do not touch their neighbours", (*suite).neighbours},
		{"reads see what was committed", (*suite).visible},
		{"sweep removes what expired before", (*suite).sweep},
		{"sweep does bounded work", (*suite).bounded},
		{"an ended context", (*suite).canceled},
		{"the caller may reuse its slices", (*suite).reuse},
		{"the caller may change what it read", (*suite).read},
		{"credentials come back as they were", (*suite).credentials},
		{"credentials have versions", (*suite).credentialVersions},
		{"a credential id stays with its account", (*suite).foreign},
		{"what is to be removed must be there", (*suite).removal},
		{"credentials of an account, oldest first", (*suite).credentialOrder},
		{"ceremonies come back as they were", (*suite).ceremonies},
		{"ceremonies of a session, in the order of their ends", (*suite).ceremonyOrder},
		{"a ceremony is spent once", (*suite).spent},
		{"one of many concurrent answers spends a ceremony", (*suite).spentOnce},
		{"one of many concurrent accounts gets a credential id", (*suite).registeredOnce},
		{"passkeys change as a whole or not at all", (*suite).wholePasskeys},
		{"a secret is drawn once and kept", (*suite).secrets},
		{"sweep removes ceremonies that expired before", (*suite).sweepCeremonies},
		{"an ended context, with passkeys", (*suite).canceledPasskeys},
		{"the caller may reuse its slices of passkeys", (*suite).reusePasskeys},
		{"the caller may change a credential that it read", (*suite).readPasskeys},
		{"ping", (*suite).ping},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			store := open(t)
			t.Cleanup(func() {
				if err := store.Close(); err != nil {
					t.Errorf("Close: got %v, want nil", err)
				}
			})
			c.test(&suite{T: t, store: store})
		})
	}
}

// suite is one case and its store.
type suite struct {
	*testing.T
	store liaison.Store
	// count makes the records of a case differ.
	count int
}

// epoch is when the cases begin. Nothing in them depends on the clock.
var epoch = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)

// newSession returns a session that was not stored yet.
func (s *suite) newSession() liaison.Session {
	s.count++
	return liaison.Session{
		ID:        liaison.SessionID("session-" + strconv.Itoa(s.count)),
		TokenHash: liaison.Token("token-" + strconv.Itoa(s.count)).Hash(),
		CreatedAt: epoch,
		SeenAt:    epoch,
		ExpiresAt: epoch.Add(time.Hour),
	}
}

// newLink returns a waiting link that was not stored yet.
func (s *suite) newLink(site liaison.SessionID) liaison.Link {
	s.count++
	return liaison.Link{
		ID:        protocol.RequestID("link-of-the-test-" + strconv.Itoa(s.count)),
		State:     liaison.Waiting,
		Site:      site,
		Nonce:     protocol.Nonce("NonceOfTheTestNumber" + strconv.Itoa(s.count)),
		IssuedAt:  epoch,
		ExpiresAt: epoch.Add(time.Minute),
	}
}

func (s *suite) commit(change liaison.Change) {
	s.Helper()
	if err := s.store.Commit(s.Context(), change); err != nil {
		s.Fatalf("Commit(%+v): got %v, want nil", change, err)
	}
}

// conflict commits a change that must be refused.
func (s *suite) conflict(change liaison.Change) {
	s.Helper()
	if err := s.store.Commit(s.Context(), change); !errors.Is(err, liaison.ErrConflict) {
		s.Fatalf("Commit(%+v): got %v, want %v", change, err, liaison.ErrConflict)
	}
}

// stored commits new sessions and links and returns them as they are read.
func (s *suite) storedSession() liaison.Session {
	s.Helper()
	session := s.newSession()
	s.commit(liaison.Change{Sessions: []liaison.Session{session}})
	session.Version = 1
	return session
}

func (s *suite) storedLink(site liaison.SessionID) liaison.Link {
	s.Helper()
	link := s.newLink(site)
	s.commit(liaison.Change{Links: []liaison.Link{link}})
	link.Version = 1
	return link
}

func (s *suite) wantSession(want liaison.Session) {
	s.Helper()
	got, err := s.store.Session(s.Context(), want.ID)
	if err != nil {
		s.Fatalf("Session(%q): %v", want.ID, err)
	}
	if got != want {
		s.Fatalf("Session(%q):\n got %+v\nwant %+v", want.ID, got, want)
	}
}

func (s *suite) wantLink(want liaison.Link) {
	s.Helper()
	got, err := s.store.Link(s.Context(), want.ID)
	if err != nil {
		s.Fatalf("Link(%q): %v", want.ID, err)
	}
	if !equal(got, want) {
		s.Fatalf("Link(%q):\n got %+v\nwant %+v", want.ID, got, want)
	}
}

// equal compares links in every field; a signature that is nil and one that is
// empty are the same.
func equal(a, b liaison.Link) bool {
	same := a.Proof.Equal(b.Proof)
	a.Proof, b.Proof = protocol.Proof{}, protocol.Proof{}
	return same && reflect.DeepEqual(a, b)
}

// wantAbsent fails unless the error says that there is no such record.
func wantAbsent[K, V any](s *suite, name string, read func(context.Context, K) (V, error), key K) {
	s.Helper()
	if got, err := read(s.Context(), key); !errors.Is(err, liaison.ErrNotFound) {
		s.Fatalf("%s(%v): got %+v, %v, want %v", name, key, got, err, liaison.ErrNotFound)
	}
}
