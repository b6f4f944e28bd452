package crashtest_test

import (
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/sqlite"
)

const (
	// kills is how often a server dies on one data file.
	kills = 200
	// drivers link at the same time.
	drivers = 4
	// origin is the same for all the servers, so that a proof that was signed
	// for one could be good for the next.
	origin = "https://liaison.example"
)

// TestKilledServerKeepsItsWord kills a server 200 times while clients link sites
// and wallets, half the time at one of the statements of its store, right before
// or right after it, and else at any moment. Each time the next server on the
// same data must keep what was promised:
//
//   - a token that was acknowledged opens its session, for the right account;
//   - a token that was replaced, retired or logged out stays that;
//   - an account that was acknowledged is stored;
//   - a wallet that joined has the link's one place, and gets the same session
//     when it joins again with the same key; another wallet is refused;
//   - a claim that was acknowledged holds, leads to the same session when it is
//     made again with the same body, and is refused with any other;
//   - a nonce that was spent is not accepted for another proof, whether its own
//     held or not; where no answer came, it is either good once, or refused;
//   - a claim without an answer happened as a whole or not at all: if it holds,
//     the site's session has the account's rights, and else it has not.
func TestKilledServerKeepsItsWord(t *testing.T) {
	seed := seedOf(t)
	random := rand.New(rand.NewPCG(seed, 0))
	path := filepath.Join(t.TempDir(), "liaison.db")
	book := newLedger()
	for round := range kills {
		p := start(t, path, origin)
		audit := auditor{t, newPatientCaller(t, p), book}
		audit.news()
		runUntilKilled(t, p, book, random, uint64(round)+seed)
		if t.Failed() {
			t.Fatalf("seed %d, round %d", seed, round)
		}
		if round%20 == 0 {
			checkStore(t, path, book)
		}
	}
	checkStore(t, path, book)
	p := start(t, path, origin)
	audit := auditor{t, newPatientCaller(t, p), book}
	audit.news()
	audit.everything()
	fates := make(map[spent]int)
	for _, c := range book.claims {
		fates[c.nonce]++
	}
	t.Logf("after %d kills: %d tokens, %d accounts, nonces %v", kills, len(book.tokens), len(book.accounts), fates)
	if fates[accepted] < kills || fates[refused] < kills/4 {
		t.Errorf("only %v nonces in %d rounds: the test does not test much any more", fates, kills)
	}
}

func seedOf(t *testing.T) uint64 {
	seed := rand.Uint64()
	if text := os.Getenv("LIAISON_CRASH_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("LIAISON_CRASH_SEED=%q: %v", text, err)
		}
	}
	t.Logf("LIAISON_CRASH_SEED=%d", seed)
	return seed
}

// runUntilKilled lets clients link until the process is dead.
func runUntilKilled(t *testing.T, p *process, book *ledger, random *rand.Rand, seed uint64) {
	t.Helper()
	inside := random.IntN(2) == 0
	if inside {
		when := []string{"before", "after"}[random.IntN(2)]
		if a := newCaller(p).light(1+random.IntN(160), when); !a.ok() {
			t.Fatalf("light the fuse: %s", a)
		}
	}
	var clients sync.WaitGroup
	for i := range drivers {
		d := &driver{caller: newCaller(p), ledger: book, rand: rand.New(rand.NewPCG(seed, uint64(i)+1))}
		clients.Go(func() {
			if err := d.run(); err != nil {
				t.Error(err)
			}
		})
	}
	if inside {
		p.await(t)
	} else {
		wait(time.Duration(random.IntN(60_000))*time.Microsecond, p.ended)
		p.kill()
	}
	clients.Wait()
}

// checkStore looks into the data file of a dead server for what no call shows.
func checkStore(t *testing.T, path string, book *ledger) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatalf("open the data of a killed server: %v", err)
	}
	defer store.Close()
	for account := range book.accounts {
		if _, err := store.Account(t.Context(), account); err != nil {
			t.Errorf("acknowledged account %s: %v", account, err)
		}
	}
	for _, c := range book.claims {
		link, err := store.Link(t.Context(), c.id)
		switch {
		case err != nil:
			t.Errorf("link %s of an acknowledged challenge: %v", c.id, err)
		case c.nonce == accepted && (link.State != liaison.Claimed || link.Account != c.account()):
			t.Errorf("link %s: got %s by %q, want claimed by %q", c.id, link.State, link.Account, c.account())
		case c.nonce != unknown && link.Nonce != "":
			t.Errorf("link %s, whose nonce was %s: got nonce %q in the store, want none", c.id, c.nonce, link.Nonce)
		case link.State != liaison.Claimed && link.Account != "":
			t.Errorf("link %s is %s, and has account %q", c.id, link.State, link.Account)
		}
	}
}

// auditor compares what a server says with the ledger.
type auditor struct {
	t *testing.T
	*caller
	book *ledger
}

// news checks what was noted since the last check.
func (a auditor) news() {
	tokens, joins, claims := a.book.takeNews()
	for _, token := range tokens {
		a.token(token)
	}
	for _, c := range joins {
		a.joined(c)
	}
	for _, c := range claims {
		a.claim(c)
	}
}

// everything checks all that was ever noted. Nothing may change by itself.
func (a auditor) everything() {
	for token := range a.book.tokens {
		a.token(token)
	}
	for _, c := range a.book.claims {
		a.claim(c)
	}
}

// token checks that a token is good for what was acknowledged. What is seen is
// what it is good for from now on.
func (a auditor) token(token string) standing {
	a.t.Helper()
	want := a.book.mayBe(token)
	got := standingOf(a.call(http.MethodGet, protocol.PathSession, token, nil))
	if !slices.Contains(want, got) {
		a.t.Errorf("token: got %q, want one of %q", got, want)
	}
	if len(want) > 1 {
		a.book.mu.Lock()
		a.book.tokens[token] = []standing{got}
		a.book.mu.Unlock()
	}
	return got
}

// joined checks that a wallet which may have joined has its place, or gets it
// now, and nobody else.
func (a auditor) joined(c *attempt) {
	a.t.Helper()
	for range 2 {
		if got := a.call(http.MethodPost, linkPath(c.id, "/join"), "", c.join); !got.ok() || got.token != c.joined {
			a.t.Errorf("link %s, joined again with the same key: got %s, want the same session", c.id, got)
		}
	}
	a.book.note(c.joined, open(""))
	other := protocol.Join{Frame: c.join.Frame, Key: protocol.NewNonce()}
	if got := a.call(http.MethodPost, linkPath(c.id, "/join"), "", other); got.code != protocol.LinkTaken {
		a.t.Errorf("link %s, joined by another wallet: got %s, want %s", c.id, got, protocol.LinkTaken)
	}
}

// claim checks that a nonce which was spent is good for nothing but the claim
// that it was spent on, and settles the fate of one for which no answer came.
func (a auditor) claim(c *attempt) {
	a.t.Helper()
	got := a.post(c.joined, c.good, c)
	live := slices.Contains(a.book.mayBe(c.claimed), open(c.account()))
	switch {
	case got.ok() && got.token != c.claimed:
		a.t.Errorf("link %s: a claim that was made again gave another token than follows from its key", c.id)
	case got.ok() && c.nonce == unknown:
		a.whole(c)
	case got.ok() != (c.nonce == accepted && live):
		a.t.Errorf("link %s, whose nonce was %s, claimed again with the same body: got %s, want accepted = %t", c.id, c.nonce, got, c.nonce == accepted && live)
	case c.nonce == unknown:
		c.nonce = refused
		if slices.Contains(a.book.mayBe(c.site), retired) {
			a.t.Errorf("link %s is not claimed (%s), and its site's session is upgraded", c.id, got)
		}
	}
	other := c.good
	other.Key = protocol.NewNonce()
	for _, token := range []string{c.joined, c.claimed} {
		if got := a.post(token, other, c); got.ok() {
			a.t.Errorf("link %s: a nonce (%s) was accepted twice", c.id, c.nonce)
		}
	}
}

func (a auditor) post(token string, claim protocol.Claim, c *attempt) answer {
	return a.call(http.MethodPost, linkPath(c.id, ""), token, claim)
}

// whole checks that a claim for which no answer came, and which nevertheless
// holds, is all there: the site's session has the rights of the account, and so
// has the wallet's.
func (a auditor) whole(c *attempt) {
	a.t.Helper()
	want := c.account()
	collected := a.call(http.MethodPost, protocol.PathSession, c.site, protocol.NewCollection(c.id))
	if !collected.ok() || decode[protocol.SessionView](collected).Account != want {
		a.t.Errorf("link %s is taken, and its site's session: got %s (%s), want it upgraded to %s", c.id, collected, collected.body, want)
		return
	}
	c.nonce = accepted
	a.book.account(want)
	a.book.note(c.site, dead)
	a.book.note(collected.token, open(want))
	a.book.note(c.joined, dead)
	a.book.note(c.claimed, open(want))
	a.token(c.claimed)
	a.token(c.joined)
}
