package liaison_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/internal/vectortable"
	"github.com/liaison-dev/liaison/protocol"
)

var limits = liaison.SessionLimits{Idle: time.Hour, Absolute: 24 * time.Hour}

func TestTokenNeverShowsItself(t *testing.T) {
	token := liaison.NewToken()
	secret := token.Reveal()
	wrapped := struct {
		Token   liaison.Token
		Pointer *liaison.Token
		List    []liaison.Token
		Map     map[string]liaison.Token
	}{token, &token, []liaison.Token{token}, map[string]liaison.Token{"k": token}}
	var shown []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		shown = append(shown, fmt.Sprintf(verb, token), fmt.Sprintf(verb, &token), fmt.Sprintf(verb, wrapped))
	}
	shown = append(shown, fmt.Sprint(token), fmt.Errorf("session %v", token).Error())
	for _, v := range []any{token, &token, wrapped} {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		shown = append(shown, string(data))
	}
	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil)} {
		slog.New(handler).Info("session", "token", token, "pointer", &token, "in", wrapped, slog.Group("g", "token", token))
	}
	for _, s := range append(shown, log.String()) {
		lower := strings.ToLower(s)
		if strings.Contains(s, secret) || strings.Contains(lower, fmt.Sprintf("%x", secret)) {
			t.Errorf("token %s shows itself in %s", secret, s)
		}
	}
}

func TestTokenHash(t *testing.T) {
	a, b := liaison.NewToken(), liaison.NewToken()
	if a.Hash() == b.Hash() || a.Hash() != liaison.Token(a.Reveal()).Hash() {
		t.Errorf("hashes of tokens: got %x and %x, want them to differ and to be repeatable", a.Hash(), b.Hash())
	}
}

func TestSessionLife(t *testing.T) {
	token := liaison.NewToken()
	s := liaison.NewSession(token, start, limits)
	if s.TokenHash != token.Hash() || s.Version != 0 || s.Account != "" || s.Assurance != "" || s.Retired {
		t.Errorf("new session: got %+v, want it anonymous under its token", s)
	}
	for _, c := range []struct {
		name string
		at   time.Duration
		seen time.Duration
		want bool
	}{
		{"fresh", 0, 0, true},
		{"just before it is idle for too long", time.Hour - 1, 0, true},
		{"idle for too long", time.Hour, 0, false},
		{"in use to the last", 24*time.Hour - 1, 24*time.Hour - 2, true},
		{"at its absolute end, in use", 24 * time.Hour, 24*time.Hour - 1, false},
	} {
		used := signedIn(liaison.NewToken())
		used.SeenAt = start.Add(c.seen)
		if got := used.Live(start.Add(c.at), limits); got != c.want {
			t.Errorf("session %s: live is %t, want %t", c.name, got, c.want)
		}
	}
}

const account protocol.Account = "algorand:x:ABC"

// signedIn returns a session with the rights of an account.
func signedIn(token liaison.Token) liaison.Session {
	return liaison.NewSession(token, start, limits).SignedIn(account, protocol.Sealed).Rotated(token, start, limits)
}

// TestAnonymousSessionEndsSoon: what anybody can have for the asking is not kept
// for as long as a sign-in.
func TestAnonymousSessionEndsSoon(t *testing.T) {
	s := liaison.NewSession(liaison.NewToken(), start, limits)
	if want := start.Add(limits.Idle); !s.ExpiresAt.Equal(want) {
		t.Errorf("anonymous session: end %s, want %s", s.ExpiresAt, want)
	}
	later := start.Add(time.Minute)
	if s = s.Rotated(liaison.NewToken(), later, limits); !s.ExpiresAt.Equal(later.Add(limits.Idle)) {
		t.Errorf("anonymous session with a new token: end %s, want %s", s.ExpiresAt, later.Add(limits.Idle))
	}
}

// TestSessionUpgrade guards against session fixation: a token from before the
// sign-in must open nothing after it.
func TestSessionUpgrade(t *testing.T) {
	old := liaison.NewToken()
	before := liaison.NewSession(old, start, limits)
	upgraded := before.Upgraded(account, protocol.SealedOrigin)
	if upgraded.Account != account || upgraded.Assurance != protocol.SealedOrigin || !upgraded.Retired || upgraded.ID != before.ID {
		t.Errorf("upgraded session: got %+v, want the account, and the token retired", upgraded)
	}
	later := start.Add(time.Minute)
	token := liaison.NewToken()
	after := upgraded.Rotated(token, later, limits)
	if after.Retired || after.TokenHash != token.Hash() || after.TokenHash == old.Hash() || after.Account != account || after.Assurance != protocol.SealedOrigin {
		t.Errorf("rotated session: got %+v, want it under a new token, not retired", after)
	}
	if after.Generation != before.Generation+1 || !after.SeenAt.Equal(later) || !after.ExpiresAt.Equal(later.Add(limits.Absolute)) {
		t.Errorf("rotated session: got generation %d, seen %s, end %s", after.Generation, after.SeenAt, after.ExpiresAt)
	}
	if before.Account != "" || before.Retired {
		t.Errorf("the session that was upgraded changed itself: %+v", before)
	}
}

func TestSessionEnded(t *testing.T) {
	s := signedIn(liaison.NewToken())
	ended := s.Ended(start)
	if ended.Live(start, limits) || ended.Account != "" || ended.Assurance != "" || ended.Generation != s.Generation+1 {
		t.Errorf("session after logout: got %+v, want it dead, without account, of the next generation", ended)
	}
}

// TestTokenVectors: a wallet computes the tokens that the server does.
func TestTokenVectors(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("vectors", "tokens.json"))
	if err != nil {
		t.Fatal(err)
	}
	var f vectortable.TokenFile
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	if len(f.Joins) == 0 || len(f.Successors) == 0 {
		t.Fatal("there are no vectors of one kind")
	}
	for _, v := range f.Joins {
		if got := liaison.JoinToken(protocol.Nonce(v.Key), protocol.RequestID(v.RequestID)).Reveal(); got != v.Token {
			t.Errorf("%s: token %q, want %q", v.Name, got, v.Token)
		}
	}
	for _, v := range f.Successors {
		if got := liaison.Token(v.Token).Successor(protocol.Nonce(v.Key)).Reveal(); got != v.Next {
			t.Errorf("%s: next token %q, want %q", v.Name, got, v.Next)
		}
	}
}

// TestSuccessor: the next token depends on the present one and on the key.
func TestSuccessor(t *testing.T) {
	token, other := liaison.NewToken(), liaison.NewToken()
	key, otherKey := protocol.NewNonce(), protocol.NewNonce()
	next := token.Successor(key)
	if again := token.Successor(key); again != next {
		t.Errorf("successor of the same token and key: got another one the second time")
	}
	for what, wrong := range map[string]liaison.Token{
		"another token": other.Successor(key), "another key": token.Successor(otherKey), "the token itself": token,
	} {
		if wrong == next {
			t.Errorf("%s gives the same successor", what)
		}
	}
	if len(next.Reveal()) != len(token.Reveal()) {
		t.Errorf("successor has %d characters, want %d as every token", len(next.Reveal()), len(token.Reveal()))
	}
}

// TestJoinToken: a wallet's token depends on the link and on the key that the
// wallet drew, and on nothing else.
func TestJoinToken(t *testing.T) {
	id, key := protocol.NewRequestID(), protocol.NewNonce()
	token := liaison.JoinToken(key, id)
	if again := liaison.JoinToken(key, id); again != token {
		t.Errorf("token for the same link and key: got another one the second time")
	}
	for what, wrong := range map[string]liaison.Token{
		"another link": liaison.JoinToken(key, protocol.NewRequestID()), "another key": liaison.JoinToken(protocol.NewNonce(), id),
		"link and key the other way round": liaison.JoinToken(protocol.Nonce(id), protocol.RequestID(key)), "its own successor": token.Successor(key),
	} {
		if wrong == token {
			t.Errorf("%s gives the same token", what)
		}
	}
	if len(token.Reveal()) != len(liaison.NewToken().Reveal()) {
		t.Errorf("token has %d characters, want %d as every token", len(token.Reveal()), len(liaison.NewToken().Reveal()))
	}
}

// TestSessionFresh: what was proved is fresh for ten minutes, to each node's
// clock, and for nobody who is not signed in.
func TestSessionFresh(t *testing.T) {
	at := time.Unix(1_800_000_000, 0).UTC()
	for _, c := range []struct {
		account protocol.Account
		proved  time.Time
		want    bool
	}{
		{"algorand:x:A", at, true},
		{"algorand:x:A", at.Add(-10*time.Minute + time.Second), true},
		{"algorand:x:A", at.Add(-10 * time.Minute), false},
		{"algorand:x:A", at.Add(time.Second), true},
		{"algorand:x:A", at.Add(time.Minute), false},
		{"algorand:x:A", time.Time{}, false},
		{"", at, false},
	} {
		s := liaison.Session{Account: c.account, ProvedAt: c.proved}
		if got := s.Fresh(at); got != c.want {
			t.Errorf("%q that proved it at %v is fresh at %v: got %t, want %t", c.account, c.proved, at, got, c.want)
		}
		if ended := s.Ended(at); !ended.ProvedAt.IsZero() || ended.Fresh(at) {
			t.Errorf("an ended session is fresh: %+v", ended)
		}
	}
}
