package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

const owner protocol.Account = "algorand:x:OWNER"

// newCredential returns a passkey of owner that was not stored yet.
func (s *suite) newCredential() liaison.Credential {
	s.count++
	return liaison.Credential{
		ID:        liaison.NewCredentialID([]byte("credential " + strconv.Itoa(s.count))),
		Account:   owner,
		PublicKey: []byte{0xa5, byte(s.count)},
		CreatedAt: epoch,
		UsedAt:    epoch,
	}
}

func (s *suite) storedCredential() liaison.Credential {
	s.Helper()
	c := s.newCredential()
	s.commit(liaison.Change{Credentials: []liaison.Credential{c.Clone()}})
	c.Version = 1
	return c
}

// newCeremony returns a challenge for a session that was not stored yet.
func (s *suite) newCeremony(session liaison.SessionID) liaison.Ceremony {
	s.count++
	return liaison.Ceremony{
		ID:        liaison.CeremonyOf([]byte("challenge " + strconv.Itoa(s.count))),
		Kind:      liaison.Authentication,
		Session:   session,
		ExpiresAt: epoch.Add(time.Minute),
	}
}

func (s *suite) storedCeremony(session liaison.SessionID) liaison.Ceremony {
	s.Helper()
	c := s.newCeremony(session)
	s.commit(liaison.Change{Ceremonies: []liaison.Ceremony{c}})
	return c
}

// equalCredentials compares in every field; a slice that is nil and one that is
// empty are the same.
func equalCredentials(a, b liaison.Credential) bool {
	for _, c := range []*liaison.Credential{&a, &b} {
		c.PublicKey, c.Transports = append([]byte{}, c.PublicKey...), append([]string{}, c.Transports...)
	}
	return reflect.DeepEqual(a, b)
}

func (s *suite) wantCredential(want liaison.Credential) {
	s.Helper()
	if got, err := s.store.Credential(s.Context(), want.ID); err != nil || !equalCredentials(got, want) {
		s.Fatalf("Credential(%q):\n got %+v, %v\nwant %+v", want.ID, got, err, want)
	}
}

func (s *suite) wantCredentials(account protocol.Account, want ...liaison.Credential) {
	s.Helper()
	got, err := s.store.Credentials(s.Context(), account)
	if err != nil || len(got) != len(want) {
		s.Fatalf("Credentials(%q): got %d of them, %v, want %d", account, len(got), err, len(want))
	}
	for i := range want {
		if !equalCredentials(got[i], want[i]) {
			s.Fatalf("Credentials(%q)[%d]:\n got %+v\nwant %+v", account, i, got[i], want[i])
		}
	}
}

func (s *suite) wantCeremony(want liaison.Ceremony) {
	s.Helper()
	if got, err := s.store.Ceremony(s.Context(), want.ID); err != nil || got != want {
		s.Fatalf("Ceremony(%x):\n got %+v, %v\nwant %+v", want.ID, got, err, want)
	}
}

func (s *suite) wantCeremonies(session liaison.SessionID, want ...liaison.Ceremony) {
	s.Helper()
	got, err := s.store.Ceremonies(s.Context(), session)
	if err != nil || len(got) != len(want) {
		s.Fatalf("Ceremonies(%q): got %d of them, %v, want %d", session, len(got), err, len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			s.Fatalf("Ceremonies(%q)[%d]:\n got %+v\nwant %+v", session, i, got[i], want[i])
		}
	}
}

func (s *suite) credentials() {
	for _, at := range extremes {
		c := s.newCredential()
		c.CreatedAt, c.UsedAt = at, at
		s.commit(liaison.Change{Credentials: []liaison.Credential{c}})
		c.Version = 1
		s.wantCredential(c)
	}
	bare := s.newCredential()
	for i, change := range []func(*liaison.Credential){
		func(c *liaison.Credential) { c.PublicKey = make([]byte, 4096) },
		func(c *liaison.Credential) { c.Counter = math.MaxUint32 },
		func(c *liaison.Credential) { c.UserVerified = true },
		func(c *liaison.Credential) { c.BackupEligible = true },
		func(c *liaison.Credential) { c.BackupState = true },
		func(c *liaison.Credential) { c.Transports = []string{"internal", "a \"quoted\", <&> ünï one"} },
		func(c *liaison.Credential) { c.Dialect = protocol.Liquid },
		func(c *liaison.Credential) { c.Label = "Phone <&> \"ünï\" \x7f" },
		func(c *liaison.Credential) { c.Origin = "android:apk-key-hash:A-_" },
		func(c *liaison.Credential) { *c = liaison.Credential{ID: c.ID, Account: c.Account} },
	} {
		c := bare.Clone()
		c.ID = liaison.NewCredentialID([]byte(strings.Repeat("x", 1023-i)))
		change(&c)
		s.commit(liaison.Change{Credentials: []liaison.Credential{c}})
		c.Version = 1
		s.wantCredential(c)
		back := bare.Clone()
		back.ID, back.Version = c.ID, 1
		s.commit(liaison.Change{Credentials: []liaison.Credential{back}})
		back.Version = 2
		s.wantCredential(back)
	}
}

func (s *suite) credentialVersions() {
	c := s.storedCredential()
	for v := uint64(1); v <= 3; v++ {
		c.Version = v
		s.wantCredential(c)
		c.Counter++
		s.commit(liaison.Change{Credentials: []liaison.Credential{c}})
	}
	c.Version = 4
	for _, version := range []uint64{0, 1, 3, 5, 1 << 40} {
		stale := c.Clone()
		stale.Version, stale.Label = version, "stale"
		s.conflict(liaison.Change{Credentials: []liaison.Credential{stale}})
	}
	absent := s.newCredential()
	absent.Version = 1
	s.conflict(liaison.Change{Credentials: []liaison.Credential{absent}})
	wantAbsent(s, "Credential", s.store.Credential, absent.ID)
	s.wantCredential(c)
}

// foreign tries to get at a passkey under the name of another account, as new
// and as a change.
func (s *suite) foreign() {
	c := s.storedCredential()
	for _, version := range []uint64{0, 1} {
		theirs := c.Clone()
		theirs.Account, theirs.Version = "algorand:x:THIEF", version
		s.conflict(liaison.Change{Credentials: []liaison.Credential{theirs}})
	}
	s.wantCredential(c)
	s.wantCredentials(owner, c)
	s.wantCredentials("algorand:x:THIEF")
}

func (s *suite) removal() {
	c, other := s.storedCredential(), s.storedCredential()
	session := s.newSession()
	s.commit(liaison.Change{Removed: []liaison.CredentialID{c.ID}})
	wantAbsent(s, "Credential", s.store.Credential, c.ID)
	s.wantCredentials(owner, other)

	for _, id := range []liaison.CredentialID{c.ID, "bmV2ZXI", ""} {
		s.conflict(liaison.Change{Sessions: []liaison.Session{session}, Removed: []liaison.CredentialID{id}})
	}
	s.conflict(liaison.Change{Removed: []liaison.CredentialID{other.ID, c.ID}})
	wantAbsent(s, "Session", s.store.Session, session.ID)
	s.wantCredential(other)

	s.conflict(liaison.Change{Credentials: []liaison.Credential{c}}) // a change of what is gone
	theirs := c.Clone()
	theirs.Account, theirs.Version = "algorand:x:ANOTHER", 0
	s.commit(liaison.Change{Credentials: []liaison.Credential{theirs}}) // it is nobody's by now
	theirs.Version = 1
	s.wantCredentials("algorand:x:ANOTHER", theirs)
}

func (s *suite) credentialOrder() {
	var want []liaison.Credential
	for _, age := range []time.Duration{3 * time.Second, time.Second, 2 * time.Second} {
		c := s.newCredential()
		c.CreatedAt = epoch.Add(-age)
		s.commit(liaison.Change{Credentials: []liaison.Credential{c}})
		c.Version = 1
		want = append(want, c)
	}
	want[1], want[2] = want[2], want[1]
	other := s.newCredential()
	other.Account += "S"
	s.commit(liaison.Change{Credentials: []liaison.Credential{other}})
	s.wantCredentials(owner, want...)

	want[0].UsedAt = epoch.Add(time.Hour) // the order is not that of use
	s.commit(liaison.Change{Credentials: want[:1]})
	want[0].Version++
	s.wantCredentials(owner, want...)
}

func (s *suite) ceremonies() {
	for _, at := range extremes {
		c := s.newCeremony("session")
		c.ExpiresAt = at
		s.commit(liaison.Change{Ceremonies: []liaison.Ceremony{c}})
		s.wantCeremony(c)
	}
	for _, change := range []func(*liaison.Ceremony){
		func(c *liaison.Ceremony) { c.Kind = liaison.Registration },
		func(c *liaison.Ceremony) { c.Session = "" },
		func(c *liaison.Ceremony) { c.Account = owner },
		func(c *liaison.Ceremony) { c.Credential = "Y3JlZGVudGlhbA" },
		func(c *liaison.Ceremony) { c.Channel = "l1.channel" },
		func(c *liaison.Ceremony) { c.UserVerification = true },
		func(c *liaison.Ceremony) { *c = liaison.Ceremony{ID: c.ID} },
	} {
		c := s.newCeremony("session")
		change(&c)
		s.commit(liaison.Change{Ceremonies: []liaison.Ceremony{c}})
		s.wantCeremony(c)
		other := s.newCeremony("other")
		other.ID = c.ID
		s.conflict(liaison.Change{Ceremonies: []liaison.Ceremony{other}})
		s.wantCeremony(c)
	}
}

func (s *suite) ceremonyOrder() {
	var want []liaison.Ceremony
	for _, left := range []time.Duration{time.Second, 3 * time.Second, 2 * time.Second} {
		c := s.newCeremony("session")
		c.ExpiresAt = epoch.Add(left)
		s.commit(liaison.Change{Ceremonies: []liaison.Ceremony{c}})
		want = append(want, c)
	}
	want[1], want[2] = want[2], want[1]
	s.storedCeremony("another session")
	s.wantCeremonies("session", want...)

	// The oldest makes room in the same change.
	next := s.newCeremony("session")
	next.ExpiresAt = epoch.Add(4 * time.Second)
	s.commit(liaison.Change{Spent: []liaison.CeremonyID{want[0].ID}, Ceremonies: []liaison.Ceremony{next}})
	s.wantCeremonies("session", want[1], want[2], next)
}

func (s *suite) spent() {
	c, other := s.storedCeremony("session"), s.storedCeremony("session")
	session := s.newSession()
	s.commit(liaison.Change{Spent: []liaison.CeremonyID{c.ID}})
	wantAbsent(s, "Ceremony", s.store.Ceremony, c.ID)
	s.wantCeremonies("session", other)

	for _, id := range []liaison.CeremonyID{c.ID, {}, liaison.CeremonyOf([]byte("never"))} {
		s.conflict(liaison.Change{Sessions: []liaison.Session{session}, Spent: []liaison.CeremonyID{id}})
		s.conflict(liaison.Change{Spent: []liaison.CeremonyID{other.ID, id}})
	}
	s.conflict(liaison.Change{Spent: []liaison.CeremonyID{other.ID, other.ID}})
	wantAbsent(s, "Session", s.store.Session, session.ID)
	s.wantCeremony(other)
}

// spentOnce answers one challenge 100 times at once.
func (s *suite) spentOnce() {
	c := s.storedCeremony("session")
	winner := s.contend(100, func(i int) liaison.Change {
		session := liaison.Session{ID: liaison.SessionID(fmt.Sprint("answer-", i)), TokenHash: liaison.Token(fmt.Sprint(i)).Hash(), SeenAt: epoch, ExpiresAt: epoch}
		return liaison.Change{Sessions: []liaison.Session{session}, Spent: []liaison.CeremonyID{c.ID}}
	})
	for i := range 100 {
		id := liaison.SessionID(fmt.Sprint("answer-", i))
		if _, err := s.store.Session(s.Context(), id); (err == nil) != (i == winner) {
			s.Fatalf("Session(%q) after %d won: got error %v", id, winner, err)
		}
	}
	wantAbsent(s, "Ceremony", s.store.Ceremony, c.ID)
}

// registeredOnce makes a passkey with one id for 100 accounts at once.
func (s *suite) registeredOnce() {
	c := s.newCredential()
	account := func(i int) protocol.Account { return protocol.Account(fmt.Sprint("algorand:x:A", i)) }
	winner := s.contend(100, func(i int) liaison.Change {
		mine := c.Clone()
		mine.Account = account(i)
		return liaison.Change{Credentials: []liaison.Credential{mine}}
	})
	c.Account, c.Version = account(winner), 1
	s.wantCredential(c)
}

// wholePasskeys tries changes of which one part cannot be written.
func (s *suite) wholePasskeys() {
	for _, bad := range []liaison.Change{
		{Credentials: []liaison.Credential{{ID: "YQ", Account: owner, Version: 7}}},
		{Removed: []liaison.CredentialID{"YQ"}},
		{Ceremonies: []liaison.Ceremony{s.storedCeremony("another")}},
		{Spent: []liaison.CeremonyID{{1}}},
		{Links: []liaison.Link{{ID: "nothing", Version: 7}}},
	} {
		keep, pending := s.storedCredential(), s.storedCeremony("session")
		made, asked, link, session := s.newCredential(), s.newCeremony("session"), s.newLink("site"), s.newSession()
		good := liaison.Change{
			Sessions: []liaison.Session{session}, Links: []liaison.Link{link},
			Credentials: []liaison.Credential{made}, Removed: []liaison.CredentialID{keep.ID},
			Ceremonies: []liaison.Ceremony{asked}, Spent: []liaison.CeremonyID{pending.ID},
		}
		mixed := good
		mixed.Links = append(mixed.Links[:1:1], bad.Links...)
		mixed.Credentials = append(mixed.Credentials[:1:1], bad.Credentials...)
		mixed.Removed = append(mixed.Removed[:1:1], bad.Removed...)
		mixed.Ceremonies = append(mixed.Ceremonies[:1:1], bad.Ceremonies...)
		mixed.Spent = append(mixed.Spent[:1:1], bad.Spent...)
		s.conflict(mixed)
		s.wantNothingOf(liaison.Change{Sessions: good.Sessions, Links: good.Links})
		wantAbsent(s, "Credential", s.store.Credential, made.ID)
		wantAbsent(s, "Ceremony", s.store.Ceremony, asked.ID)
		s.wantCredential(keep)
		s.wantCeremony(pending)

		s.commit(good)
		made.Version = 1
		s.wantCredential(made)
		s.wantCeremony(asked)
		wantAbsent(s, "Credential", s.store.Credential, keep.ID)
		wantAbsent(s, "Ceremony", s.store.Ceremony, pending.ID)
	}
}

func (s *suite) secrets() {
	const n = 100
	drawn := make([][32]byte, n)
	for i, err := range s.atOnce(n, func(ctx context.Context, i int) (err error) {
		drawn[i], err = s.store.Secret(ctx, "name")
		return err
	}) {
		if err != nil || drawn[i] != drawn[0] {
			s.Fatalf("Secret, call %d of %d at once: got %x, %v, want %x", i, n, drawn[i], err, drawn[0])
		}
	}
	for _, name := range []string{"name ", "NAME", ""} {
		other, err := s.store.Secret(s.Context(), name)
		if err != nil || other == drawn[0] || other == ([32]byte{}) {
			s.Fatalf("Secret(%q): got %x, %v, want one of its own", name, other, err)
		}
	}
	s.sweepAll(epoch.Add(1000 * time.Hour))
	if again, err := s.store.Secret(s.Context(), "name"); err != nil || again != drawn[0] {
		s.Fatalf("Secret(name) again: got %x, %v, want %x", again, err, drawn[0])
	}
}

func (s *suite) sweepCeremonies() {
	before := epoch.Add(time.Hour)
	credential := s.storedCredential() // does not expire
	var old, live []liaison.Ceremony
	for i, expires := range []time.Time{{}, before.Add(-time.Microsecond), before, before.Add(time.Microsecond)} {
		c := s.newCeremony("session")
		c.ExpiresAt = expires
		s.commit(liaison.Change{Ceremonies: []liaison.Ceremony{c}})
		if i < 2 {
			old = append(old, c)
		} else {
			live = append(live, c)
		}
	}
	if got := s.sweepAll(before); got != len(old) {
		s.Fatalf("Sweep until 0: removed %d, want %d", got, len(old))
	}
	s.wantCeremonies("session", live...)
	for _, c := range old {
		wantAbsent(s, "Ceremony", s.store.Ceremony, c.ID)
	}
	s.wantCredential(credential)

	many := liaison.Change{Ceremonies: make([]liaison.Ceremony, manyRows)}
	for i := range many.Ceremonies {
		many.Ceremonies[i] = s.newCeremony("session")
	}
	s.commit(many)
	n, err := s.store.Sweep(s.Context(), before)
	if err != nil || n == 0 || n >= manyRows {
		s.Fatalf("first Sweep of %d rows: got %d, %v, want more than 0 and not all", manyRows, n, err)
	}
	if rest := s.sweepAll(before); n+rest != manyRows {
		s.Fatalf("Sweep until 0: removed %d, want %d", n+rest, manyRows)
	}
}

func (s *suite) canceledPasskeys() {
	credential, ceremony := s.storedCredential(), s.storedCeremony("session")
	if _, err := s.store.Secret(s.Context(), "name"); err != nil {
		s.Fatalf("Secret: %v", err)
	}
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	for name, call := range map[string]func() error{
		"Credential":  func() error { _, err := s.store.Credential(ctx, credential.ID); return err },
		"Credentials": func() error { _, err := s.store.Credentials(ctx, owner); return err },
		"Ceremony":    func() error { _, err := s.store.Ceremony(ctx, ceremony.ID); return err },
		"Ceremonies":  func() error { _, err := s.store.Ceremonies(ctx, "session"); return err },
		"Secret":      func() error { _, err := s.store.Secret(ctx, "name"); return err },
		"new Secret":  func() error { _, err := s.store.Secret(ctx, "another"); return err },
		"Commit":      func() error { return s.store.Commit(ctx, liaison.Change{Spent: []liaison.CeremonyID{ceremony.ID}}) },
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			s.Errorf("%s with an ended context: got %v, want %v", name, err, context.Canceled)
		}
	}
	s.wantCeremony(ceremony)
}

// reusePasskeys is what reuse is for sessions and links.
func (s *suite) reusePasskeys() {
	for range 50 {
		removed, spent := s.storedCredential(), s.storedCeremony("session")
		change := liaison.Change{
			Credentials: []liaison.Credential{s.newCredential()}, Removed: []liaison.CredentialID{removed.ID},
			Ceremonies: []liaison.Ceremony{s.newCeremony("session")}, Spent: []liaison.CeremonyID{spent.ID},
		}
		change.Credentials[0].Transports = []string{"usb"}
		ctx, cancel := context.WithCancel(s.Context())
		go cancel()
		err := s.store.Commit(ctx, change)
		if err != nil && !errors.Is(err, context.Canceled) {
			s.Fatalf("Commit while its context ends: got %v, want nil or %v", err, context.Canceled)
		}
		change.Credentials[0].PublicKey[0]++
		change.Credentials[0].Transports[0] = "nfc"
		change.Credentials[0], change.Removed[0] = liaison.Credential{}, ""
		change.Ceremonies[0], change.Spent[0] = liaison.Ceremony{}, liaison.CeremonyID{}
	}
}

// readPasskeys changes what was committed, and what came back, which must change
// nothing that is stored.
func (s *suite) readPasskeys() {
	c := s.newCredential()
	c.Transports = []string{"usb", "nfc"}
	given := c.Clone()
	s.commit(liaison.Change{Credentials: []liaison.Credential{given}})
	given.PublicKey[0], given.Transports[0] = 0, "other"
	c.Version = 1
	for range 2 {
		s.wantCredential(c)
		got, err := s.store.Credential(s.Context(), c.ID)
		if err != nil {
			s.Fatalf("Credential(%q): %v", c.ID, err)
		}
		got.PublicKey[0], got.Transports[0] = 0, "other"
		list, err := s.store.Credentials(s.Context(), owner)
		if err != nil || len(list) != 1 {
			s.Fatalf("Credentials: got %+v, %v, want one", list, err)
		}
		list[0].PublicKey[0], list[0].Transports[0] = 0, "other"
	}
}
