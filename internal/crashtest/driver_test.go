package crashtest_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"

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
	if d.chance(50) && d.call(http.MethodPost, linkPath(c.RequestID, "/offer"), d.site, frame("offer")).lost() {
		return false, nil
	}
	signIn := c.SignIn
	if d.chance(40) {
		next, up, err := d.tryBadProof(c.RequestID, signIn)
		if !up || err != nil || d.chance(50) {
			return up, err // the nonce is posted again when the server is back
		}
		signIn = next
	}
	wallet, up, err := d.claim(c.RequestID, signIn)
	if !up || err != nil {
		return up, err
	}
	if d.chance(50) && d.call(http.MethodPost, linkPath(c.RequestID, "/answer"), wallet, frame("answer")).lost() {
		return false, nil
	}
	if d.chance(70) {
		if up, err = d.collect(c.RequestID); !up || err != nil {
			return up, err
		}
	} else {
		d.site = "" // somebody else's browser comes next
	}
	if d.chance(25) {
		up = d.logout(wallet)
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

// tryBadProof posts a nonce with a signature that does not hold, and returns
// what the link asks for then.
func (d *driver) tryBadProof(id protocol.RequestID, signIn protocol.SignInRequest) (next protocol.SignInRequest, up bool, err error) {
	good, err := sign(signIn, id)
	if err != nil {
		return next, true, err
	}
	bad := good
	bad.Proof.Signature = append(protocol.Base64(nil), good.Proof.Signature...)
	bad.Proof.Signature[d.rand.IntN(len(bad.Proof.Signature))] ^= 1
	posted := &claim{id: id, site: d.site, good: good, nonce: unknown}
	defer d.ledger.claim(posted)
	a := d.call(http.MethodPost, linkPath(id, ""), "", bad)
	if a.lost() {
		return next, false, nil
	}
	if a.code != protocol.ProofRejected {
		return next, true, fmt.Errorf("claim with a bad signature: got %s, want %s", a, protocol.ProofRejected)
	}
	posted.nonce = refused
	view := d.call(http.MethodGet, linkPath(id, ""), "", nil)
	if !view.ok() {
		return next, false, nil
	}
	return decode[protocol.LinkView](view).SignIn, true, nil
}

// claim claims the link with a proof that holds, by an account that nobody used
// before, and returns the wallet's token.
func (d *driver) claim(id protocol.RequestID, signIn protocol.SignInRequest) (wallet string, up bool, err error) {
	good, err := sign(signIn, id)
	if err != nil {
		return "", true, err
	}
	if d.chance(50) {
		answer := frame("answer")
		good.Answer = &answer
	}
	posted := &claim{id: id, site: d.site, good: good, nonce: unknown}
	defer d.ledger.claim(posted)
	a := d.call(http.MethodPost, linkPath(id, ""), "", good)
	d.ledger.change(d.site, a, retired)
	if a.lost() {
		return "", false, nil
	}
	if !a.ok() {
		return "", true, fmt.Errorf("claim with a proof that holds: got %s, want it accepted", a)
	}
	posted.nonce = accepted
	d.ledger.account(good.Proof.Account())
	d.ledger.note(a.token, open(good.Proof.Account()))
	return a.token, true, nil
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

// sign returns a claim whose proof holds, by a new account.
func sign(signIn protocol.SignInRequest, id protocol.RequestID) (protocol.Claim, error) {
	key := chain.GenerateAlgorandKey()
	text, err := signIn.For(key.Chain(), key.Address(), id).Text()
	if err != nil {
		return protocol.Claim{}, err
	}
	proof, err := key.Sign(context.Background(), text)
	return protocol.Claim{Nonce: signIn.Nonce, Proof: proof}, err
}

// frame returns a first frame. The server does not look into it.
func frame(text string) protocol.Frame {
	return protocol.Frame{D: base64.RawURLEncoding.EncodeToString([]byte(text))}
}
