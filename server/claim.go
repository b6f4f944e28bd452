package server

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// claimLink answers POST /v1/links/{requestId} (arrows 6 to 10).
func (s *Server) claimLink(w http.ResponseWriter, r *http.Request) error {
	id, err := requestID(r)
	if err != nil {
		return err
	}
	var body protocol.Claim
	if err := parseBody(r, &body); err != nil {
		return err
	}
	c, err := s.claim(r, id, body)
	code := protocol.Code("")
	if err != nil {
		code, _ = publicError(err)
	}
	s.metrics.Claim(code)
	if err != nil {
		s.log.InfoContext(r.Context(), "claim refused", "link", s.alias(id), "code", code, "cause", logText(err))
		return err
	}
	s.log.InfoContext(r.Context(), "link claimed", "link", s.alias(id), "chain", c.link.Account.Chain(), "assurance", c.link.Assurance(), "held", c.link.Held, "again", c.again)
	s.setCookie(w, r, c.token)
	return writeJSON(w, viewOf(c.wallet))
}

// proofTimeout bounds what follows once a nonce is spent.
const proofTimeout = 10 * time.Second

// claiming is a claim that was carried out.
type claiming struct {
	link   liaison.Link
	wallet liaison.Session
	token  liaison.Token // opens wallet
	again  bool          // it had been carried out before, and its answer was lost
}

// claim spends the nonce, checks the proof, and stores in one change: the
// link's claimant, the wallet's session and, unless the claim is held, what
// [Server.signSiteIn] adds.
func (s *Server) claim(r *http.Request, id protocol.RequestID, claim protocol.Claim) (c claiming, err error) {
	token, ok := s.requestToken(r)
	if !ok {
		return c, &liaison.Error{Code: protocol.SessionRequired, Op: "claim link", Msg: "join the link first"}
	}
	ctx := r.Context()
	c.token = token.Successor(claim.Key)
	if c.wallet, err = s.tokenSession(ctx, token); errors.Is(err, protocol.SessionRequired) {
		return s.claimedBefore(ctx, c, id, claim)
	} else if err != nil {
		return c, err
	}
	// A place to check the proof comes first: whoever finds none keeps the nonce.
	release, err := s.proofChecks.enter(ctx)
	if err != nil {
		return c, err
	}
	defer release()
	spend := liaison.Event{Kind: liaison.Consume, Now: s.cfg.Now(), Session: c.wallet.ID, Nonce: claim.Nonce}
	if c.link, err = s.updateLink(ctx, "consume nonce", id, spend, nil); err != nil {
		return c, err
	}
	// There is no second proof, so this one is looked at also for a client that
	// hangs up meanwhile: it asks again.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), proofTimeout)
	defer cancel()
	if err = s.checkProof(ctx, c.link, claim); err != nil {
		s.endUnproved(ctx, id)
		return c, err
	}
	err = s.storeClaim(ctx, id, claim, s.sender(r), &c)
	return c, err
}

// storeClaim stores what follows from a proof that held.
func (s *Server) storeClaim(ctx context.Context, id protocol.RequestID, claim protocol.Claim, from sender, c *claiming) (err error) {
	now, joined := s.cfg.Now(), c.wallet
	event := liaison.Event{Kind: liaison.Claim, Now: now, Session: joined.ID, Proof: claim.Proof, Held: claim.Held, Verified: claim.Verified}
	c.link, err = s.updateLink(ctx, "claim link", id, event, func(next liaison.Link, change *liaison.Change) error {
		wallet, err := s.cfg.Store.Session(ctx, joined.ID)
		if err != nil {
			return unavailable("find the wallet's session", err)
		}
		if !wallet.Live(now, s.cfg.Sessions) {
			return &liaison.Error{Code: protocol.SessionRequired, Op: "claim link", Msg: "the wallet's session has ended"}
		}
		c.wallet = wallet.SignedIn(next.Account, next.Assurance()).Rotated(c.token, now, s.cfg.Sessions)
		c.wallet.ProvedAt = now
		change.Sessions = []liaison.Session{c.wallet}
		return s.signSiteIn(ctx, next, now, change)
	})
	if err == nil {
		s.hub.linkClaimed(c.link, &claim.Answer, from)
		s.hub.rotated(c.wallet, id)
	}
	return err
}

// signSiteIn adds what a claim means for the browser that owns the link: its
// upgraded session, and that the account was here. One that is held means nothing
// yet, but there must be somebody whom it could.
func (s *Server) signSiteIn(ctx context.Context, link liaison.Link, now time.Time, change *liaison.Change) error {
	site, err := s.cfg.Store.Session(ctx, link.Site)
	if err != nil {
		return unavailable("find the link's session", err)
	}
	if !site.Live(now, s.cfg.Sessions) {
		return &liaison.Error{Code: protocol.LinkClosed, Op: "sign in", Msg: "the site's session has ended"}
	}
	if link.Held {
		return nil
	}
	site = site.Upgraded(link.Account, link.Assurance())
	site.ProvedAt = now
	change.Sessions = append(change.Sessions, site)
	change.Accounts = []liaison.AccountRecord{{Account: link.Account, FirstSeenAt: now, LastSeenAt: now}}
	return nil
}

// releaseLink answers POST /v1/links/{requestId}/release: what the wallet still
// had to check holds, so the site is signed in now. Whoever is far away, or was
// shown somebody else's code, gets no session by a claim that is held.
func (s *Server) releaseLink(w http.ResponseWriter, r *http.Request) error {
	id, session, err := s.linkAsked(r)
	if err != nil {
		return err
	}
	var next liaison.Link
	var held bool
	err = s.update(r.Context(), "release link", func() (change liaison.Change, err error) {
		link, err := s.storedLink(r.Context(), id)
		if err != nil {
			return change, err
		}
		now := s.cfg.Now()
		next, _, err = link.Transition(liaison.Event{Kind: liaison.Release, Now: now, Session: session.ID})
		if held = link.Held; err != nil || !held {
			return change, err // made again, it changes nothing
		}
		change.Links = []liaison.Link{next}
		err = s.signSiteIn(r.Context(), next, now, &change)
		return change, err
	})
	if err != nil {
		return err
	}
	if held {
		s.hub.linkClaimed(next, nil, sender{})
		s.log.InfoContext(r.Context(), "link released", "link", s.alias(id), "assurance", next.Assurance())
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// claimedBefore answers a claim whose answer was lost: only the wallet that made
// it knows the token and the key which together lead to its session.
func (s *Server) claimedBefore(ctx context.Context, c claiming, id protocol.RequestID, claim protocol.Claim) (_ claiming, err error) {
	if c.wallet, err = s.tokenSession(ctx, c.token); err != nil {
		return c, err
	}
	if c.link, err = s.link(ctx, id); err != nil {
		return c, err
	}
	if c.link.Wallet != c.wallet.ID || !c.link.Proof.Equal(claim.Proof) {
		return c, &liaison.Error{Code: protocol.LinkTaken, Op: "claim link", Msg: "the link was claimed with another proof"}
	}
	c.again = true
	return c, nil
}

// endUnproved ends a link whose one proof did not hold: its nonce is spent.
func (s *Server) endUnproved(ctx context.Context, id protocol.RequestID) {
	event := liaison.Event{Kind: liaison.Close, Now: s.cfg.Now(), Reason: protocol.ProofRejected}
	if _, err := s.updateLink(ctx, "end link", id, event, nil); err != nil {
		s.log.WarnContext(ctx, "link without a proof not ended", "cause", logText(err)) // it ends by itself
	}
}

// checkProof says whether the proof is good for the link, whose nonce was spent
// on it. The cause is for the log: outside all causes are one code.
func (s *Server) checkProof(ctx context.Context, link liaison.Link, claim protocol.Claim) error {
	reject := func(cause error) error {
		return &liaison.Error{Code: protocol.ProofRejected, Op: "check proof", Err: cause}
	}
	text, err := protocol.ParseSignIn(claim.Proof.Message, claim.Proof.Chain.Namespace())
	if err != nil {
		return reject(err)
	}
	want := s.cfg.signInRequest(link).For(claim.Proof.Chain, claim.Proof.Address, link.Channel)
	want.Nonce = claim.Nonce // the one that was spent
	if cause := s.checkText(text, want); cause != "" {
		return reject(protocol.Errorf(protocol.ProofRejected, "%s", cause))
	}
	start := time.Now()
	err = s.cfg.Verifier.Verify(ctx, claim.Proof)
	s.metrics.ProofSeconds.Observe(time.Since(start).Seconds())
	if err != nil {
		return reject(err)
	}
	return nil
}

// checkText compares what was signed with what had to be signed.
func (s *Server) checkText(text, want protocol.SignIn) string {
	now := s.cfg.Now()
	switch {
	case text.Domain != want.Domain, text.URI != want.URI:
		return "signed for another site"
	case text.Channel != want.Channel:
		return "signed for another channel"
	case text.Nonce != want.Nonce:
		return "signed with another nonce"
	case text.Address != want.Address, text.Chain != want.Chain:
		return "signed for another account"
	case !slices.Contains(s.cfg.Chains, text.Chain):
		return "signed for a chain that may not sign in"
	case text.Statement != want.Statement, len(text.Resources) > 0:
		return "signed another statement"
	case text.IssuedAt.After(now.Add(protocol.ClockSkew)):
		return "issued in the future"
	case text.ExpirationTime.Sub(text.IssuedAt) > protocol.SignInTTL:
		return "valid for too long"
	case !text.ExpirationTime.After(now.Add(-protocol.ClockSkew)):
		return "expired"
	}
	return ""
}

// rejectLink answers POST /v1/links/{requestId}/reject: the person said no.
func (s *Server) rejectLink(w http.ResponseWriter, r *http.Request) error {
	id, session, err := s.linkAsked(r)
	if err != nil {
		return err
	}
	event := liaison.Event{Kind: liaison.Reject, Now: s.cfg.Now(), Session: session.ID}
	if _, err := s.updateLink(r.Context(), "reject link", id, event, nil); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// turnstile lets a few in at once and a bounded number wait.
type turnstile struct {
	inside, waiting chan struct{}
}

func newTurnstile(inside, waiting int) *turnstile {
	return &turnstile{inside: make(chan struct{}, inside), waiting: make(chan struct{}, inside+waiting)}
}

// enter waits for a place and returns how to leave it.
func (t *turnstile) enter(ctx context.Context) (leave func(), err error) {
	select {
	case t.waiting <- struct{}{}:
	default:
		return nil, &liaison.Error{Code: protocol.Overloaded, Op: "check proof", Msg: "too many proofs wait to be checked"}
	}
	select {
	case t.inside <- struct{}{}:
		return func() { <-t.inside; <-t.waiting }, nil
	case <-ctx.Done():
		<-t.waiting
		return nil, unavailable("wait to check proof", ctx.Err())
	}
}
