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
//   - a claim that was acknowledged holds, and is refused a second time;
//   - a nonce that was spent is not accepted again, nor asked for again, whether
//     its proof held or not; where no answer came, it is either still the one
//     that the link asks for, and good once, or it is refused;
//   - a claim without an answer happened as a whole or not at all: if the link
//     is taken, the site's session has the account's rights.
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
		if a := newCaller(p).light(1+random.IntN(80), when); !a.ok() {
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
		if err != nil {
			t.Errorf("link %s of an acknowledged challenge: %v", c.id, err)
		}
		if c.nonce == accepted && (link.State != liaison.Claimed || link.Account != c.good.Proof.Account()) {
			t.Errorf("link %s: got %s by %q, want claimed by %q", c.id, link.State, link.Account, c.good.Proof.Account())
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
	tokens, claims := a.book.takeNews()
	for _, token := range tokens {
		a.token(token)
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

// claim checks that a nonce which was spent is neither asked for nor accepted
// again, and settles the fate of one for which no answer came.
func (a auditor) claim(c *claim) {
	a.t.Helper()
	view := a.call(http.MethodGet, linkPath(c.id, ""), "", nil)
	offered := view.ok() && decode[protocol.LinkView](view).SignIn.Nonce == c.good.Nonce
	if offered && c.nonce != unknown {
		a.t.Errorf("link %s asks again for a nonce that was %s", c.id, c.nonce)
	}
	switch {
	case c.nonce == unknown && view.code == protocol.LinkTaken:
		a.whole(c)
	case c.nonce == unknown && slices.Contains(a.book.mayBe(c.site), retired):
		a.t.Errorf("link %s is not taken (view: %s), and its site's session is upgraded", c.id, view)
	}
	first := a.post(c)
	if first.ok() != offered {
		a.t.Errorf("link %s (view: %s), nonce %s, posted again: got %s, want accepted = %v", c.id, view, c.nonce, first, offered)
	}
	if second := a.post(c); second.ok() {
		a.t.Errorf("link %s: a nonce (%s) was accepted twice", c.id, c.nonce)
	}
	switch {
	case first.ok():
		a.claimed(c, first)
	case c.nonce == accepted && first.code != protocol.LinkTaken:
		a.t.Errorf("link %s that was claimed: got %s upon a second claim, want %s", c.id, first, protocol.LinkTaken)
	case c.nonce == unknown:
		c.nonce = refused
	}
}

func (a auditor) post(c *claim) answer {
	return a.call(http.MethodPost, linkPath(c.id, ""), "", c.good)
}

// claimed notes a claim that was accepted only now.
func (a auditor) claimed(c *claim, given answer) {
	c.nonce = accepted
	account := c.good.Proof.Account()
	a.book.account(account)
	a.book.note(c.site, retired)
	a.book.note(given.token, open(account))
	a.token(c.site)
	a.token(given.token)
}

// whole checks that a claim for which no answer came, and which nevertheless
// happened, is all there: the site's session has the rights of the account.
func (a auditor) whole(c *claim) {
	a.t.Helper()
	collected := a.call(http.MethodPost, protocol.PathSession, c.site, protocol.NewCollection(c.id))
	want := c.good.Proof.Account()
	if !collected.ok() || decode[protocol.SessionView](collected).Account != want {
		a.t.Errorf("link %s is taken, and its site's session: got %s (%s), want it upgraded to %s", c.id, collected, collected.body, want)
		return
	}
	c.nonce = accepted
	a.book.account(want)
	a.book.note(c.site, dead)
	a.book.note(collected.token, open(want))
}
