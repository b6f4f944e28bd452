package crashtest_test

import (
	"slices"
	"sync"

	"github.com/liaison-dev/liaison/protocol"
)

// standing is what a token is good for.
type standing string

// Standings of a token. One that opens a session is written "open:" and the
// account, which is empty for an anonymous session.
const (
	retired standing = "retired" // good for its successor only
	dead    standing = "dead"
)

func open(account protocol.Account) standing { return "open:" + standing(account) }

// spent is what is known of a nonce.
type spent string

// Fates of a nonce that was posted.
const (
	accepted spent = "accepted" // its claim was acknowledged
	refused  spent = "refused"  // its claim was answered with proof_rejected
	unknown  spent = "unknown"  // no answer came
)

// attempt is what one wallet does with one link: it joins, and posts the nonce.
type attempt struct {
	id      protocol.RequestID
	site    string // token of the site at that time
	join    protocol.Join
	welcome protocol.Offer
	joined  string         // token that follows from the join
	good    protocol.Claim // whose proof holds, whatever was posted
	claimed string         // token that follows from it
	nonce   spent
}

func (l *attempt) account() protocol.Account { return l.good.Proof.Account() }

// ledger is what the clients know for certain, because the server acknowledged
// it. Where no answer came, it has all that may be true; what is then seen is
// the truth from there on.
type ledger struct {
	mu sync.Mutex
	// Guarded by mu.
	tokens   map[string][]standing
	accounts map[protocol.Account]bool
	claims   []*attempt // that posted their nonce
	news     []string   // tokens whose standing was noted since the last check
	fresh    []*attempt // claims that were noted since the last check
	joins    []*attempt // that got no further than to join, since the last check
}

func newLedger() *ledger {
	return &ledger{tokens: make(map[string][]standing), accounts: make(map[protocol.Account]bool)}
}

// note says what a token may be good for from now on.
func (l *ledger) note(token string, standings ...standing) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tokens[token] = slices.Compact(standings)
	l.news = append(l.news, token)
}

// change notes that a token's standing changes for certain if the call was
// acknowledged, and may have changed if no answer came. A refused call changes
// nothing.
func (l *ledger) change(token string, a answer, to standing) {
	if token == "" {
		return
	}
	l.mu.Lock()
	before := l.tokens[token]
	l.mu.Unlock()
	switch {
	case a.ok():
		l.note(token, to)
	case a.lost():
		l.note(token, append([]standing{to}, before...)...)
	}
}

func (l *ledger) account(account protocol.Account) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.accounts[account] = true
}

func (l *ledger) claim(c *attempt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.claims = append(l.claims, c)
	l.fresh = append(l.fresh, c)
}

// join notes an attempt that joined, or may have.
func (l *ledger) join(c *attempt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.joins = append(l.joins, c)
}

// takeNews returns what was noted since the last call.
func (l *ledger) takeNews() (tokens []string, joins, claims []*attempt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	tokens, joins, claims = l.news, l.joins, l.fresh
	l.news, l.joins, l.fresh = nil, nil, nil
	slices.Sort(tokens)
	return slices.Compact(tokens), joins, claims
}

// mayBe returns what a token may be good for.
func (l *ledger) mayBe(token string) []standing {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tokens[token]
}

// standingOf reads the answer to GET /v1/session.
func standingOf(a answer) standing {
	switch {
	case a.ok():
		return open(decode[protocol.SessionView](a).Account)
	case a.code == protocol.SessionRotated:
		return retired
	case a.code == protocol.SessionRequired:
		return dead
	}
	return standing("nothing that was expected: " + a.String())
}
