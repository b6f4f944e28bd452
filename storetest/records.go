package storetest

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// extremes are times that a store must be able to hold: the zero value, the
// first and last of RFC 3339, and one that needs microseconds.
var extremes = []time.Time{
	{},
	time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC),
	time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC),
	time.Unix(0, 0).UTC(),
	epoch,
	time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC),
}

func (s *suite) absent() {
	wantAbsent(s, "Session", s.store.Session, "nobody")
	wantAbsent(s, "Session", s.store.Session, "")
	wantAbsent(s, "SessionByToken", s.store.SessionByToken, liaison.TokenHash{})
	wantAbsent(s, "Link", s.store.Link, "nothing")
	wantAbsent(s, "Account", s.store.Account, "algorand:x:Y")
	wantAbsent(s, "Credential", s.store.Credential, "bm90aGluZw")
	wantAbsent(s, "Credential", s.store.Credential, "")
	wantAbsent(s, "Ceremony", s.store.Ceremony, liaison.CeremonyID{})
	s.wantCredentials("algorand:x:Y")
	s.wantCeremonies("nobody")
	s.wantSessionsOf("algorand:x:Y")
	s.storedSession() // it speaks for nobody, and nobody is no account
	s.wantSessionsOf("")
	if links, err := s.store.WaitingLinks(s.Context(), "nobody"); err != nil || len(links) != 0 {
		s.Fatalf("WaitingLinks of nobody: got %+v, %v, want none", links, err)
	}
}

func (s *suite) sessions() {
	for _, at := range extremes {
		session := s.newSession()
		session.CreatedAt, session.SeenAt, session.ExpiresAt, session.ProvedAt = at, at, at, at
		s.commit(liaison.Change{Sessions: []liaison.Session{session}})
		session.Version = 1
		s.wantSession(session)

		session.Link, session.Vouched = "liquid.link", true
		session.Wallet, session.Label = true, "Firefox on Android"
		session.Account, session.Assurance, session.Retired, session.Generation = "algorand:x:ADDRESS", protocol.SealedOrigin, true, math.MaxUint64
		s.commit(liaison.Change{Sessions: []liaison.Session{session}})
		session.Version = 2
		s.wantSession(session)
	}
	local := s.newSession()
	local.SeenAt = epoch.In(time.FixedZone("far east", 13*3600))
	s.commit(liaison.Change{Sessions: []liaison.Session{local}})
	local.SeenAt, local.Version = epoch, 1
	s.wantSession(local)
}

func (s *suite) links() {
	for _, at := range extremes {
		link := s.newLink("site")
		link.IssuedAt, link.ExpiresAt = at, at
		s.commit(liaison.Change{Links: []liaison.Link{link}})
		link.Version = 1
		s.wantLink(link)
	}
	for _, full := range linkVariants(s.newLink("site")) {
		s.count++
		full.ID += protocol.RequestID(strings.Repeat("-", s.count))
		s.commit(liaison.Change{Links: []liaison.Link{full}})
		full.Version = 1
		s.wantLink(full)
		back := s.newLink("other")
		back.ID, back.Version = full.ID, 1
		s.commit(liaison.Change{Links: []liaison.Link{back}})
		back.Version = 2
		s.wantLink(back)
	}
}

// linkVariants returns links that together use every field, each of the
// proof's also alone, so that none can hide behind another.
func linkVariants(link liaison.Link) []liaison.Link {
	proofs := []protocol.Proof{
		{Type: protocol.ProofMX},
		{Chain: protocol.AlgorandMainNet},
		{Address: "ADDRESS"},
		{Message: "line\nline \"quoted\" <&> ünï \\ \x7f"},
		{Signature: protocol.Base64{0, 255, 128}},
		{Meta: &protocol.ProofMeta{AuthenticatorData: protocol.Base64{0, 255, 128}}},
		{Meta: &protocol.ProofMeta{Signer: "ANOTHER <&> ünï \"quoted\""}},
		{Meta: &protocol.ProofMeta{AuthenticatorData: make(protocol.Base64, 1024), Signer: "ANOTHER"}},
		{Meta: &protocol.ProofMeta{}},
		{Type: protocol.ProofMX, Chain: protocol.AlgorandMainNet, Address: "ADDRESS", Message: strings.Repeat("m", protocol.MaxSignInBytes), Signature: make(protocol.Base64, 64)},
	}
	var variants []liaison.Link
	for _, proof := range proofs {
		v := link
		v.Proof = proof
		variants = append(variants, v)
	}
	full := variants[len(variants)-1]
	full.State, full.Resumption, full.Wallet, full.Nonce = liaison.Claimed, true, "wallet", ""
	full.Origin, full.Channel = "https://example.com", "l1.channel"
	full.Account, full.Reason = full.Proof.Account(), protocol.UserRejected
	vouched := link
	vouched.Dialect, vouched.Credential, vouched.Site, vouched.Wallet, vouched.Nonce = protocol.Liquid, "Y3JlZA", "", "wallet", ""
	vouched.State, vouched.Account = liaison.Claimed, full.Account
	held, verified := full, full
	held.Held, verified.Verified = true, true
	return append(variants, full, held, verified, vouched, liaison.Link{ID: link.ID})
}

func (s *suite) tokens() {
	session := s.storedSession()
	old := session.TokenHash
	s.wantToken(old, session)

	session.TokenHash = liaison.Token("its successor").Hash()
	s.commit(liaison.Change{Sessions: []liaison.Session{session}})
	session.Version++
	s.wantToken(session.TokenHash, session)
	wantAbsent(s, "SessionByToken", s.store.SessionByToken, old)
}

func (s *suite) wantToken(hash liaison.TokenHash, want liaison.Session) {
	s.Helper()
	if got, err := s.store.SessionByToken(s.Context(), hash); err != nil || got != want {
		s.Fatalf("SessionByToken(%x):\n got %+v, %v\nwant %+v", hash, got, err, want)
	}
}

func (s *suite) sessionsOf() {
	const account, other = "algorand:x:A", "algorand:x:B"
	of := func(account protocol.Account, age time.Duration) liaison.Session {
		session := s.newSession()
		session.Account, session.CreatedAt = account, epoch.Add(-age)
		s.commit(liaison.Change{Sessions: []liaison.Session{session}})
		session.Version = 1
		return session
	}
	old, young, middle := of(account, time.Hour), of(account, time.Second), of(account, time.Minute)
	theirs := of(other, time.Second)
	s.storedSession() // of nobody
	s.wantSessionsOf(account, young, middle, old)
	s.wantSessionsOf(other, theirs)

	middle.Retired, middle.ExpiresAt = true, time.Unix(1, 0).UTC()
	middle.Label, middle.SeenAt = "another", epoch.Add(time.Hour)
	s.commit(liaison.Change{Sessions: []liaison.Session{middle}})
	middle.Version++
	s.wantSessionsOf(account, young, middle, old)

	young.Account = ""
	theirs.Account = account
	s.commit(liaison.Change{Sessions: []liaison.Session{young, theirs}})
	theirs.Version++
	s.wantSessionsOf(account, theirs, middle, old)
	s.wantSessionsOf(other)

	many := make([]liaison.Session, liaison.MaxSessionsOf+1)
	for i := range many {
		many[i] = s.newSession()
		many[i].Account, many[i].CreatedAt = other, epoch.Add(time.Duration(-i)*time.Second)
	}
	s.commit(liaison.Change{Sessions: many})
	for i := range many {
		many[i].Version = 1
	}
	s.wantSessionsOf(other, many[:liaison.MaxSessionsOf]...)
}

func (s *suite) wantSessionsOf(account protocol.Account, want ...liaison.Session) {
	s.Helper()
	got, err := s.store.SessionsOf(s.Context(), account)
	if err != nil || !slices.Equal(got, want) {
		s.Fatalf("SessionsOf(%q):\n got %+v, %v\nwant %+v", account, got, err, want)
	}
}

func (s *suite) expired() {
	session, link := s.newSession(), s.newLink("site")
	session.ExpiresAt, link.ExpiresAt = time.Unix(1, 0).UTC(), time.Unix(1, 0).UTC()
	s.commit(liaison.Change{Sessions: []liaison.Session{session}, Links: []liaison.Link{link}})
	session.Version, link.Version = 1, 1
	s.wantSession(session)
	s.wantToken(session.TokenHash, session)
	s.wantLink(link)
}

func (s *suite) accounts() {
	record := liaison.AccountRecord{Account: "algorand:x:A", FirstSeenAt: epoch, LastSeenAt: epoch.Add(time.Second)}
	s.commit(liaison.Change{Accounts: []liaison.AccountRecord{record}})
	s.wantAccount(record)

	later := liaison.AccountRecord{Account: record.Account, FirstSeenAt: epoch.Add(time.Hour), LastSeenAt: epoch.Add(time.Hour)}
	s.commit(liaison.Change{Accounts: []liaison.AccountRecord{later}})
	record.LastSeenAt = later.LastSeenAt
	s.wantAccount(record)

	earlier := liaison.AccountRecord{Account: record.Account, FirstSeenAt: epoch.Add(-time.Hour), LastSeenAt: epoch.Add(-time.Hour)}
	s.commit(liaison.Change{Accounts: []liaison.AccountRecord{earlier}})
	s.wantAccount(record)

	s.commit(liaison.Change{Accounts: []liaison.AccountRecord{{Account: "algorand:x:B", LastSeenAt: epoch}}})
	s.wantAccount(liaison.AccountRecord{Account: "algorand:x:B", FirstSeenAt: epoch, LastSeenAt: epoch})
}

func (s *suite) wantAccount(want liaison.AccountRecord) {
	s.Helper()
	if got, err := s.store.Account(s.Context(), want.Account); err != nil || got != want {
		s.Fatalf("Account(%q):\n got %+v, %v\nwant %+v", want.Account, got, err, want)
	}
}

func (s *suite) waiting() {
	var want []liaison.Link
	for _, age := range []time.Duration{3 * time.Second, time.Second, 2 * time.Second} {
		link := s.newLink("site")
		link.IssuedAt = epoch.Add(-age)
		s.commit(liaison.Change{Links: []liaison.Link{link}})
		link.Version = 1
		want = append(want, link)
	}
	want[1], want[2] = want[2], want[1]
	s.storedLink("another site")
	for _, state := range []liaison.LinkState{liaison.Joined, liaison.Claimed, liaison.Closed} {
		link := s.newLink("site")
		link.State, link.Wallet = state, "site"
		s.commit(liaison.Change{Links: []liaison.Link{link}})
	}
	s.wantWaiting(want)

	left := want[1]
	for _, state := range []liaison.LinkState{liaison.Joined, liaison.Claimed, liaison.Closed} {
		left.State = state
		s.commit(liaison.Change{Links: []liaison.Link{left}})
		left.Version++
		s.wantWaiting([]liaison.Link{want[0], want[2]})
	}
	left.State = liaison.Waiting // a resumption that is opened anew
	s.commit(liaison.Change{Links: []liaison.Link{left}})
	left.Version++
	s.wantWaiting([]liaison.Link{want[0], left, want[2]})
}

func (s *suite) wantWaiting(want []liaison.Link) {
	s.Helper()
	got, err := s.store.WaitingLinks(s.Context(), "site")
	if err != nil || len(got) != len(want) {
		s.Fatalf("WaitingLinks: got %d links, %v, want %d", len(got), err, len(want))
	}
	for i := range want {
		if !equal(got[i], want[i]) {
			s.Fatalf("WaitingLinks[%d]:\n got %+v\nwant %+v", i, got[i], want[i])
		}
	}
}

func (s *suite) ping() {
	if err := s.store.Ping(s.Context()); err != nil {
		s.Fatalf("Ping: got %v, want nil", err)
	}
}
