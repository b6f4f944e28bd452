package client

import (
	"context"
	"crypto/tls"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/liaison-dev/liaison/chain"
	"github.com/liaison-dev/liaison/protocol"
	"github.com/liaison-dev/liaison/sealed"
)

// Verifier says whether a proof's signature is its account's. [chain.Verifier]
// is one.
type Verifier interface {
	Verify(ctx context.Context, proof protocol.Proof) error
}

// SiteConfig says where a site opens its links, and what it asks for. Only Server
// is needed.
type SiteConfig struct {
	// Server is the origin of the server.
	Server protocol.Origin
	// Site is who the wallet is told to talk to; the default is what the server
	// says of itself. Wallets refuse an origin that is not the one in the text to
	// sign.
	Site protocol.Site
	// Verifier checks the wallet's signature a second time, so that a server
	// that lies is caught. The default knows every chain of package chain.
	Verifier Verifier
	// AskCode, if it is not nil, has the person type the short code that the
	// wallet shows: the channel opens only after the right one. It is called
	// three times at most, with how many tries are left.
	AskCode func(ctx context.Context, tries int) (string, error)
	// Locality is how near the wallet must be. The default is
	// [protocol.LocalityReport]; [protocol.LocalityPrefer] needs AskCode.
	Locality protocol.Locality
	// Keeper stores what is needed to resume; without one the wallet is told that
	// nothing can be.
	Keeper Keeper
	// Resume is for how long the pairing may be resumed, at most
	// [protocol.MaxResume], which is the default.
	Resume time.Duration
	// Legacy says what becomes of a wallet that speaks a dialect, which cannot seal.
	// The default is [LegacyWarn]; with AskCode, or a locality of prefer or require,
	// it counts as [LegacyDeny].
	Legacy Legacy
	// ICE says how to look for a path to the wallet.
	ICE ICE
	// TLS is for servers whose certificate the system does not trust. The
	// default is the system's roots.
	TLS *tls.Config
	// Observe is called at each step, one call at a time, from goroutines of
	// this package: it must return soon and must not call Close.
	Observe func(Event)

	// confirm is set with AskCode by links that ask for the code whatever comes of
	// locality.
	alwaysAsk bool
}

func (c SiteConfig) withDefaults() (SiteConfig, error) {
	if _, err := protocol.ParseOriginUnsafe(string(c.Server)); err != nil {
		return c, err
	}
	if c.Locality == "" {
		c.Locality = protocol.LocalityReport
	}
	_, err := protocol.ParseLocality(string(c.Locality))
	if err != nil {
		return c, err
	}
	if c.Locality == protocol.LocalityPrefer && c.AskCode == nil {
		return c, protocol.Errorf(protocol.InvalidMessage, "locality prefer needs AskCode, for when the wallet is not near")
	}
	if c.Legacy, err = c.legacy(); err != nil {
		return c, err
	}
	c.alwaysAsk = c.AskCode != nil && c.Locality != protocol.LocalityPrefer
	if c.Verifier == nil {
		c.Verifier = chain.Default()
	}
	if c.Resume <= 0 || c.Resume > protocol.MaxResume {
		c.Resume = protocol.MaxResume
	}
	if c.Keeper == nil {
		c.Resume = 0
	}
	return c, nil
}

// PendingLink is a link, or a resumption, that waits for a wallet.
type PendingLink struct {
	// Fixed.
	pairing   *pairing
	challenge protocol.Challenge
	link      protocol.Link

	mu    sync.Mutex
	taken bool // guarded by mu; a Channel owns the pairing
}

// OpenLink opens a link on the server: show [PendingLink.Link] as a QR code, then
// call [PendingLink.Accept]. Errors: [protocol.SignalingUnreachable],
// [protocol.RateLimited], [protocol.InvalidPeer] if the answer is not what the
// protocol has there, and others of the server.
func OpenLink(ctx context.Context, config SiteConfig) (*PendingLink, error) {
	const op = "open link"
	config, err := config.withDefaults()
	if err != nil {
		return nil, wrap(op, protocol.InvalidMessage, err)
	}
	r := newREST(config.Server, config.TLS)
	var challenge protocol.Challenge
	if err := r.call(ctx, op, http.MethodGet, protocol.PathChallenge, nil, &challenge); err != nil {
		r.close()
		return nil, err
	}
	pending, err := newPendingLink(config, r, challenge)
	if err != nil {
		r.close()
		return nil, wrap(op, protocol.Internal, err)
	}
	return pending, nil
}

func newPendingLink(config SiteConfig, r *rest, challenge protocol.Challenge) (*PendingLink, error) {
	link, err := protocol.ParseLink(challenge.Link)
	if err != nil || link.Sealed() || link.RequestID != challenge.RequestID || link.Server != config.Server || r.bearer() == "" {
		return nil, protocol.Errorf(protocol.InvalidPeer, "the server at %s answers with a link to elsewhere", config.Server)
	}
	key, err := sealed.GenerateSiteKey()
	if err != nil {
		return nil, err
	}
	link.Invitation = protocol.Invitation{Key: key.Public(), Seed: protocol.Seed(key.Seed())}
	if config.alwaysAsk {
		link.Invitation.Flags |= protocol.FlagShortCode
	}
	if config.Legacy != LegacyDeny {
		link.Invitation.Flags |= protocol.FlagUnsealed
	}
	envelope, err := newEnvelope(sealed.NewSite(sealedLink(link), key))
	if err != nil {
		return nil, err
	}
	s := &site{config: config, signIn: challenge.SignIn, who: config.Site}
	if s.who == (protocol.Site{}) {
		s.who = challenge.Site
	}
	p, err := s.begin(r, link.RequestID, envelope, challenge.ICEServers, nil)
	if err != nil {
		return nil, err
	}
	return &PendingLink{pairing: p, challenge: challenge, link: link}, nil
}

func sealedLink(l protocol.Link) sealed.Link {
	return sealed.Link{
		Host: l.Server.Host(), RequestID: string(l.RequestID), Flags: byte(l.Invitation.Flags),
		Key: l.Invitation.Key, Seed: sealed.Seed(l.Invitation.Seed),
	}
}

// ResumeLink waits for the wallet of an earlier pairing, under a name that the
// two ends know: nobody scans anything, and the server needs no memory of it.
// [PendingLink.Accept] waits for as long as its context allows. Errors: those of
// [OpenLink], and [protocol.ResumptionUnknown] if it cannot be used any more.
func ResumeLink(ctx context.Context, resumption Resumption, config SiteConfig) (*PendingLink, error) {
	const op = "open resumption"
	config.Server = resumption.Server
	if config.Locality == "" {
		config.Locality = resumption.Locality
	}
	config, err := config.withDefaults()
	if err != nil {
		return nil, wrap(op, protocol.InvalidMessage, err)
	}
	if err := resumption.usable(protocol.SiteSide, time.Now()); err != nil {
		return nil, err
	}
	config.alwaysAsk = false // the person has typed it once
	r := newREST(config.Server, config.TLS)
	id := protocol.RequestID(resumption.id)
	var answer protocol.Resumed
	if err := r.call(ctx, op, http.MethodPost, protocol.PathResumptions, protocol.Resumption{RequestID: id}, &answer); err != nil {
		r.close()
		return nil, err
	}
	envelope, err := newEnvelope(sealed.ResumeSite(resumption.keys()))
	if err == nil {
		s := &site{config: config, who: resumption.Site}
		var p *pairing
		if p, err = s.begin(r, id, envelope, answer.ICEServers, &resumption); err == nil {
			return &PendingLink{pairing: p}, nil
		}
	}
	r.close()
	return nil, wrap(op, protocol.Internal, err)
}

// site is the role of the site.
type site struct {
	// Fixed before the pairing starts.
	config  SiteConfig
	pairing *pairing
	who     protocol.Site
	signIn  protocol.SignInRequest

	// Fixed before linked is closed.
	proved Resumption // what will be kept

	// Owned by the goroutine of signaling.
	greeted  bool                    // message 1 has come
	answered bool                    // so has the answer
	told     *protocol.ServerMessage // what the server says of the claim
}

// begin makes the pairing and lets it work.
func (s *site) begin(r *rest, id protocol.RequestID, e *envelope, servers []protocol.ICEServer, resumes *Resumption) (*pairing, error) {
	identity, err := newIdentity()
	if err != nil {
		return nil, err
	}
	p, err := newPairing(setup{
		side: protocol.SiteSide, rest: r, id: id, identity: identity, envelope: e, ice: s.config.ICE, servers: servers,
		observe: s.config.Observe, keeper: s.config.Keeper, locality: s.config.Locality, resumes: resumes,
	}, newOutbox(e))
	if err != nil {
		return nil, err
	}
	p.asksCode = s.config.alwaysAsk
	p.role, s.pairing = s, p
	p.out.hold() // message 2 goes its own way
	p.start()
	return p, nil
}

// take is part of role.
func (s *site) take(m protocol.PeerMessage) error {
	switch {
	case s.pairing.unsealed.Load():
		return s.hear(m)
	case !s.greeted:
		if m.T != protocol.PeerHello {
			return protocol.Errorf(protocol.InvalidPeer, "the wallet does not say hello")
		}
		s.greeted = true
		return s.greet(m)
	case m.T == protocol.PeerAnswer && !s.answered:
		s.answered = true
		return s.meet(m)
	case !s.answered:
		return protocol.Errorf(protocol.InvalidPeer, "the wallet's answer is missing")
	}
	return s.pairing.peer.take(protocol.SiteSide, m)
}

// greet answers the wallet's hello: who asks for what, and an offer (arrow 13).
func (s *site) greet(hello protocol.PeerMessage) error {
	p := s.pairing
	close(p.joined)
	if p.resumes == nil {
		p.emit(Event{Kind: EventJoined})
	}
	p.peer.expect(*hello.FP)
	sdp, err := p.peer.offer()
	if err != nil {
		return &Error{Code: protocol.ICEFailed, Op: "make offer", Err: err}
	}
	welcome := protocol.PeerMessage{
		T: protocol.PeerWelcome, V: protocol.PeerVersion, FP: &p.identity.fingerprint, SDP: sdp, Site: &s.who,
		Confirm: protocol.ConfirmNone, Locality: s.config.Locality, Resume: int(s.config.Resume / time.Second),
	}
	if s.config.alwaysAsk {
		welcome.Confirm = protocol.ConfirmShortCode
	}
	offer := protocol.Offer{}
	if p.resumes == nil {
		welcome.SignIn = &s.signIn
	}
	p.welcomed(welcome)
	frame, err := p.out.add(welcome)
	if err != nil {
		return err
	}
	offer.N, offer.D = frame.N, frame.D
	if p.resumes == nil {
		offer.Channel = protocol.ChannelID(p.envelope.keys().ChannelID())
	}
	p.goroutine.Go(func() { s.post(offer) })
	if p.resumes != nil {
		p.goroutine.Go(s.expectAnswer)
	}
	return nil
}

// expectAnswer gives up on a wallet that came to resume and says no more.
func (s *site) expectAnswer() {
	p := s.pairing
	timer := time.NewTimer(connectTimeout)
	defer timer.Stop()
	select {
	case <-timer.C:
		p.finish(peerLost())
	case <-p.linked:
	case <-p.over:
	case <-p.ctx.Done():
	}
}

// post hands over message 2, with the channel that the wallet's text will have to
// name, until the server has it.
func (s *site) post(offer protocol.Offer) {
	p := s.pairing
	var wait backoff
	for {
		err := p.rest.call(p.ctx, "post offer", http.MethodPost, linkPath(p.signaling.id, "offer"), offer, nil)
		if err == nil {
			p.out.release()
			return
		}
		if isClosed(p.linked) { // the wallet has answered it
			return
		}
		if !protocol.CodeOf(err).Info().Retry || !wait.wait(p.ctx, p.over) {
			p.ended(wrap("post offer", protocol.Internal, err))
			return
		}
	}
}

// claimed is part of role: the server says that a wallet claimed the link.
func (s *site) claimed(m protocol.ServerMessage) error {
	switch {
	case s.pairing.resumes != nil:
		return &Error{Code: protocol.ServerMismatch, Op: "check claim", Detail: "a resumption is not claimed"}
	case m.Dialect != "":
		return s.vouched(m)
	case s.pairing.envelope.keys() == nil:
		return &Error{Code: protocol.UnsealedRefused, Op: "check claim", Detail: "the server says that a wallet answered, and none has"}
	case m.Proof == nil, m.Account.Address() == "":
		return &Error{Code: protocol.ServerMismatch, Op: "check claim", Detail: "the server shows no proof"}
	}
	s.told = &m
	return nil
}

// meet checks who the wallet is and lets the two connect.
func (s *site) meet(answer protocol.PeerMessage) error {
	p := s.pairing
	account, assurance, err := s.identify(answer)
	if err != nil {
		return err
	}
	s.proved = Resumption{Site: s.who, Verified: answer.Verified, Account: account, Assurance: assurance}
	p.link(account, assurance)
	p.out.release() // who answers has message 2, whatever became of the call that brought it
	if err := p.peer.gather(); err != nil {
		return err
	}
	if err := p.peer.release(); err != nil {
		return err
	}
	return p.peer.answered(answer.SDP)
}

// identify returns who the wallet is: by its proof, or in a resumption who it was.
func (s *site) identify(answer protocol.PeerMessage) (protocol.Account, protocol.Assurance, error) {
	p := s.pairing
	if p.resumes != nil {
		return p.resumes.Account, p.resumes.Assurance, nil
	}
	channel := protocol.ChannelID(p.envelope.keys().ChannelID())
	if err := checkProof(p.ctx, s.config.Verifier, s.signIn, channel, answer.Proof); err != nil {
		return "", "", err
	}
	account := answer.Proof.Account()
	if s.told == nil || s.told.Account != account || !s.told.Proof.Equal(*answer.Proof) {
		return "", "", &Error{Code: protocol.ServerMismatch, Op: "check claim", Detail: "the server names another account or proof than the wallet"}
	}
	if answer.Verified {
		return account, protocol.SealedOrigin, nil
	}
	return account, protocol.Sealed, nil
}

// insist is part of role: the code will be asked for.
func (s *site) insist(context.Context, LocalityReport) error { return nil }

// checkCode is part of role.
func (s *site) checkCode(ctx context.Context) error {
	want := digits(s.pairing.envelope.keys().ShortCode())
	for tries := protocol.CodeTries; tries > 0; tries-- {
		typed, err := s.config.AskCode(ctx, tries)
		if err != nil {
			return wrap("ask for the short code", protocol.Canceled, err)
		}
		if digits(typed) == want {
			return nil
		}
	}
	return &Error{Code: protocol.CodeMismatch, Op: "check short code"}
}

// digits leaves the digits of what a person typed.
func digits(text string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, text)
}

// passed is part of role: the site keeps what it needs to meet this wallet again.
// Not before: nobody is asked for the short code again who resumes, so who has not
// typed it must have nothing to resume with.
func (s *site) passed(context.Context) error {
	p := s.pairing
	<-p.linked // or there would be no connection
	if err := p.keep(s.proved); err != nil {
		return err
	}
	p.forgetOld() // the wallet has the new one, or it would not have answered
	return nil
}

// confirmed is part of role.
func (s *site) confirmed() {}

// Link returns what the QR code shows; the zero value for a resumption.
func (l *PendingLink) Link() protocol.Link { return l.link }

// Challenge returns what the server answered: who asks for what, and until when;
// the zero value for a resumption.
func (l *PendingLink) Challenge() protocol.Challenge { return l.challenge }

// Accept waits until a wallet has answered and the channel to it is open. If ctx
// has no deadline, it waits for as long as the link lives, and then 30 seconds
// for the connection; a resumption lives until it is closed. After
// [protocol.TimedOut] and [protocol.Canceled] it may be called again. Other
// errors: [protocol.LinkExpired], [protocol.UserRejected], [protocol.LinkClosed],
// [protocol.HandshakeFailed], [protocol.UnsealedRefused],
// [protocol.ServerMismatch], [protocol.CertificateMismatch],
// [protocol.CodeMismatch], [protocol.NotLocal], [protocol.InvalidPeer] if what
// the wallet signed does not hold, [protocol.ICEFailed],
// [protocol.SignalingUnreachable].
func (l *PendingLink) Accept(ctx context.Context) (*Channel, error) {
	if err := l.claimed(ctx); err != nil {
		return nil, err
	}
	channel, err := l.pairing.open(ctx)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.taken = true
	l.mu.Unlock()
	return channel, nil
}

// claimed waits for a wallet. The server says when the link expires; if it does
// not, the site's own clock does, a little later.
func (l *PendingLink) claimed(ctx context.Context) error {
	p := l.pairing
	var expired <-chan time.Time
	joined := p.joined
	if p.resumes == nil {
		left := min(time.Until(l.challenge.ExpiresAt), protocol.LinkTTL) // whatever the server says
		timer := time.NewTimer(left + openGrace)
		defer timer.Stop()
		expired = timer.C
	}
	for {
		select {
		case <-p.linked:
			return nil
		case <-p.over:
			return p.reason()
		case <-joined: // its person has time to read what is asked
			joined = nil
			if p.resumes == nil {
				timer := time.NewTimer(protocol.ConsentTTL + openGrace)
				defer timer.Stop()
				expired = timer.C
			}
		case <-expired:
			p.finish(&Error{Code: protocol.LinkExpired, Op: "wait for wallet"})
			return p.reason()
		case <-ctx.Done():
			return contextError(ctx, "wait for wallet")
		}
	}
}

// Close ends the link, unless Accept returned a channel, which then must be
// closed instead. It returns when every goroutine has ended.
func (l *PendingLink) Close() error {
	l.mu.Lock()
	taken := l.taken
	l.mu.Unlock()
	if !taken {
		l.pairing.close(&Error{Code: protocol.Canceled, Op: "wait for wallet"})
	}
	return nil
}
