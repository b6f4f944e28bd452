package crashtest_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/protocol"
)

// driver plays a site and the wallets that scan its codes, one call after the
// other, and notes in the ledger what each answer promises. It ends with the
// first call that gets no answer.
type driver struct {
	*caller
	ledger *ledger
	rand   *rand.Rand
	site   string // token of the site's browser; empty before the first link
}

// run links until the server is gone. An error is a promise that was broken
// while it ran.
func (d *driver) run() error {
	for {
		up, err := d.link()
		if !up || err != nil {
			return err
		}
	}
}

func (d *driver) chance(percent int) bool { return d.rand.IntN(100) < percent }

// link plays one link from the challenge to the logout. It reports whether the
// server still answers.
func (d *driver) link() (up bool, err error) {
	c, up := d.open()
	if !up {
		return false, nil
	}
	l, err := newAttempt(c, d.site)
	if err != nil {
		return true, err
	}
	if up, err = d.join(l); !up || err != nil {
		return up, err
	}
	if d.call(http.MethodPost, linkPath(l.id, "/offer"), d.site, l.welcome).lost() {
		d.ledger.join(l)
		return false, nil
	}
	if d.chance(40) {
		return d.tryBadProof(l)
	}
	if up, err = d.claim(l); !up || err != nil {
		return up, err
	}
	if d.chance(50) && d.call(http.MethodPost, linkPath(l.id, "/answer"), l.claimed, frame(2, "candidate")).lost() {
		return false, nil
	}
	if d.chance(70) {
		if up, err = d.collect(l.id); !up || err != nil {
			return up, err
		}
	} else {
		d.site = "" // somebody else's browser comes next
	}
	if d.chance(25) {
		up = d.logout(l.claimed)
	}
	return up, nil
}

// open opens a link. An anonymous session gets a new token by it, and its old
// one is dead; one that is signed in keeps its token.
func (d *driver) open() (c protocol.Challenge, up bool) {
	if d.chance(30) {
		d.site = ""
	}
	a := d.call(http.MethodGet, protocol.PathChallenge, d.site, nil)
	if !a.ok() {
		if anonymous(d.ledger.mayBe(d.site)) {
			d.ledger.change(d.site, a, dead)
		}
		return c, false
	}
	if a.token != "" {
		d.ledger.change(d.site, a, dead)
		d.site = a.token
		d.ledger.note(d.site, open(""))
	}
	return decode[protocol.Challenge](a), true
}

func anonymous(standings []standing) bool { return len(standings) == 1 && standings[0] == open("") }

// join takes the place of the link's wallet.
func (d *driver) join(l *attempt) (up bool, err error) {
	a := d.call(http.MethodPost, linkPath(l.id, "/join"), "", l.join)
	if a.lost() {
		d.ledger.join(l)
		return false, nil
	}
	if !a.ok() || a.token != l.joined {
		return true, fmt.Errorf("join: got %s, want the token that follows from the key", a)
	}
	d.ledger.note(l.joined, open(""))
	return true, nil
}

// tryBadProof posts the nonce with a signature that does not hold, which ends the
// link. Whether one that holds is still taken is tried when the server is back.
func (d *driver) tryBadProof(l *attempt) (up bool, err error) {
	bad := l.good
	bad.Proof.Signature = append(protocol.Base64(nil), l.good.Proof.Signature...)
	bad.Proof.Signature[d.rand.IntN(len(bad.Proof.Signature))] ^= 1
	defer d.ledger.claim(l)
	a := d.call(http.MethodPost, linkPath(l.id, ""), l.joined, bad)
	if a.lost() {
		return false, nil
	}
	if a.code != protocol.ProofRejected {
		return true, fmt.Errorf("claim with a bad signature: got %s, want %s", a, protocol.ProofRejected)
	}
	l.nonce = refused
	return true, nil
}

// claim claims the link with a proof that holds, by an account that nobody used
// before.
func (d *driver) claim(l *attempt) (up bool, err error) {
	defer d.ledger.claim(l)
	a := d.call(http.MethodPost, linkPath(l.id, ""), l.joined, l.good)
	d.ledger.change(d.site, a, retired)
	d.ledger.change(l.joined, a, dead)
	if a.lost() {
		return false, nil
	}
	if !a.ok() || a.token != l.claimed {
		return true, fmt.Errorf("claim with a proof that holds: got %s, want it accepted, with the token that follows from the key", a)
	}
	l.nonce = accepted
	d.ledger.account(l.account())
	d.ledger.note(l.claimed, open(l.account()))
	return true, nil
}

// collect exchanges the site's retired token.
func (d *driver) collect(id protocol.RequestID) (up bool, err error) {
	a := d.call(http.MethodPost, protocol.PathSession, d.site, protocol.NewCollection(id))
	d.ledger.change(d.site, a, dead)
	if a.lost() {
		return false, nil
	}
	if !a.ok() {
		return true, fmt.Errorf("collect a session after an acknowledged claim: got %s, want it given", a)
	}
	d.site = a.token
	d.ledger.note(d.site, open(decode[protocol.SessionView](a).Account))
	return true, nil
}

func (d *driver) logout(token string) (up bool) {
	a := d.call(http.MethodDelete, protocol.PathSession, token, nil)
	d.ledger.change(token, a, dead)
	return !a.lost()
}

// newAttempt prepares what a wallet with a new account does with a link.
func newAttempt(c protocol.Challenge, site string) (*attempt, error) {
	key, id := chain.GenerateAlgorandKey(), c.RequestID
	hash := sha256.Sum256([]byte(id))
	channel := protocol.ChannelID("l1." + base64.RawURLEncoding.EncodeToString(hash[:]))
	text, err := c.SignIn.For(key.Chain(), key.Address(), channel).Text()
	if err != nil {
		return nil, err
	}
	proof, err := key.Sign(context.Background(), text)
	welcome := frame(0, "welcome")
	l := &attempt{
		id: id, site: site, nonce: unknown,
		join:    protocol.Join{Frame: frame(0, "hello"), Key: protocol.NewNonce()},
		welcome: protocol.Offer{N: welcome.N, D: welcome.D, Channel: channel},
		good:    protocol.Claim{Nonce: c.SignIn.Nonce, Proof: proof, Answer: frame(1, "answer"), Key: protocol.NewNonce()},
	}
	joined := liaison.JoinToken(l.join.Key, id)
	l.joined, l.claimed = joined.Reveal(), joined.Successor(l.good.Key).Reveal()
	return l, err
}

// frame returns a frame. The server does not look into it.
func frame(n uint64, text string) protocol.Frame {
	return protocol.Frame{N: n, D: base64.RawURLEncoding.EncodeToString([]byte(text))}
}
