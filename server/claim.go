package server

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/liaison-dev/liaison"
	"github.com/liaison-dev/liaison/protocol"
)

// viewLink answers GET /v1/links/{requestId}: what a wallet that scanned the
// code is asked.
func (s *Server) viewLink(w http.ResponseWriter, r *http.Request) error {
	id, err := requestID(r)
	if err != nil {
		return err
	}
	link, err := s.link(r.Context(), id)
	if err != nil {
		return err
	}
	if link.State != liaison.Waiting {
		return &liaison.Error{Code: protocol.LinkTaken, Op: "view link"}
	}
	return writeJSON(w, protocol.LinkView{
		RequestID:  link.ID,
		ExpiresAt:  link.ExpiresAt,
		Site:       s.site(),
		SignIn:     s.cfg.signInRequest(link),
		Offer:      s.hub.firstOffer(link.ID),
		ICEServers: s.cfg.ICEServers,
	})
}

// claimLink answers POST /v1/links/{requestId} (arrows 6 to 10).
func (s *Server) claimLink(w http.ResponseWriter, r *http.Request) error {
	id, err := requestID(r)
	if err != nil {
		return err
	}
	var claim protocol.Claim
	if err := parseBody(r, &claim); err != nil {
		return err
	}
	link, session, token, err := s.claim(r.Context(), id, claim)
	code := protocol.Code("")
	if err != nil {
		code, _ = publicError(err)
	}
	s.metrics.Claim(code)
	if err != nil {
		s.log.InfoContext(r.Context(), "claim refused", "link", s.alias(id), "code", code, "cause", logText(err))
		return err
	}
	s.log.InfoContext(r.Context(), "link claimed", "link", s.alias(id), "chain", link.Account.Chain())
	s.setCookie(w, token)
	return writeJSON(w, protocol.SessionView{Account: session.Account, ExpiresAt: session.ExpiresAt})
}

// claim spends the nonce, checks the proof, and stores in one change: the
// link's claimant, the account, the wallet's session, and the upgraded session
// of the browser that owns the link.
func (s *Server) claim(ctx context.Context, id protocol.RequestID, claim protocol.Claim) (link liaison.Link, wallet liaison.Session, token liaison.Token, err error) {
	spend := liaison.Event{Kind: liaison.Consume, Now: s.cfg.Now(), Nonce: claim.Nonce, NextNonce: protocol.NewNonce()}
	if link, err = s.updateLink(ctx, "consume nonce", id, spend, nil); err != nil {
		return
	}
	if err = s.checkProof(ctx, link, claim); err != nil {
		return
	}
	now := s.cfg.Now()
	wallet, token = liaison.NewSession(claim.Proof.Account(), now, s.cfg.Sessions)
	event := liaison.Event{Kind: liaison.Claim, Now: now, Wallet: wallet.ID, Proof: claim.Proof}
	var site liaison.Session
	link, err = s.updateLink(ctx, "claim link", id, event, func(next liaison.Link, change *liaison.Change) error {
		site, err = s.cfg.Store.Session(ctx, next.Site)
		if err != nil {
			return unavailable("find the link's session", err)
		}
		if !site.Live(now, s.cfg.Sessions) {
			return &liaison.Error{Code: protocol.LinkClosed, Op: "claim link", Msg: "the site's session has ended"}
		}
		site = site.Upgraded(next.Account)
		change.Sessions = []liaison.Session{site, wallet}
		change.Accounts = []liaison.AccountRecord{{Account: next.Account, FirstSeenAt: now, LastSeenAt: now}}
		return nil
	})
	if err == nil {
		s.hub.linkClaimed(link, claim.Answer)
	}
	return
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
	want := s.cfg.signInRequest(link).For(claim.Proof.Chain, claim.Proof.Address, link.ID)
	want.Nonce = claim.Nonce // the one that was spent
	if cause := s.checkText(text, want); cause != "" {
		return reject(protocol.Errorf(protocol.ProofRejected, "%s", cause))
	}
	release, err := s.proofChecks.enter(ctx)
	if err != nil {
		return err
	}
	defer release()
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
	case text.RequestID != want.RequestID:
		return "signed for another link"
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
	id, err := requestID(r)
	if err != nil {
		return err
	}
	var body protocol.Rejection
	if err := parseBody(r, &body); err != nil {
		return err
	}
	event := liaison.Event{Kind: liaison.Reject, Now: s.cfg.Now(), Nonce: body.Nonce}
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
